"""What `benchmarks/long_videos.py` measures: whether memory grows with the length of a video."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True)
class Followed:
    """peak_megabytes: of the whole process. took: seconds. rows: of the table that was written."""

    peak_megabytes: float
    took: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class LongVideos(Result, kind="long-videos"):
    """followed: by the seconds that a video lasts; all show the same frames again and again. fps: answers a second."""

    followed: dict[int, Followed]
    fps: float
    size: tuple[int, int]
    model: str
    hardware: dict[str, str | int]


__all__ = ["Followed", "LongVideos"]
