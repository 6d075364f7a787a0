"""What `benchmarks/runtimes.py` measures: which runtime answers an exported checkpoint as the library does."""

from dataclasses import dataclass
from typing import Annotated

from fer_models.results.result import ABSENT, Result


@dataclass(frozen=True, kw_only=True)
class Ran:
    """Beside the library, over all faces. logits, cam, attention: largest differences. same: the share of the faces
    with the same answer. permuted: how far the logits move when the same picture lies in memory as height, width and
    channel; `None` where that is refused. milliseconds: a face of its own, median. fault: why the graph does not run,
    in the runtime's words; the rest is then of the graph without Grad-CAM, or `None` where that does not run either."""

    logits: float | None = None
    cam: float | None = None
    attention: float | None = None
    same: float | None = None
    permuted: Annotated[float | None, ABSENT] = None
    milliseconds: float | None = None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Runtimes(Result, kind="runtimes"):
    """ran: by runtime with its version, then by checkpoint. wants: by runtime, how its input must lie. faces: how many,
    of the data set named there."""

    ran: dict[str, dict[str, Ran]]
    wants: Annotated[dict[str, str] | None, ABSENT] = None
    faces: int
    data: str
    hardware: dict[str, str | int]


__all__ = ["Ran", "Runtimes"]
