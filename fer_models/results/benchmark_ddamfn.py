"""What `benchmarks/benchmark_ddamfn.py` times: DDAMFN here against a straightforward implementation of it."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class BenchmarkDDAMFN(Result, kind="benchmark-ddamfn"):
    """Times of "ours" and of two others, and their ratios "OTHER / ours"; more than 1 where ours is faster."""

    size: int
    training_batch: int
    one_face: Annotated[dict[str, float], Field(alias="ms per face, batch 1")]
    many_faces: Annotated[dict[str, float], Field(alias="ms per face, batch 32")]
    training: Annotated[dict[str, float], Field(alias="training, ms per picture")]
    training_speed: Annotated[dict[str, float], Field(alias="training, pictures per second")]
    hardware: dict[str, str | int]


__all__ = ["BenchmarkDDAMFN"]
