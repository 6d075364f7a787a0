"""What `benchmarks/archives.py` measures: how many pictures a second, and how much memory, with and without Ray."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True)
class Run:
    """One command over an archive.

    runner: "here" or "ray". workers: on Ray, of a core each; 0 without. pictures: in the archive.
    seconds: from start to end. rate: pictures a second between the first row and the last.
    peak_megabytes: of all processes together. driver_megabytes: of the one that was started. driver_seconds: of a
    core's time that it took.
    """

    runner: str
    workers: int
    pictures: int
    seconds: float
    rate: float
    peak_megabytes: float
    driver_megabytes: float
    driver_seconds: float


@dataclass(frozen=True, kw_only=True)
class Archives(Result, kind="archives"):
    """runs: first today's command, then Ray with one worker and with two, then the larger archive. listed: files a
    second that the search finds. to_parquet: rows a second that become Parquet. size: of a picture, with one face.
    cores: that all had together."""

    runs: list[Run]
    listed: float
    to_parquet: float
    size: tuple[int, int]
    model: str
    cores: int
    hardware: dict[str, str | int]


__all__ = ["Archives", "Run"]
