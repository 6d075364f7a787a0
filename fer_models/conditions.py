"""What makes an answer about a face worth less, measured in the picture: its size, turn, light and what covers it.

The thresholds are plain ones, set by hand on the example photos; they say what is to be seen, not how much more often
an answer is wrong.
"""

import numpy as np
from PIL import Image

from fer_models.faces import Face, crop_square

VERY_SMALL = "very small"
TURNED_AWAY = "turned away"
DARK = "dark"
PARTLY_HIDDEN = "partly hidden"

_SMALL_SIDE = 40  # pixels in the photo of the square that is cut out, before it is enlarged
_NOSE_OFF = 0.4  # of the eyes' distance, that the nose is off their middle
_NARROW = 0.6  # the eyes' distance over that from the eyes to the mouth; about 0.95 seen from the front
_DARK_GREY = 60  # of 255: nine tenths of the face are darker
_SIDE = 96  # pixels of the face that is looked at
_FLAT, _STRUCTURED = 10, 50  # greys between the light and the dark parts of a covered part, and of the whole face


def conditions_of(photo: Image.Image, face: Face | None, crop: Image.Image) -> tuple[str, ...]:
    """Words for what is against an answer; none where nothing is.

    Args:
        photo: in which the face is. face: `None` where the photo is the face itself.
        crop: the face as it was cut out, with a margin near 0.
    """
    grey = np.asarray(crop.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR), dtype=np.float32)
    found = []
    if (min(photo.size) if face is None else crop_square(face)[1]) < _SMALL_SIDE:
        found.append(VERY_SMALL)
    if face is not None and _turned_away(face.landmarks):
        found.append(TURNED_AWAY)
    middle = grey[_SIDE // 6 : -_SIDE // 6, _SIDE // 6 : -_SIDE // 6]
    if np.percentile(middle, 90) < _DARK_GREY:
        found.append(DARK)
    elif face is not None and _partly_hidden(grey, middle, _in_crop(face)):
        found.append(PARTLY_HIDDEN)
    return tuple(found)


def _turned_away(landmarks: np.ndarray) -> bool:
    left_eye, right_eye, nose, *mouth = landmarks
    axis = right_eye - left_eye
    distance = float(np.hypot(*axis)) or 1e-9
    middle = (left_eye + right_eye) / 2
    off = abs(float((nose - middle) @ axis)) / distance**2
    to_mouth = float(np.hypot(*(np.mean(mouth, axis=0) - middle))) or 1e-9
    return off > _NOSE_OFF or distance / to_mouth < _NARROW


def _in_crop(face: Face) -> np.ndarray:
    """`(5, 2)` the landmarks in pixels of the face that is looked at."""
    centre, side, roll = crop_square(face)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return ((face.landmarks - centre) @ turn / side + 0.5) * _SIDE


def _partly_hidden(grey: np.ndarray, middle: np.ndarray, landmarks: np.ndarray) -> bool:
    """Whether an eye or the mouth is as flat as nothing in a face is, while the rest has light and shade."""
    if _spread(middle) < _STRUCTURED:
        return False
    left_eye, right_eye, _, left_mouth, right_mouth = landmarks
    mouth = (left_mouth + right_mouth) / 2
    return any(_spread(_around(grey, place)) < _FLAT for place in (left_eye, right_eye, mouth))


def _around(grey: np.ndarray, place: np.ndarray, reach: int = 7) -> np.ndarray:
    x, y = np.clip(np.rint(place).astype(int), reach, _SIDE - reach)
    return grey[y - reach : y + reach, x - reach : x + reach]


def _spread(values: np.ndarray) -> float:
    dark, light = np.percentile(values, (5, 95))
    return float(light - dark)


__all__ = ["DARK", "PARTLY_HIDDEN", "TURNED_AWAY", "VERY_SMALL", "conditions_of"]
