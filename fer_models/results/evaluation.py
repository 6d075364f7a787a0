"""What `train/evaluate.py` measures: how often a checkpoint is right on a split, and how sure it is."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fer_models.results.result import ABSENT, Number, OfWeights


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """accuracy_shared_classes: with only those expressions as answers that the data set has; `None` where it has them
    all."""

    accuracy: Number
    mean_class_accuracy: Number
    macro_f1: Number
    ece: Number
    accuracy_shared_classes: Number | None = None

    def named(self, name: str) -> Number:
        """One of the first four, by its name in a hub config."""
        return getattr(self, name)


@dataclass(frozen=True)
class Recall:
    """n: pictures of the expression. value: the share that the model recognised."""

    n: int
    value: float | None


@dataclass(frozen=True, kw_only=True)
class CalibrationSource:
    """On what the softmax temperature and the threshold of a checkpoint were fitted, as its config says."""

    data: str
    split: str
    n: int | None = None
    stated_error: float | None = None
    commit: str | None = None
    date: str | None = None


@dataclass(frozen=True, kw_only=True)
class Curve:
    """For twenty thresholds the share of pictures at or above them and the accuracy of those."""

    threshold: tuple[float, ...]
    answered: tuple[float, ...]
    accuracy: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class NotSure:
    """threshold: the checkpoint's own; `None` where it always answers. answered: the share of pictures at or above it.
    accuracy: of those; `None` where there are none."""

    threshold: float | None
    answered: float
    accuracy: float | None
    curve: Curve

    @property
    def point(self) -> tuple[float, float] | None:
        """Share answered and accuracy of the answers; `None` for a model that is never unsure, or always."""
        if self.threshold is None or self.accuracy is None:
            return None
        return self.answered, self.accuracy


@dataclass(frozen=True, kw_only=True)
class Balanced:
    """The same pictures, where all expressions count as equally likely. threshold, answered, answered_accuracy: as in
    `NotSure`. recall: by expression."""

    accuracy: Number
    mean_class_accuracy: Number
    recall: dict[str, float | None]
    threshold: float | None
    answered: float
    answered_accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class BatchCheck:
    """moved_predictions: pictures whose prediction depends on the batch size. largest_change: of a logit, as a share of
    the largest. independent: no prediction moves, and no logit by more than rounding."""

    moved_predictions: int
    largest_change: float
    independent: bool


@dataclass(frozen=True)
class BatchSize:
    """images_per_second: decoding and resizing included."""

    accuracy: float
    images_per_second: float


@dataclass(frozen=True, kw_only=True)
class Evaluation(OfWeights, kind="evaluation"):
    """
    order: in which the pictures were scored; "sorted" is class after class.
    n_samples, n_scored: pictures of the split, and those that could be read and have an expression the model knows.
    left_out: how many have another, by expression. skipped_by_reader: pictures that the data set's reader drops, by
    reason. unreadable: names. accuracy_unreadable_wrong: where those count as wrong.
    recall: by expression. confusion: counts, a row per label, a column per prediction.
    calibration: what the temperature was fitted on; `None` for a model that was not calibrated.
    batch_check: `None` where only one batch size was scored. batch_sizes: by size.
    """

    order: Literal["shuffled", "sorted"]
    n_samples: int
    n_scored: int
    left_out: dict[str, int]
    skipped_by_reader: dict[str, int]
    unreadable: tuple[str, ...]
    accuracy_unreadable_wrong: float
    metrics: Metrics
    recall: dict[str, Recall]
    confusion: tuple[tuple[int, ...], ...]
    softmax_temperature: float
    calibration: CalibrationSource | None
    not_sure: NotSure
    batch_check: BatchCheck | None
    batch_sizes: dict[str, BatchSize]
    hardware: dict[str, str | int]
    balanced: Annotated[Balanced | None, ABSENT] = None

    @property
    def by_class(self) -> bool:
        """Whether the pictures came class after class, where a batch gives the answer away."""
        return self.order == "sorted"

    @property
    def flattered(self) -> bool:
        """Whether the temperature was fitted on these very pictures, which makes the calibration error look small."""
        fitted = self.calibration
        return fitted is not None and (fitted.data, fitted.split) == (self.data.name, self.data.split)

    @property
    def depends_on_batch(self) -> bool:
        """Whether an answer was seen to change with the other pictures of its batch."""
        return self.batch_check is not None and not self.batch_check.independent


__all__ = [
    "Balanced",
    "BatchCheck",
    "BatchSize",
    "CalibrationSource",
    "Curve",
    "Evaluation",
    "Metrics",
    "NotSure",
    "Recall",
]
