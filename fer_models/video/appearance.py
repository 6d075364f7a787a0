"""What a person looks like in a video, roughly: enough to tell a few people in one scene apart, and nobody from others.

It is a tiny picture of the head without its mean and its contrast, so that light counts little. It is kept while a face
is followed, and says nothing about who somebody is in another video.
"""

import numpy as np
from PIL import Image

from fer_models.faces import Face

SIDE = 16  # pixels of the tiny picture
AROUND = 0.15  # of the box that is added on each side: hair tells people apart better than faces do
FLAT = 1.0  # least contrast, in grey levels, of a picture that looks like something


def appearance(frame: Image.Image, face: Face) -> np.ndarray | None:
    """A unit vector, `(SIDE * SIDE * 3,)` float32, of a face in an RGB frame; `None` where there is no contrast."""
    left, top, right, bottom = face.box
    wide, high = AROUND * (right - left), AROUND * (bottom - top)
    head = frame.crop((round(left - wide), round(top - high), round(right + wide), round(bottom + high)))
    values = np.asarray(head.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32).ravel()
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    return values / length if length > FLAT * np.sqrt(values.size) else None


def likeness(one: np.ndarray | None, other: np.ndarray | None) -> float | None:
    """How alike two appearances are, -1 to 1; `None` where one is not known."""
    return None if one is None or other is None else float(one @ other)


__all__ = ["appearance", "likeness"]
