"""What makes an answer about a face worth less, measured in the picture: its size, turn, light and what covers it.

"Very small" and "dark" are said where they cost five points of accuracy (`train/conditions.py`, docs/robustness.md).
Covers are told by how even they are, which is set by hand and was right with 99 in 100; a turn by hand too, as FER+
has too few turned faces to say what it costs.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_models.faces import Face, crop_square

VERY_SMALL = "very small"
TURNED_AWAY = "turned away"
DARK = "dark"
PARTLY_HIDDEN = "partly hidden"

LEAST_SIDE = 30  # pixels in the photo of the square that is cut out, before it is enlarged
MOST_NOSE_OFF = 0.4  # of the eyes' distance, that the nose is off their middle
LEAST_WIDTH = 0.6  # the eyes' distance over that from the eyes to the mouth; about 0.95 seen from the front
LEAST_LIGHT = 81  # of 255: nine tenths of the face are darker
LEAST_STRUCTURE = 10  # greys between the light and the dark parts of an eye or the mouth
_STRUCTURED = 50  # the same of the whole face: in haze nothing is hidden
_SIDE = 96  # pixels of the face that is looked at


@dataclass(frozen=True)
class Measures:
    """What is measured of a face; `None` where its landmarks are not known.

    side: of its square in the photo, in pixels. light: the grey, 0 to 255, that nine tenths of the face are darker
    than. nose_off: how far the nose is off the middle of the eyes, in eyes' distances. width: the eyes' distance over
    that from the eyes to the mouth. structure: greys between the light and the dark parts of the flattest of the eyes
    and the mouth.
    """

    side: float
    light: float
    nose_off: float | None = None
    width: float | None = None
    structure: float | None = None


def measures_of(photo: Image.Image, face: Face | None, crop: Image.Image) -> Measures:
    """What there is to measure.

    Args:
        photo: in which the face is. face: `None` where the photo is the face itself.
        crop: the face as it was cut out, with a margin near 0.
    """
    grey = np.asarray(crop.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR), dtype=np.float32)
    middle = grey[_SIDE // 6 : -_SIDE // 6, _SIDE // 6 : -_SIDE // 6]
    light = float(np.percentile(middle, 90))
    if face is None:
        return Measures(min(photo.size), light)
    left_eye, right_eye, nose, *mouth = face.landmarks
    axis, between = right_eye - left_eye, (left_eye + right_eye) / 2
    distance = float(np.hypot(*axis)) or 1e-9
    to_mouth = float(np.hypot(*(np.mean(mouth, axis=0) - between))) or 1e-9
    return Measures(
        side=crop_square(face)[1],
        light=light,
        nose_off=abs(float((nose - between) @ axis)) / distance**2,
        width=distance / to_mouth,
        structure=_flattest(grey, _in_crop(face)) if _spread(middle) >= _STRUCTURED else None,
    )


def conditions_of(photo: Image.Image, face: Face | None, crop: Image.Image) -> tuple[str, ...]:
    """Words for what is against an answer; none where nothing is. Arguments as of `measures_of`."""
    seen = measures_of(photo, face, crop)
    found = []
    if seen.side < LEAST_SIDE:
        found.append(VERY_SMALL)
    if (seen.nose_off or 0.0) > MOST_NOSE_OFF or (seen.width is not None and seen.width < LEAST_WIDTH):
        found.append(TURNED_AWAY)
    if seen.light < LEAST_LIGHT:
        found.append(DARK)
    elif seen.structure is not None and seen.structure < LEAST_STRUCTURE:
        found.append(PARTLY_HIDDEN)
    return tuple(found)


def _in_crop(face: Face) -> np.ndarray:
    """`(5, 2)` the landmarks in pixels of the face that is looked at."""
    centre, side, roll = crop_square(face)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return ((face.landmarks - centre) @ turn / side + 0.5) * _SIDE


def _flattest(grey: np.ndarray, landmarks: np.ndarray) -> float:
    """An eye or the mouth that is as flat as nothing in a face is has something before it."""
    left_eye, right_eye, _, left_mouth, right_mouth = landmarks
    mouth = (left_mouth + right_mouth) / 2
    return min(_spread(_around(grey, place)) for place in (left_eye, right_eye, mouth))


def _around(grey: np.ndarray, place: np.ndarray, reach: int = 7) -> np.ndarray:
    x, y = np.clip(np.rint(place).astype(int), reach, _SIDE - reach)
    return grey[y - reach : y + reach, x - reach : x + reach]


def _spread(values: np.ndarray) -> float:
    dark, light = np.percentile(values, (5, 95))
    return float(light - dark)


__all__ = ["DARK", "PARTLY_HIDDEN", "TURNED_AWAY", "VERY_SMALL", "Measures", "conditions_of", "measures_of"]
