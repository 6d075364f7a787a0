"""What `benchmarks/visitors.py` counts: visitors of the Space who come at once, and what they get."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True)
class Machine:
    processor: str
    cores: int


@dataclass(frozen=True)
class Round:
    """visitors: who came at once; answered, busy (told to come back) and errors of them. Seconds of those who were
    answered; `None` if none was. megabytes: the server's memory afterwards; uploaded_megabytes: what it then holds of
    photos. problems: what the errors were."""

    visitors: int
    answered: int
    busy: int
    errors: int
    median_seconds: float | None
    slowest_seconds: float | None
    megabytes: float
    uploaded_megabytes: float
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Load(Result, kind="load"):
    """wrong: what should not have happened, in sentences."""

    machine: Machine
    models: int
    start_megabytes: float
    peak_megabytes: float
    rounds: tuple[Round, ...]
    wrong: tuple[str, ...]


__all__ = ["Load", "Machine", "Round"]
