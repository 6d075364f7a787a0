"""What `benchmarks/benchmark.py` times: detection, answers and explanations; training; the start of the Space."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class SpaceStart:
    seconds: Annotated[float, Field(alias="start-up seconds")]
    peak_megabytes: Annotated[float, Field(alias="peak memory MB")]


@dataclass(frozen=True, kw_only=True)
class FaceTimes:
    """Milliseconds for one face. slowdown: finding and explaining, against finding and the plain forward pass."""

    forward: float
    answer: float
    explained: Annotated[float, Field(alias="answer and explain")]
    slowdown: Annotated[float, Field(alias="explained / plain")]


@dataclass(frozen=True, kw_only=True)
class TrainingSpeed:
    """Pictures per second."""

    step: Annotated[float, Field(alias="step alone")]
    loading: Annotated[float, Field(alias="loading and augmentation alone")]
    both: Annotated[float, Field(alias="step with loading")]


@dataclass(frozen=True, kw_only=True)
class Benchmark(Result, kind="benchmark"):
    """photo: milliseconds, for "detect" and by checkpoint. training: by stage of the recipe."""

    space: SpaceStart
    photo: Annotated[dict[str, float | FaceTimes], Field(alias="milliseconds per photo, one face")]
    training: Annotated[dict[str, TrainingSpeed], Field(alias="training, pictures per second")]
    hardware: dict[str, str | int]

    @property
    def detect(self) -> float:
        """Milliseconds in which a face is found."""
        found = self.photo["detect"]
        assert isinstance(found, float)
        return found

    @property
    def faces(self) -> dict[str, FaceTimes]:
        """By checkpoint."""
        return {name: times for name, times in self.photo.items() if isinstance(times, FaceTimes)}


__all__ = ["Benchmark", "FaceTimes", "SpaceStart", "TrainingSpeed"]
