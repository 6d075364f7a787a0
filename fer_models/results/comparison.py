"""What `train/evaluate.py --against` measures: two checkpoints on the same pictures."""

from dataclasses import dataclass
from typing import Literal

from fer_models.results.result import Number, Pictures, Result, Weights


@dataclass(frozen=True, kw_only=True)
class Comparison(Result, kind="comparison"):
    """only_first, only_second: pictures that just one of them got right. p_value: McNemar's exact test. difference: of
    the accuracies, first minus second."""

    first: Weights
    second: Weights
    data: Pictures
    order: Literal["shuffled", "sorted"]
    seed: int
    n_scored: int
    accuracy_first: float
    accuracy_second: float
    only_first: int
    only_second: int
    p_value: float
    difference: Number


__all__ = ["Comparison"]
