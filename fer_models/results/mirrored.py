"""What `train/mirrored.py` measures: what the mirror image of each face adds to an answer."""

from dataclasses import dataclass

from fer_models.results.result import Number, Sampled


@dataclass(frozen=True, kw_only=True)
class Looked:
    """accuracy, mean_class_accuracy: 0 to 1. ece: expected calibration error, with the checkpoint's temperature."""

    accuracy: Number
    mean_class_accuracy: Number
    ece: float


@dataclass(frozen=True, kw_only=True)
class Mirrored(Sampled, kind="mirrored"):
    """plain: the face as it is. mirror: the mean logits of the face and its mirror image.

    only_mirror, only_plain: pictures that just one of the two got right. p_value: McNemar's exact test. difference: of
    the accuracies, the mirror's less the plain one's.
    """

    plain: Looked
    mirror: Looked
    only_mirror: int
    only_plain: int
    p_value: float
    difference: Number


__all__ = ["Looked", "Mirrored"]
