"""What `benchmarks/runtimes.py` measures: which runtime answers an exported checkpoint as the library does."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class Ran:
    """Beside the library, over all faces. logits, cam, attention: largest differences. same: the share of the faces
    with the same answer. milliseconds: a face of its own, median. fault: why it does not run, in the runtime's words;
    all else is `None` then."""

    logits: float | None = None
    cam: float | None = None
    attention: float | None = None
    same: float | None = None
    milliseconds: float | None = None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Runtimes(Result, kind="runtimes"):
    """ran: by runtime with its version, then by checkpoint. faces: how many, of the data set named there."""

    ran: dict[str, dict[str, Ran]]
    faces: int
    data: str
    hardware: dict[str, str | int]


__all__ = ["Ran", "Runtimes"]
