"""A face in a photo, the order of several, and how one is cut out: framed and levelled as the models want it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_models.photo import MAX_PIXELS, FaceNotFoundError, PhotoError, read_photo

# The framing of FER2013's pictures, in which the models were trained; `crop_square` says how it was measured.
_SIDE_PER_SPREAD = 4.16
_CENTROID = np.array([0.507, 0.591])

_MAX_ROLL = np.radians(45)
_CROP_SIDES = (48, 512)


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a photo.

    box: left, top, right, bottom in photo pixels, inside the photo.
    landmarks: `(5, 2)` x and y in photo pixels, which may lie outside the photo: the two eyes, the nose, the two mouth
        corners; of each pair, the one on the left of the picture comes first.
    score: the detector's confidence that this is a face, 0 to 1.
    """

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float


def reading_order(faces: Iterable[Face]) -> list[Face]:
    """The faces as a page is read: row after row from the top, each row from left to right.

    A face belongs to a row if its middle is at most half a face's height (the smaller one's) above or below the mean of
    those that are in the row, so that people of different size who stand side by side are one row.
    """
    rows: list[list[Face]] = []
    for face in sorted(faces, key=_middle):
        if rows and _middle(face) - np.mean([_middle(one) for one in rows[-1]]) <= 0.5 * min(
            _height(face), np.mean([_height(one) for one in rows[-1]])
        ):
            rows[-1].append(face)
        else:
            rows.append([face])
    return [face for row in rows for face in sorted(row, key=lambda face: face.box[0])]


def _middle(face: Face) -> float:
    return (face.box[1] + face.box[3]) / 2


def _height(face: Face) -> float:
    return face.box[3] - face.box[1]


def crop_square(face: Face, margin: float = 0.0, align: bool = True) -> tuple[np.ndarray, float, float]:
    """Where `crop_face` cuts: the square's centre `(2,)` and side in photo pixels, and its roll in radians, clockwise.

    Both follow from the centroid of the five landmarks and their root mean square distance to it, their spread, which
    changes less than the eye distance when a head turns. With `margin` 0 and `align` off, a FER2013 picture's square
    is the picture itself: over 1,000 of them, in picture sides, the median spread is 0.2405 and the median centroid
    (0.507, 0.591). How loosely FER2013 is framed shows in the quartiles of the square: they are 0.19 apart in side,
    0.04 in x and 0.06 in y. Its faces are not level either: the quartiles of their roll are 8 degrees apart. Measured
    by `python train/measure_margin.py --data FILE`.
    """
    left_eye, right_eye = face.landmarks[:2]
    roll = np.arctan2(right_eye[1] - left_eye[1], right_eye[0] - left_eye[0]) if align else 0.0
    roll = float(np.clip(roll, -_MAX_ROLL, _MAX_ROLL))
    centroid = face.landmarks.mean(axis=0)
    spread = np.sqrt(((face.landmarks - centroid) ** 2).sum(axis=1).mean())
    side = float(spread) * _SIDE_PER_SPREAD
    return centroid + side * _turned(0.5 - _CENTROID, roll), side * (1 + margin), roll


def crop_face(photo: Image.Image, face: Face, margin: float = 0.0, align: bool = True) -> Image.Image:
    """A square RGB crop of a face, framed like the pictures the models were trained on (see `crop_square`).

    Args:
        photo: the RGB photo the face was found in.
        margin: how much wider the crop is than a FER2013 picture: 0 is the same framing, 0.1 is 10 % wider.
        align: rotate so that the eyes are level, by 45 degrees at most (beyond that the landmarks are guesses).

    Returns:
        A picture with as many pixels as the face has in the photo, 48 to 512 a side. What lies outside the photo
        repeats its edge.
    """
    centre, side, roll = crop_square(face, margin, align)
    x_axis, y_axis = _turned(np.array([1.0, 0.0]), roll), _turned(np.array([0.0, 1.0]), roll)
    reach = side / 2 * (abs(x_axis) + abs(y_axis)) + 3  # of the turned square, and of the bicubic filter
    left, top = np.floor(centre - reach).astype(int)
    right, bottom = np.ceil(centre + reach).astype(int)
    region = _cut(photo, left, top, right, bottom)

    pixels = int(np.clip(round(side), *_CROP_SIDES))
    if pixels < side:  # a plain affine transform would skip pixels: shrink with a filter first
        shrunk = [max(1, round(length * pixels / side)) for length in region.size]
        region = region.resize(shrunk, Image.Resampling.BICUBIC, reducing_gap=2.0)
    per_photo = np.array([region.width / (right - left), region.height / (bottom - top)])
    x_step = x_axis * side / pixels * per_photo
    y_step = y_axis * side / pixels * per_photo
    start = (centre - [left, top]) * per_photo - (x_step + y_step) * pixels / 2
    affine = (x_step[0], y_step[0], start[0], x_step[1], y_step[1], start[1])
    return region.transform((pixels, pixels), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)


def _turned(vector: np.ndarray, roll: float) -> np.ndarray:
    """`vector`, given in the crop's axes, in the photo's."""
    x, y = vector
    return np.array([x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)])


def _cut(photo: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """The rectangle of the photo, its edge repeated where the rectangle lies outside."""
    columns = np.clip(np.arange(left, right), 0, photo.width - 1)
    rows = np.clip(np.arange(top, bottom), 0, photo.height - 1)
    inside = photo.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return Image.fromarray(np.asarray(inside)[np.ix_(rows - rows[0], columns - columns[0])])


__all__ = [
    "MAX_PIXELS",
    "Face",
    "FaceNotFoundError",
    "PhotoError",
    "crop_face",
    "crop_square",
    "read_photo",
    "reading_order",
]
