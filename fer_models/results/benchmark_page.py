"""What `benchmarks/benchmark_page.py` times: how long a visitor of the Photo tab waits, in a real browser."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Medians in milliseconds since the address was asked for. loaded: the page's own load event. answer: the worked
    example's answer is seen. usable: the page can be used."""

    loaded: int
    answer: int
    usable: int


@dataclass(frozen=True, kw_only=True)
class BenchmarkPage(Result, kind="benchmark-page"):
    """Medians over the rounds, in milliseconds.

    opened: with an empty cache on this machine. opened_slowly: over a connection of slow_megabits per second.
    hidden: from the click until every model has answered with a part of the face hidden.
    answered: from a chosen photo to the answers and their map. answered_earlier: the same of the page of commit
    earlier, in turn with it.
    """

    models: int
    rounds: int
    opened: Opening
    opened_slowly: Opening
    slow_megabits: float
    hidden: int
    answered: int
    answered_earlier: int
    earlier: str
    hardware: dict[str, str | int]


__all__ = ["BenchmarkPage", "Opening"]
