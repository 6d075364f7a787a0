"""What `benchmarks/benchmark_smoothing.py` measures: answers over time, smoothed in several ways, on made sequences."""

from dataclasses import dataclass

from fer_models.results.result import OfWeights


@dataclass(frozen=True)
class Made:
    """How the sequences are made: how many, seconds of each, answers per second, and the share of frames that are
    blurred or dark."""

    sequences: int
    seconds: float
    rate: float
    spoilt: float


@dataclass(frozen=True)
class Way:
    """accuracy: of frames. segment_f1: of stretches of one expression; two are the same where they overlap by half or
    more. delay: mean seconds from a change until the new expression is shown first."""

    accuracy: float
    segment_f1: float
    delay: float


@dataclass(frozen=True, kw_only=True)
class Smoothing(OfWeights, kind="smoothing"):
    """ways: by how the expressions were drawn, each way of smoothing by its name."""

    made: Made
    ways: dict[str, dict[str, Way]]


__all__ = ["Made", "Smoothing", "Way"]
