"""The weights of an exported network with random weights, for the check whether its maps are about what it learned.

Beside the graphs lies one file with the drawn values, under the names of the network's parameters, and what each graph
makes of them: a graph of gradients holds most weights twice, once turned.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_models.errors import CheckpointError

FILE = "random.npz"
ANSWERS, PIXELS = "answers", "pixels"  # the graphs: `model.onnx` or its parts, and the gradient for pixels


STEPS = {"flip": np.flip, "transpose": np.transpose, "reshape": np.reshape}


class Origin(NamedTuple):
    """Where a graph's constant comes from. of: the name of a parameter. turned: what was done to it, one after the
    other: `("flip", axes)`, `("transpose", axes)` or `("reshape", shape)`."""

    of: str
    turned: tuple[tuple[str, tuple[int, ...]], ...] = ()


def turned(values: np.ndarray, origin: Origin) -> np.ndarray:
    """What the graph has in the place of a parameter with these values."""
    for how, axes in origin.turned:
        values = STEPS[how](values, tuple(axes))
    return np.ascontiguousarray(values)


def write_random_weights(file: Path, values: dict[str, np.ndarray], graphs: dict[str, dict[str, Origin]]) -> None:
    """
    Args:
        values: by the name of the parameter.
        graphs: for each graph, its constants' origins by the constant's name.
    """
    names = list(values)
    arrays = {f"values_{number}": values[name] for number, name in enumerate(names)}
    index = json.dumps({"names": names, "graphs": graphs})
    np.savez(file, allow_pickle=False, index=np.array(index), **arrays)


def read_random_weights(file: Path, graph: str) -> dict[str, np.ndarray]:
    """A graph's constants, float32, by their names.

    Raises:
        CheckpointError: the file is damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as content:
            index = json.loads(str(content["index"]))
            values = {name: content[f"values_{number}"] for number, name in enumerate(index["names"])}
        origins = {name: Origin(*origin) for name, origin in index["graphs"][graph].items()}
        return {name: turned(values[origin.of], origin) for name, origin in origins.items()}
    except Exception as error:  # zip, zlib, json and numpy raise their own
        raise CheckpointError(f"{file} is damaged; export the checkpoint again") from error


__all__ = ["ANSWERS", "FILE", "PIXELS", "Origin", "read_random_weights", "turned", "write_random_weights"]
