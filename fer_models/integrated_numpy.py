"""Integrated gradients as `integrated_gradients` has them, with numpy, from whatever gives a network's gradient."""

from collections.abc import Callable
from functools import cache

import numpy as np

STEPS = 3  # with the pass that answers, some seven plain passes
CELLS = 14  # a side of the map: single pixels are noise
BLUR_CELLS = 4  # a side: cells that keep the light on a face and lose its expression
ROUNDING = 1e-5  # of a pixel of about 1

Gradients = Callable[[np.ndarray, np.ndarray], np.ndarray]


@cache
def _means(side: int, cells: int) -> np.ndarray:
    """`(cells, S)`: the mean of each cell, as torch's adaptive pooling cuts a side into cells."""
    matrix = np.zeros((cells, side), dtype=np.float32)
    for cell in range(cells):
        first, last = cell * side // cells, -(-(cell + 1) * side // cells)
        matrix[cell, first:last] = 1 / (last - first)
    return matrix


@cache
def _enlarging(cells: int, side: int) -> np.ndarray:
    """`(S, cells)` float64: bilinear interpolation between the cells' centres along one axis. Fewer pixels than cells
    are taken from the cells beside them."""
    places = ((np.arange(side) + 0.5) * cells / side - 0.5).clip(0, cells - 1)
    return np.maximum(1 - np.abs(places[:, None] - np.arange(cells)), 0)


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map `(h, w)` -> `(H, W)` float64, bilinearly."""
    rows, columns = (_enlarging(cells, side) for cells, side in zip(values.shape, size, strict=True))
    return rows @ values @ columns.T


def blurred(pixel_values: np.ndarray) -> np.ndarray:
    """`(B, 3, S, S)`: the mean of each of `BLUR_CELLS` x `BLUR_CELLS` cells, enlarged again."""
    side = pixel_values.shape[-1]
    matrix = _enlarging(BLUR_CELLS, side).astype(np.float32) @ _means(side, BLUR_CELLS)  # (S, S)
    return matrix @ pixel_values @ matrix.T


def integrated_gradients(gradients: Gradients, pixel_values: np.ndarray, class_ids: np.ndarray) -> np.ndarray:
    """What each place adds to the log-probability of the class on the way from the blurred face to the face.

    Args:
        gradients: of the log-probabilities of classes `(N,)` for pictures `(N, 3, S, S)`, in their shape.
        pixel_values: `(B, 3, S, S)`. class_ids: `(B,)`.

    Returns:
        `(B, CELLS, CELLS)` float32; negative where detail speaks against the class.
    """
    start = blurred(pixel_values)
    way = pixel_values - start
    way[np.abs(way) <= ROUNDING] = 0  # or a face without any detail would have a map of rounding
    shares = ((np.arange(STEPS, dtype=np.float32) + 0.5) / STEPS)[:, None, None, None, None]
    pictures = (start + shares * way).reshape(-1, *way.shape[1:])  # those of all steps at once
    total = gradients(pictures, np.tile(class_ids, STEPS)).reshape(STEPS, *way.shape).sum(axis=0)
    pool = _means(pixel_values.shape[-1], CELLS)
    cells = np.pad(pool @ (total * way / STEPS).sum(axis=1) @ pool.T, ((0, 0), (1, 1), (1, 1)), mode="edge")
    for axis in (1, 2):  # each cell with its neighbours, weights 1, 2, 1 a side
        before, own, after = (np.take(cells, np.arange(CELLS) + shift, axis=axis) for shift in range(3))
        cells = (before + 2 * own + after) / 4
    return cells


__all__ = ["BLUR_CELLS", "CELLS", "ROUNDING", "STEPS", "blurred", "enlarged", "integrated_gradients"]
