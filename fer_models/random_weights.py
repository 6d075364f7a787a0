"""The weights of an exported network with random weights, for the check whether its maps are about what it learned.

Beside the graphs lies one file with the drawn values, under the names of the network's parameters, and what each graph
makes of them: a graph of gradients holds most weights twice, once turned.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_models.errors import CheckpointError

FILE = "random_weights.npz"
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


def write_random_weights(
    file: Path, sha256: str, values: dict[str, np.ndarray], graphs: dict[str, dict[str, Origin]]
) -> None:
    """
    Args:
        sha256: of the weights that were learned.
        values: float32, by the name of the parameter.
        graphs: for each graph, its constants' origins by the constant's name.
    """
    names = list(values)
    arrays = {f"values_{number}": values[name] for number, name in enumerate(names)}
    index = json.dumps({"sha256": sha256, "names": names, "graphs": graphs})
    np.savez(file, allow_pickle=False, index=np.array(index), **arrays)


def read_random_weights(file: Path, sha256: str, graphs: Sequence[str]) -> list[dict[str, np.ndarray]]:
    """The constants of each of the graphs, float32, by their names.

    Args:
        sha256: of the weights that were learned.

    Raises:
        CheckpointError: the file is damaged, or of other weights.
    """
    try:
        with np.load(file, allow_pickle=False) as content:
            index = json.loads(str(content["index"]))
            values = {name: content[f"values_{number}"] for number, name in enumerate(index["names"])}
        if any(one.dtype != np.float32 for one in values.values()):
            raise ValueError("not float32")
        origins = [{name: Origin(*one) for name, one in index["graphs"][graph].items()} for graph in graphs]
        read = [{name: turned(values[one.of], one) for name, one in some.items()} for some in origins]
        made_for = index["sha256"]
    except Exception as error:  # zip, zlib, json and numpy raise their own
        raise CheckpointError(f"{file} is damaged; export the checkpoint again") from error
    if made_for != sha256:
        raise CheckpointError(f"{file} is of other weights; export the checkpoint again")
    return read


__all__ = ["ANSWERS", "FILE", "PIXELS", "Origin", "read_random_weights", "turned", "write_random_weights"]
