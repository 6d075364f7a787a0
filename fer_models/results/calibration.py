"""What `train/calibrate.py` measures: the temperature and the threshold of "not sure", and what they are worth."""

from dataclasses import dataclass
from typing import Annotated

from fer_models.results.result import ABSENT, OfWeights


@dataclass(frozen=True)
class Answered:
    """answered: share of the pictures that get an answer. error: share of those that is wrong; `None` if none is."""

    answered: float
    error: float | None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """
    reject_threshold: `None` where no threshold keeps the errors at `stated_error`.
    fitted: on the pictures of the fit. cross_fitted: fitted on one random half and applied to the other, both ways.
    ece: expected calibration error. nll: negative log likelihood in nats.
    """

    softmax_temperature: float
    reject_threshold: float | None
    stated_error: float
    fitted: Answered
    cross_fitted: Answered
    ece_before: float
    ece_after_same_pictures: float
    ece_after_cross_fitted: float
    nll_before: float
    nll_after_same_pictures: float


@dataclass(frozen=True, kw_only=True)
class BalancedFit(Fit):
    """Of the setting in which all expressions are equally likely: everything is measured with pictures of which every
    expression weighs the same.

    class_priors: how common each expression is in the training votes; what is divided out.
    """

    class_priors: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Calibration(Fit, OfWeights, kind="calibration"):
    """warnings: what makes the fitted values doubtful, in sentences; `None` in files that are older than the question.
    balanced: of the other setting, where it was fitted too."""

    n_scored: int
    left_out: dict[str, int]
    unreadable: tuple[str, ...]
    warnings: Annotated[tuple[str, ...] | None, ABSENT] = None
    balanced: Annotated[BalancedFit | None, ABSENT] = None


__all__ = ["Answered", "BalancedFit", "Calibration", "Fit"]
