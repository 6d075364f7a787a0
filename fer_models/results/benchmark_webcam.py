"""What `benchmarks/benchmark_webcam.py` counts: frames that a real browser shows, and what they cost."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from fer_models.results.result import ABSENT, Result


@dataclass(frozen=True, kw_only=True)
class Run:
    """memory: MB of the server, mean of the first quarter of the time and of the last."""

    models: tuple[str, ...]
    seconds: float
    shown: Annotated[float, Field(alias="frames shown per second")]
    said: Annotated[float, Field(alias="frames per second as the page says")]
    frame_milliseconds: Annotated[dict[str, int], Field(alias="milliseconds per frame")]
    answer_milliseconds: Annotated[dict[str, int], Field(alias="milliseconds per answer")]
    answers: Annotated[dict[str, float], Field(alias="answers per second")]
    processor_milliseconds: Annotated[dict[str, int], Field(alias="processor milliseconds per shown frame")]
    memory: Annotated[tuple[float, float], Field(alias="server memory MB, first quarter and last")]
    written_megabytes: Annotated[float, Field(alias="written to disk MB")]


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """An earlier commit's page with the same checkpoints. shown: frames a second. answers: of each model a second, the
    mean over them. memory: MB of the server, mean of the last quarter of the time. All by how many models answer."""

    commit: str
    shown: Annotated[dict[str, float], Field(alias="frames shown per second")]
    answers: Annotated[dict[str, float], Field(alias="answers per second")]
    memory: Annotated[dict[str, float], Field(alias="server memory MB")]


@dataclass(frozen=True, kw_only=True)
class BenchmarkWebcam(Result, kind="benchmark-webcam"):
    """runs: by how many models answer. engine: the Space's."""

    rest: ClassVar[str | None] = "runs"

    camera: str
    runs: dict[str, Run]
    hardware: dict[str, str | int]
    engine: Annotated[str | None, ABSENT] = None
    earlier: Annotated[Earlier | None, ABSENT] = None


__all__ = ["BenchmarkWebcam", "Earlier", "Run"]
