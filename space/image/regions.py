"""Places of a face, from its five landmarks: where a map is brightest, in words, and the parts that can be hidden.

Everything is in shares of the crop that a model sees, (0, 0) at its top left and (1, 1) at its bottom right.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fer_models.analyzer import FaceMap
from fer_models.faces import Face, crop_square
from fer_models.integrated_numpy import BLUR_CELLS

PARTS = ("eyes", "nose", "mouth")
NEAR = 0.45  # of the distance between the eyes: what is closer to a landmark belongs to it
EVEN = 0.8  # a map whose lowest value is at least this share of its highest is much the same everywhere

Box = tuple[float, float, float, float]  # left, top, right, bottom


def to_crop(face: Face, margin: float, points: Sequence[Sequence[float]]) -> np.ndarray:
    """Points of the photo, in pixels `(N, 2)` -> shares of the face's crop `(N, 2)`."""
    centre, side, roll = crop_square(face, margin)
    x, y = (np.asarray(points, dtype=float) - centre).T / side
    return np.stack([x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll)], axis=1) + 0.5


def landmarks(face: Face, margin: float) -> np.ndarray:
    """Left eye, right eye, nose, left and right corner of the mouth, as the picture shows them: `(5, 2)`."""
    return to_crop(face, margin, face.landmarks)


def part_box(part: str, marks: np.ndarray) -> Box:
    """The upright rectangle around a part of the face."""
    left_eye, right_eye, nose, left_corner, right_corner = marks
    unit = float(np.hypot(*(right_eye - left_eye)))
    corners = {
        "eyes": ((left_eye, right_eye), 0.5, 0.38),
        "nose": (((left_eye + right_eye) / 2 + [0, 0.35 * unit], nose), 0.32, 0.2),
        "mouth": ((left_corner, right_corner), 0.32, 0.42),
    }[part]
    points, room = np.array(corners[0]), np.array(corners[1:]) * unit
    left, top = points.min(axis=0) - room
    right, bottom = points.max(axis=0) + room
    return float(left), float(top), float(right), float(bottom)


def hide(crop: Image.Image, corners: Sequence[Sequence[float]]) -> Image.Image:
    """The crop with what lies inside a polygon blurred as strongly as the check of a map blurs it: the light stays, the
    expression goes."""
    blurred = crop.resize((BLUR_CELLS, BLUR_CELLS), Image.Resampling.BOX).resize(crop.size, Image.Resampling.BICUBIC)
    mask = Image.new("L", crop.size)
    ImageDraw.Draw(mask).polygon([(x * crop.width, y * crop.height) for x, y in corners], fill=255)
    return Image.composite(blurred, crop, mask.filter(ImageFilter.GaussianBlur(crop.width / 60)))


def corners(box: Box) -> list[tuple[float, float]]:
    """The corners of a rectangle, around it."""
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def is_even(shown: FaceMap) -> bool:
    """Whether a map says much the same of every place."""
    return shown.flat or float(shown.values.min()) >= EVEN * float(shown.values.max())


def looked_at(shown: FaceMap, marks: np.ndarray) -> str:
    """Where a map is brightest, in words; sides are those of the picture."""
    if not shown.values.any():
        return "nothing: it found no evidence"
    if is_even(shown):
        return "much the same everywhere"
    rows, columns = shown.values.shape
    row, column = np.unravel_index(int(shown.values.argmax()), shown.values.shape)
    return place_words(((column + 0.5) / columns, (row + 0.5) / rows), marks)


def place_words(point: Sequence[float], marks: np.ndarray) -> str:
    """The part of a face at a point."""
    left_eye, right_eye, nose, left_corner, right_corner = marks
    unit = float(np.hypot(*(right_eye - left_eye)))
    x, y = point
    middle = float(marks[:, 0].mean())
    side = "left" if x < middle else "right"
    across = np.clip((x - left_corner[0]) / max(right_corner[0] - left_corner[0], 1e-6), 0, 1)
    lips = left_corner + across * (right_corner - left_corner)
    near = {
        "the eye on the left": left_eye,
        "the eye on the right": right_eye,
        "the nose": nose,
        "the mouth": lips,
    }
    distances = {name: float(np.hypot(x - spot[0], y - spot[1])) / unit for name, spot in near.items()}
    closest = min(distances, key=distances.get)
    if distances[closest] <= NEAR:
        return closest
    eyes, mouth = float(left_eye[1] + right_eye[1]) / 2, float(left_corner[1] + right_corner[1]) / 2
    if abs(x - middle) > 1.15 * unit:
        return f"beside the face, on the {side}"
    if y < eyes:
        return "the forehead" if y > eyes - 1.1 * unit else "above the face"
    if y > mouth:
        return "the chin" if y < mouth + 1.0 * unit else "below the face"
    return "between the eyes" if abs(x - middle) < 0.3 * unit else f"the cheek on the {side}"


__all__ = ["PARTS", "corners", "hide", "is_even", "landmarks", "looked_at", "part_box", "place_words", "to_crop"]
