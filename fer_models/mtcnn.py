"""MTCNN's cascade (Zhang et al. 2016, arXiv 1604.02878) in numpy, over whole batches; its three networks are given.

The rules between the networks (pyramid, thresholds, rounding, overlaps) are those of facenet-pytorch 2.5.3, whose
weights the networks have, so boxes and landmarks are its own.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

PYRAMID_STEP = 0.709
_CELL, _STRIDE = 12, 2  # of the first network: the side that it sees, and how far apart its answers are
_SEEN, _SURE, _FOUND = 0.6, 0.7, 0.7  # scores that a box must reach after each network
_SAME_IN_SCALE, _SAME = 0.5, 0.7  # overlaps above which two boxes are one
_BLOCK = 128  # boxes that are compared with all others at a time
_BATCH = 512  # squares a pass: bounds the memory of a photo that is full of edges

Outputs = tuple[np.ndarray, ...]
Network = Callable[[np.ndarray], Outputs]


class Networks(NamedTuple):
    """Each takes float32 pixels `(N, 3, H, W)`, -1 to 1.

    first: any side from 12 -> shifts of the box's edges `(N, 4, h, w)`, and no-face and face scores `(N, 2, h, w)`.
    second: side 24 -> shifts `(N, 4)`, scores `(N, 2)`.
    third: side 48 -> shifts `(N, 4)`, landmarks `(N, 10)`, all x and then all y, scores `(N, 2)`.
    """

    first: Network
    second: Network
    third: Network


class Detections(NamedTuple):
    """The largest first. boxes: `(N, 4)` left, top, right, bottom. scores: `(N,)`. landmarks: `(N, 5, 2)`. All in
    pixels."""

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray


def find_faces(pixels: np.ndarray, networks: Networks, min_face_size: int) -> Detections:
    """The faces of a picture `(H, W, 3)` uint8 RGB whose sides are at least `min_face_size` pixels."""
    sums = _summed(pixels)
    boxes = _proposals(sums, networks, min_face_size)
    if len(boxes) == 0:
        return _NO_FACES
    shifts, scores = _asked(networks.second, sums, boxes, 24)
    passed = scores[:, 1] > _SURE
    boxes, shifts, scores = boxes[passed], shifts[passed], scores[passed, 1]
    kept = _each_once(boxes, scores, _SAME)
    boxes = _squares(_shifted(boxes[kept], shifts[kept], extent=1))
    if len(boxes) == 0:
        return _NO_FACES
    shifts, points, scores = _asked(networks.third, sums, boxes, 48)
    passed = scores[:, 1] > _FOUND
    boxes, shifts, points, scores = boxes[passed], shifts[passed], points[passed], scores[passed, 1]
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    landmarks = points.reshape(-1, 2, 5).transpose(0, 2, 1) * sides[:, None] + boxes[:, None, :2] - 1
    boxes = _shifted(boxes, shifts, extent=1)
    kept = _each_once(boxes, scores, _SAME, inside_counts=True)
    largest_first = kept[np.argsort(-_areas(boxes[kept], extent=0), kind="stable")]
    return Detections(boxes[largest_first], scores[largest_first], landmarks[largest_first])


_NO_FACES = Detections(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)))


def _proposals(sums: np.ndarray, networks: Networks, min_face_size: int) -> np.ndarray:
    """`(N, 4)` squares that may be faces, by the first network at every scale of a pyramid."""
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    scale = _CELL / min_face_size
    found = []
    while min(height, width) * scale >= _CELL:
        small = _shrunk(sums, int(height * scale + 1), int(width * scale + 1))
        shifts, scores = (output[0] for output in networks.first(small))
        rows, columns = np.nonzero(scores[1] >= _SEEN)
        corner = (_STRIDE * np.stack([columns, rows], axis=1)).astype(np.float32)
        boxes = np.floor(np.hstack([corner + 1, corner + _CELL]) / np.float32(scale))
        candidates = np.hstack([boxes, shifts[:, rows, columns].T, scores[1, rows, columns, None]])
        found.append(candidates[_each_once(boxes, candidates[:, 8], _SAME_IN_SCALE)])
        scale *= PYRAMID_STEP
    every = np.concatenate(found) if found else np.zeros((0, 9), dtype=np.float32)
    every = every[_each_once(every[:, :4], every[:, 8], _SAME)]
    return _squares(_shifted(every[:, :4], every[:, 4:8], extent=0))


def _asked(
    network: Callable[[np.ndarray], Outputs], sums: np.ndarray, boxes: np.ndarray, side: int
) -> list[np.ndarray]:
    """What a network says of the boxes."""
    parts = [network(_cut(sums, boxes[start : start + _BATCH], side)) for start in range(0, len(boxes), _BATCH)]
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def _summed(pixels: np.ndarray) -> np.ndarray:
    """`(H + 1, W + 1, 4)` the sum of all pixels above and to the left, so that the sum of any rectangle is that of four
    corners, exactly; the fourth channel is empty. Two channels are added at once, as one number of twice the bits: no
    sum of a picture below 16 megapixels reaches the upper one."""
    height, width, channels = pixels.shape
    sums = np.zeros((height + 1, width + 1, 4), dtype=np.uint32)
    sums[1:, 1:, :channels] = pixels
    pairs = sums.view(np.uint64)
    np.cumsum(pairs, axis=1, out=pairs)
    for row in range(1, height):  # whole rows at a time: three times as fast as `cumsum`
        pairs[row + 1] += pairs[row]
    return sums


def _bins(lengths: np.ndarray | int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each of `count` pixels begins and ends, `(..., count)`, when lengths are resized by the mean over an area;
    neighbours overlap by a pixel where `count` does not divide the length."""
    number, length = np.arange(count), np.asarray(lengths)[..., None]
    return number * length // count, -(-(number + 1) * length // count)


def _shrunk(sums: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The whole picture at another size, as a network takes it, `(1, 3, rows, columns)`."""
    top, bottom = _bins(sums.shape[0] - 1, rows)
    left, right = _bins(sums.shape[1] - 1, columns)
    strips = sums.take(bottom, axis=0) - sums.take(top, axis=0)
    totals = strips.take(right, axis=1) - strips.take(left, axis=1)
    return _network_input(totals[None], (bottom - top)[None], (right - left)[None])


def _cut(sums: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Each box, as a network takes it, `(N, 3, side, side)`."""
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    corners = np.trunc(boxes).astype(np.int64)
    x, y = np.clip(corners[:, 0] - 1, 0, width - 1), np.clip(corners[:, 1] - 1, 0, height - 1)
    top, bottom = _bins(np.clip(corners[:, 3], y + 1, height) - y, side)
    left, right = _bins(np.clip(corners[:, 2], x + 1, width) - x, side)
    places = sums.reshape(-1, 4)
    above, below = ((edge + y[:, None]) * (width + 1) for edge in (top, bottom))
    before, behind = (edge + x[:, None] for edge in (left, right))
    totals = places.take(below[:, :, None] + behind[:, None], axis=0)
    totals -= places.take(above[:, :, None] + behind[:, None], axis=0)
    totals -= places.take(below[:, :, None] + before[:, None], axis=0)
    totals += places.take(above[:, :, None] + before[:, None], axis=0)
    return _network_input(totals, bottom - top, right - left)


def _network_input(totals: np.ndarray, heights: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Sums of pixels `(N, h, w, 4)` over areas -> their means, `(N, 3, h, w)`, -1 to 1."""
    areas = (heights[:, :, None] * widths[:, None]).astype(np.float32)
    means = totals[..., :3].transpose(0, 3, 1, 2).astype(np.float32, order="C")
    means /= areas[:, None]
    means -= 127.5
    means *= 0.0078125
    return means


def _shifted(boxes: np.ndarray, shifts: np.ndarray, extent: int) -> np.ndarray:
    """Boxes with their edges moved by shares of their sides, which are `extent` longer than the edges are apart."""
    sides = boxes[:, 2:] - boxes[:, :2] + extent
    return boxes + shifts * np.tile(sides, 2)


def _squares(boxes: np.ndarray) -> np.ndarray:
    """The squares around the boxes' centres that are as large as their longer sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(axis=1, keepdims=True)
    start = boxes[:, :2] + sides * np.float32(0.5) - longer * np.float32(0.5)
    return np.hstack([start, start + longer])


def _areas(boxes: np.ndarray, extent: int) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0] + extent) * (boxes[:, 3] - boxes[:, 1] + extent)


def _each_once(boxes: np.ndarray, scores: np.ndarray, most: float, inside_counts: bool = False) -> np.ndarray:
    """Indices of the boxes that stay, the highest score first, where none may overlap a better one by more than `most`.

    Args:
        inside_counts: overlap is the share of the smaller box, not of both together, and edges belong to a box.
    """
    extent = int(inside_counts)
    order = np.argsort(-scores, kind="stable")
    if inside_counts:  # of equal scores, and many are 1, the package takes the last here and the first elsewhere
        order = np.argsort(scores, kind="stable")[::-1]
    boxes = boxes[order]
    areas = _areas(boxes, extent)
    left, waiting = [], np.arange(len(boxes))
    while len(waiting):
        block = waiting[:_BLOCK]
        start = np.maximum(boxes[block, None, :2], boxes[None, waiting, :2])
        end = np.minimum(boxes[block, None, 2:], boxes[None, waiting, 2:])
        shared = (end - start + extent).clip(0).prod(axis=2)
        mine, theirs = areas[block, None], areas[None, waiting]
        whole = np.minimum(mine, theirs) if inside_counts else mine + theirs - shared
        same = shared > most * whole
        free = np.ones(len(waiting), dtype=bool)
        for number in range(len(block)):
            if free[number]:
                left.append(block[number])
                free[number:] &= ~same[number, number:]
        free[: len(block)] = False
        waiting = waiting[free]
    return order[np.array(left, dtype=np.int64)]


__all__ = ["Detections", "Network", "Networks", "find_faces"]
