"""Maps that never saw this face: the mean map of many faces, of those with the same answer, other faces' maps.

A map of a face that is bright in the middle beats random maps, as faces are centred; so does a map that knows nothing
of this face. These are made once from training pictures by `train/average_maps.py` and lie beside the weights.
"""

import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_models.files import write_bytes

FILE = "average_maps.npz"
OTHERS = 19  # with a face's own map twenty, so that being first or second of all is one chance in ten
MOST_CELLS = 14  # a side
LEVELS = 255  # shades that a stored map has; what compares a map with stored ones gives it as many


class BaselineError(ValueError):
    """A file of average maps that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class Baselines:
    """Maps of one kind, all `(h, w)` float32 in [0, 1], as `coarse` leaves them.

    mean: of all faces. by_expression: of the faces with that answer. others: `(OTHERS, h, w)`, single faces' maps of
    their own answers, which are `answers`. faces: how many the means are of.
    """

    mean: np.ndarray
    by_expression: dict[str, np.ndarray]
    others: np.ndarray
    answers: tuple[str, ...]
    faces: int


def shaded(values: np.ndarray) -> np.ndarray:
    """`(…, h, w)` maps of any range -> float32 in [0, 1] in `LEVELS` steps, each map between its own lowest and highest
    value. A map's order is all that a curve depends on; a map without differences stays zero."""
    values = np.asarray(values, dtype=np.float64)
    lowest = values.min(axis=(-2, -1), keepdims=True)
    span = values.max(axis=(-2, -1), keepdims=True) - lowest
    scaled = np.divide(values - lowest, span, out=np.zeros_like(values), where=span > 0)
    return (np.round(scaled * LEVELS) / LEVELS).astype(np.float32)


def coarse(values: np.ndarray) -> np.ndarray:
    """`(…, h, w)`: the means of blocks of a map of more than `MOST_CELLS` a side, while its side can be halved.
    Finer differences than that are not what a face differs by from others, and cost room."""
    values = np.asarray(values)
    *rest, height, width = values.shape
    while min(height, width) > MOST_CELLS and height % 2 == width % 2 == 0:
        height, width = height // 2, width // 2
        values = values.reshape(*rest, height, 2, width, 2).mean(axis=(-3, -1))
    return values


def make_baselines(maps: np.ndarray, expressions: list[str], seed: int = 0) -> Baselines:
    """From the maps of many faces.

    Args:
        maps: `(N, h, w)`, finite, of any range. expressions: `N` answers that the maps are about.
        seed: of the choice of the `OTHERS`.

    Raises:
        BaselineError: fewer than two faces more than `OTHERS`, or a map that is not finite.
    """
    maps = coarse(np.asarray(maps, dtype=np.float64))
    if maps.ndim != 3 or len(maps) < OTHERS + 2:
        raise BaselineError(f"average maps need those of at least {OTHERS + 2} faces, not {len(maps)}")
    if not np.isfinite(maps).all():
        raise BaselineError("a map is not finite; look at the weights of the model")
    chosen = np.random.default_rng(seed).permutation(len(maps))[:OTHERS]
    names = np.asarray(expressions)
    by_expression = {str(name): shaded(maps[names == name].mean(axis=0)) for name in dict.fromkeys(expressions)}
    answers = tuple(str(name) for name in names[chosen])
    return Baselines(shaded(maps.mean(axis=0)), by_expression, shaded(maps[chosen]), answers, len(maps))


def write_baselines(file: Path, kinds: dict[str, Baselines], origin: dict) -> None:
    """One file for all kinds of maps of a checkpoint.

    Args:
        kinds: by the key of the method, or the name of the attention map.
        origin: where they come from: `sha256` of the weights, data, split, seed.
    """
    arrays: dict[str, np.ndarray] = {}
    index: dict[str, dict] = {}
    for number, (kind, one) in enumerate(kinds.items()):
        stack = np.concatenate([one.mean[None], *(v[None] for v in one.by_expression.values()), one.others])
        arrays[f"maps_{number}"] = np.round(stack * LEVELS).astype(np.uint8)
        index[kind] = {"array": f"maps_{number}", "expressions": list(one.by_expression)}
        index[kind] |= {"answers": one.answers, "faces": one.faces}
    arrays["index"] = np.array(json.dumps({"kinds": index, "origin": origin}))
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    write_bytes(file, packed.getvalue())


def read_baselines(folder: Path, weights: str | None = None) -> dict[str, Baselines]:
    """The average maps beside a checkpoint's weights; none where there is no such file.

    Args:
        weights: SHA-256 of the weights; maps of other weights are not taken.

    Raises:
        BaselineError: the file is damaged, or of other weights.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    again = "python train/average_maps.py makes it again"
    try:
        with np.load(file, allow_pickle=False) as content:
            about = json.loads(str(content["index"]))
            stacks = {kind: content[one["array"]] for kind, one in about["kinds"].items()}
        kinds = {}
        for kind, one in about["kinds"].items():
            maps = stacks[kind].astype(np.float32) / LEVELS
            count = len(one["expressions"])
            if maps.ndim != 3 or len(maps) != 1 + count + OTHERS:
                raise ValueError("other maps than its index says")
            by_expression = dict(zip(one["expressions"], maps[1 : 1 + count], strict=True))
            kinds[kind] = Baselines(maps[0], by_expression, maps[1 + count :], tuple(one["answers"]), int(one["faces"]))
        made_with = about["origin"].get("sha256")
    except Exception as error:  # zip, zlib, json and numpy raise their own
        raise BaselineError(f"{file} is damaged; {again}") from error
    if weights is not None and made_with != weights:
        raise BaselineError(f"{file} was made with other weights; {again}")
    return kinds


def known_baselines(folder: Path, weights: str) -> dict[str, Baselines]:
    """As `read_baselines`; none, with a warning, where the file is damaged or of other weights."""
    try:
        return read_baselines(folder, weights)
    except BaselineError as error:
        warnings.warn(f"{error}; until then its maps have no verdict", stacklevel=3)
        return {}


def centre(shape: tuple[int, int]) -> np.ndarray:
    """`(h, w)`: highest in the middle, falling off to the corners, as a Gaussian of a quarter of the side."""
    rows, columns = (np.linspace(-1, 1, side) if side > 1 else np.zeros(1) for side in shape)
    return np.exp(-2 * (rows[:, None] ** 2 + columns[None] ** 2)).astype(np.float32)


__all__ = [
    "FILE",
    "OTHERS",
    "BaselineError",
    "Baselines",
    "centre",
    "coarse",
    "known_baselines",
    "make_baselines",
    "read_baselines",
    "shaded",
    "write_baselines",
]
