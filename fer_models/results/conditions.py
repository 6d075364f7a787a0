"""What `train/conditions.py` measures: how accuracy falls as faces get smaller, darker, more turned or hidden, and how
much more often steady answers are right."""

from dataclasses import dataclass

from fer_models.results.result import Sampled


@dataclass(frozen=True)
class Amount:
    """amount: as `fer_models.conditions` measures it. n: pictures. value: their accuracy. clean: that of the same
    pictures as they are; `None` where nothing was done to them. told: the share of them of which the words are said."""

    amount: float
    n: int
    value: float
    clean: float | None
    told: float


@dataclass(frozen=True)
class Steady:
    """same: with how many degraded faces the answer stays. n: answers like that. value: how many are right; sure: how
    many are above the model's threshold, and sure_value: how many of those are right (`None` without any)."""

    same: int
    n: int
    value: float
    sure: int
    sure_value: float | None


@dataclass(frozen=True, kw_only=True)
class Conditions(Sampled, kind="conditions"):
    """accuracy: by what was measured, the mildest amount first. steady: by how many degraded faces, fewest first."""

    accuracy: dict[str, tuple[Amount, ...]]
    steady: tuple[Steady, ...]


__all__ = ["Amount", "Conditions", "Steady"]
