"""What `benchmarks/crossing.py` measures: whether people in made clips keep their numbers."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True)
class Kept:
    """Shares of the moments after what happens, of each person who can be seen then. own: under the number of before.
    of_another: under somebody else's of before. new: under a number that nobody had. unseen: not followed at all."""

    own: float
    of_another: float
    new: float
    unseen: float
    clips: int


@dataclass(frozen=True, kw_only=True)
class Crossing(Result, kind="crossing"):
    """happenings: by what happens in the clips. rate: frames a second."""

    happenings: dict[str, Kept]
    rate: float


__all__ = ["Crossing", "Kept"]
