"""What `benchmarks/engines.py` times: the same work by each engine, and the command line from its start."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from fer_models.results.result import ABSENT, Result


@dataclass(frozen=True, kw_only=True)
class ProgramRun:
    """Of a program: seconds to its end, or until the page is there, and the most memory that it held."""

    seconds: float
    peak_megabytes: Annotated[float, Field(alias="peak memory MB")]


@dataclass(frozen=True, kw_only=True)
class BenchmarkEngines(Result, kind="benchmark-engines"):
    """milliseconds: by piece of work, and by engine (a commit's hash: that commit's torch). start: with one photo.
    installed_megabytes: by extra of the package, all that installing it brings. load: processes that wanted to run
    beside it, on average, when it began. multiply_adds: in a second, of one large float32 matrix product on as many
    threads. floor: by piece of work that is one network's answer, the milliseconds that its convolutions and matrix
    products would take at that rate. many: as start, for a folder of so many photos. space: the page with all models,
    which has explained a photo and checked its maps.
    """

    milliseconds: dict[str, dict[str, float]]
    start: dict[str, ProgramRun]
    rounds: int
    load: float
    hardware: dict[str, str | int]
    installed_megabytes: Annotated[dict[str, int] | None, ABSENT] = None
    multiply_adds: Annotated[float | None, ABSENT] = None
    floor: Annotated[dict[str, float] | None, ABSENT] = None
    photos: Annotated[int | None, ABSENT] = None
    many: Annotated[dict[str, ProgramRun] | None, ABSENT] = None
    space: Annotated[dict[str, ProgramRun] | None, ABSENT] = None


__all__ = ["BenchmarkEngines", "ProgramRun"]
