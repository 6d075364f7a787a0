"""A photo -> all its faces, whichever way up the photo is and however small they are in it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from fer_models.detector import SEARCH_SIDE, FaceDetector
from fer_models.faces import Face, reading_order

# A photo whose longest side is more than this many times `SEARCH_SIDE` is searched in tiles too, when no face or a
# small one was found in the whole: shrunk to that side, a crowd is too small to be seen.
_LARGE = 1.5
_SMALL_FACE = 60  # pixels, where the photo's longest side is `SEARCH_SIDE`
_TILE = SEARCH_SIDE
_OVERLAP = 256  # a face that is cut by one tile and smaller than this lies whole in the next
TILE_SECONDS = 20.0  # no tile is begun after that many; one takes about 0.4 s of a core, and 40 megapixels have 40
_SAME = 0.3  # overlap of two boxes on one face

_TURNS = {90: Image.Transpose.ROTATE_90, 270: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180}
_WORDS = {
    90: "given a quarter turn to the left",
    270: "given a quarter turn to the right",
    180: "upside down and was turned",
}
_SURER = 0.03  # how much surer the network must be of a turned face before the whole photo is searched that way


def search_photo(detector: FaceDetector, photo: Image.Image) -> tuple[Image.Image, list[Face], tuple[str, ...]]:
    """The photo, turned if its faces are, with its faces in reading order; and what a person should know about that.

    A large photo with small faces or none is searched in tiles at its own resolution. Where no face is found, or a
    face that looks more like one when it is turned, the photo is searched in the other orientations. All tiles
    together get `TILE_SECONDS`.
    """
    until = time.monotonic() + TILE_SECONDS
    given = best = _search(detector, photo, until)
    for turn in _suspected(detector, given):
        found = _search(detector, photo.transpose(_TURNS[turn]), until, tiles_if_empty=bool(given.faces))
        if _certainty(found.faces) > _certainty(best.faces):
            best = replace(found, turned=_WORDS[turn])
    return best.photo, reading_order(best.faces), best.notes


@dataclass(frozen=True)
class _Searched:
    """A photo in one orientation with the faces that were found; of how many tiles that it needs how many were
    searched; how it was turned, in words."""

    photo: Image.Image
    faces: list[Face]
    tiles: int = 0
    of: int = 0
    turned: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        notes = []
        if self.turned:
            notes.append(f"The photo was {self.turned}, so that its faces are upright; save it like that.")
        if self.tiles < self.of:
            notes.append(
                f"Only {self.tiles} of {self.of} parts of this large photo were searched for small faces, in "
                f"{TILE_SECONDS:.0f} seconds; cut out the part that matters."
            )
        return tuple(notes)


def _search(detector: FaceDetector, photo: Image.Image, until: float, tiles_if_empty: bool = True) -> _Searched:
    """The faces of a photo as it is."""
    faces = detector.detect(photo)
    if not _wants_tiles(photo, faces) or not (faces or tiles_if_empty):
        return _Searched(photo, faces)
    return _Searched(photo, *_in_tiles(detector, photo, faces, until))


def _suspected(detector: FaceDetector, given: _Searched) -> list[int]:
    """The turns that are worth a search: all where there is no face, else those in which a face is more of a face;
    where a search is dear, most of them."""
    if not given.faces:
        return list(_TURNS)
    scores = detector.turned_scores(given.photo, given.faces)
    enough = 0.5 if given.of else 0.0
    return [turn for turn in _TURNS if (scores[turn // 90] > scores[0] + _SURER).mean() > enough]


def _certainty(faces: Sequence[Face]) -> float:
    return sum(face.score for face in faces)


def _wants_tiles(photo: Image.Image, faces: Sequence[Face]) -> bool:
    longest = max(photo.size)
    if longest <= _LARGE * SEARCH_SIDE:
        return False
    return not faces or min(_side(face) for face in faces) * SEARCH_SIDE / longest < _SMALL_FACE


def _side(face: Face) -> float:
    left, top, right, bottom = face.box
    return max(right - left, bottom - top)


def _in_tiles(
    detector: FaceDetector, photo: Image.Image, faces: list[Face], until: float
) -> tuple[list[Face], int, int]:
    """The faces of the whole and of its tiles, each once; how many tiles were searched, of how many."""
    tiles = list(_tiles(photo.size))
    searched, found = 0, list(faces)
    for tile in tiles:
        if time.monotonic() > until:
            break
        searched += 1
        left, top, right, bottom = tile
        for face in detector.detect(photo.crop(tile)):
            x, y, far_x, far_y = face.box
            box = (x + left, y + top, far_x + left, far_y + top)
            cut = (
                (x <= 1 and left > 0)
                or (y <= 1 and top > 0)
                or (box[2] >= right - 1 and right < photo.width)
                or (box[3] >= bottom - 1 and bottom < photo.height)
            )
            if not cut:  # by a tile's edge: another tile has all of it
                found.append(replace(face, box=box, landmarks=face.landmarks + np.array([left, top])))
    return _each_once(found), searched, len(tiles)


def _tiles(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of `_TILE` pixels a side that cover the photo and overlap by `_OVERLAP` at least."""
    starts = []
    for length in size:
        count = 1 if length <= _TILE else 1 + int(np.ceil((length - _TILE) / (_TILE - _OVERLAP)))
        starts.append(np.linspace(0, max(length - _TILE, 0), count).round().astype(int).tolist())
    for top in starts[1]:
        for left in starts[0]:
            yield left, top, min(left + _TILE, size[0]), min(top + _TILE, size[1])


def _each_once(faces: Sequence[Face]) -> list[Face]:
    """Of faces that are at the same place, the one with the highest score."""
    kept: list[Face] = []
    boxes = np.array([face.box for face in faces]).reshape(-1, 4)
    free = np.ones(len(faces), dtype=bool)
    for index in np.argsort([-face.score for face in faces], kind="stable"):
        if free[index]:
            kept.append(faces[index])
            free &= _overlaps(boxes[index], boxes) <= _SAME
    return kept


def _overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of a box with each of `boxes` `(N, 4)`."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = sides.clip(0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return shared / ((box[2:] - box[:2]).prod() + areas - shared).clip(1e-9)


__all__ = ["TILE_SECONDS", "search_photo"]
