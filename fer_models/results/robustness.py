"""What `train/robustness.py` measures: accuracy while the same pictures are spoilt more and more."""

from dataclasses import dataclass

from fer_models.results.result import Sampled


@dataclass(frozen=True)
class Point:
    """n: pictures that could be read. value: accuracy. interval: its 95 % bootstrap interval."""

    n: int
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Robustness(Sampled, kind="robustness"):
    """accuracy: by kind of corruption, a point per severity from 0, the picture as it is."""

    accuracy: dict[str, tuple[Point, ...]]


__all__ = ["Point", "Robustness"]
