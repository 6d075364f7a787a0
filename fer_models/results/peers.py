"""What `benchmarks/peers.py` times: a photo's face found and its expression named, by us and by what else one would
install."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class Peer:
    """name: with its version. ours: whether it is this package. faces: the expressions that it named. milliseconds: of
    the photo, median. ratio: to ours with onnxruntime, the median of the rounds' ratios; above 1 it is slower."""

    name: str
    ours: bool
    faces: tuple[str, ...]
    milliseconds: float
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Peers(Result, kind="peers"):
    """peers: in the order of their times. photo: which, with its size. left_out: what was not installed. load:
    processes that wanted to run beside it, on average, when it began. threads: of each process."""

    peers: tuple[Peer, ...]
    photo: str
    rounds: int
    left_out: tuple[str, ...]
    load: float
    threads: int
    hardware: dict[str, str | int]


__all__ = ["Peer", "Peers"]
