"""What `train/agreement.py` measures: how often models that agree are right, and what their mean is worth."""

from dataclasses import dataclass

from fer_models.results.result import Number, Pictures, Result, Weights


@dataclass(frozen=True, kw_only=True)
class Agreeing:
    """Of the pictures whose commonest answer is that of so many models. share: of all pictures. right: how often that
    answer is."""

    pictures: int
    share: float
    right: Number


@dataclass(frozen=True, kw_only=True)
class MeanAnswer:
    """The mean of the models' calibrated probabilities, beside the best of them on the same pictures.

    only_mean, only_best: pictures that just one of the two got right. p_value: McNemar's exact test. difference: of the
    accuracies, the mean's less the best's.
    """

    accuracy: Number
    best: str
    best_accuracy: Number
    only_mean: int
    only_best: int
    p_value: float
    difference: Number


@dataclass(frozen=True, kw_only=True)
class Agreement(Result, kind="agreement"):
    """by_count: how many models agree -> what that says, the most first."""

    checkpoints: tuple[Weights, ...]
    data: Pictures
    seed: int
    n_scored: int
    by_count: dict[str, Agreeing]
    mean: MeanAnswer


__all__ = ["Agreeing", "Agreement", "MeanAnswer"]
