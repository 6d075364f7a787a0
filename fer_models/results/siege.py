"""What `benchmarks/siege.py` counts: hostile visitors of a running Space, and how it fares."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True)
class Sent:
    """Files of one kind that were sent. refused: with a sentence. failed: neither answered nor refused so."""

    tried: int
    answered: int
    refused: int
    failed: int


@dataclass(frozen=True)
class Turns:
    """A visitor with one photo beside a client with `jobs`. answer: seconds that one takes when nobody else is there.
    waited: seconds until the visitor's came."""

    jobs: int
    answer: float
    waited: float


@dataclass(frozen=True)
class Crowd:
    """visitors: who came at once; each was answered, told that the Space is busy, or lost."""

    visitors: int
    answered: int
    busy: int
    lost: int


@dataclass(frozen=True, kw_only=True)
class Siege(Result, kind="siege"):
    """
    files: by kind. cut_uploads: broken off in the middle. odd_requests: to closed addresses, and jobs with values that
    fit no component. exceptions: that reached the end of a handler or a route. paths_shown: sentences to visitors that
    hold a path of the server. files_left: of visitors, after the end of the process; by what ended it.
    hub_faults: loads from a stand-in Hub with a fault; how many ended in one sentence.
    megabytes: the server's memory before the files, and after all of them.
    quiet, beside: median seconds of an answer for an honest visitor when nobody else is there, and during it all.
    """

    seed: int
    cores: int
    files: dict[str, Sent]
    cut_uploads: int
    odd_requests: int
    exceptions: int
    paths_shown: int
    files_left: dict[str, int]
    hub_faults: int
    hub_sentences: int
    megabytes: tuple[float, float]
    quiet: float
    beside: float
    greedy: Turns
    crowd: Crowd


__all__ = ["Crowd", "Sent", "Siege", "Turns"]
