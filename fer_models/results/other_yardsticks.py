"""What `train/other_yardsticks.py` measures: our yardsticks of maps beside those of other packages."""

from dataclasses import dataclass

from fer_models.results.result import Sampled


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A number per face, measured twice. ours, theirs: the means. largest: of the faces' differences.

    correlation: of ours and theirs over the faces; `None` where either is the same for all.
    """

    ours: float
    theirs: float
    largest: float
    correlation: float | None


@dataclass(frozen=True, kw_only=True)
class OtherYardsticks(Sampled, kind="other_yardsticks"):
    """compared: by what was measured, and how the other package was told to. packages: their versions."""

    compared: dict[str, dict[str, Compared]]
    packages: dict[str, str]


__all__ = ["Compared", "OtherYardsticks"]
