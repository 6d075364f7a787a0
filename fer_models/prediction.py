"""A model's answer for one face, with its maps, whichever engine gave it."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from fer_models.photo import has_contrast

WITHOUT_CONTRAST = "without contrast"


def is_flat(values: np.ndarray) -> bool:
    """Whether a map says the same of every place: its values, of any shape, differ by at most a thousandth of the
    largest, which is less than a shade in the picture of a map."""
    return bool(np.ptp(values) <= 1e-3 * np.abs(values).max())


@dataclass(frozen=True)
class FaceMap:
    """One map of a face, for people.

    name: what a person calls the map.
    values: `(h, w)` float32, 0 or more.
    meaning: one true sentence.
    kind: a key of `visualize.KINDS`: "heat" (places of the face; may be interpolated), "shares" (each cell is the
        share of one part of the face; they sum to 1) or "ranks" (its axes are no places; not to be laid on the face).
    profiles: of a map whose channels are products of two profiles, their means: the vertical `(h,)` and the horizontal
        `(w,)`.
    """

    name: str
    values: np.ndarray
    meaning: str
    kind: str
    profiles: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def flat(self) -> bool:
        """Whether it says the same of every place."""
        return is_flat(self.values)


@dataclass(frozen=True)
class Prediction:
    """One model's answer for one face.

    probabilities: of every expression of the model, in its label order; they sum to 1.
    sure: whether the highest probability reaches the model's threshold; always true for a model that has none.
    explained: the expression that the class-dependent maps are about.
    crop: the square picture of the face that the model saw, before its size and colours were changed.
    balanced: whether all expressions counted as equally likely. mirror: whether the mirror image was looked at, too.
    conditions: what is against the answer: the face is very small, turned away, dark or partly hidden
        (`conditions.conditions_of`), or the picture is without contrast, so that no answer to it is sure.
    """

    model: str
    probabilities: dict[str, float]
    sure: bool
    crop: Image.Image
    explained: str | None = None
    maps: list[FaceMap] = field(default_factory=list)
    balanced: bool = False
    mirror: bool = False
    conditions: tuple[str, ...] = ()

    @property
    def expression(self) -> str:
        """The expression with the highest probability."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def probability(self) -> float:
        """The highest probability."""
        return max(self.probabilities.values())


def nothing_to_see(crop: Image.Image) -> tuple[str, ...]:
    """What is against any answer about a crop; nothing, where there is something to see in it."""
    return () if has_contrast(crop) else (WITHOUT_CONTRAST,)


__all__ = ["WITHOUT_CONTRAST", "FaceMap", "Prediction", "is_flat", "nothing_to_see"]
