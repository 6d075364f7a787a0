"""Passes, unclear or fails: a face's own map among maps that never saw this face."""

from dataclasses import dataclass, replace

import numpy as np

RULE = (
    "A map passes when it tells better than the mean map of other faces, and is first or second among twenty, its own "
    "and nineteen other faces', where the answer rests; a map that knows nothing of the face passes at most 10 times "
    "in 100. It fails when it is not above the median of all. A map that does not beat every random map never passes."
)
PASSES, UNCLEAR, FAILS = "passes", "unclear", "fails"


@dataclass(frozen=True)
class Verdict:
    """
    word: "passes", "unclear" or "fails".
    rank: place of the map among itself and the other faces' maps, 1 is the best.
    of: how many those are. beats_mean: whether it is better than the mean map.
    beats_random: whether it is better than every random map, as far as that was looked at.
    """

    word: str
    rank: int
    of: int
    beats_mean: bool
    beats_random: bool = True

    def among_random(self, beats_all: bool) -> "Verdict":
        """The same, once it is known whether the map is better than every random map."""
        word = UNCLEAR if self.word == PASSES and not beats_all else self.word
        return replace(self, word=word, beats_random=beats_all)


def verdict(own: float, mean: float, others: np.ndarray) -> Verdict:
    """The rule.

    If a face's map tells no more about the face than another face's does, the own map and the others' are exchangeable,
    so that each rank among them is as likely: being first or second of twenty happens in 10 of 100, and also having to
    beat the mean map can only make it rarer. Equal scores count against the map.

    Args:
        own: the map's score, insertion area less deletion area. mean: that of the mean map. others: `(N,)` those of
            other faces' maps.

    Raises:
        ValueError: no other maps, or a score that is not finite.
    """
    others = np.asarray(others, dtype=float)
    if not len(others) or not np.isfinite([own, mean, *others]).all():
        raise ValueError("a verdict needs finite scores and at least one other face's map")
    rank = 1 + int((others >= own).sum())
    beats_mean = bool(own > mean)
    if beats_mean and rank <= 2:
        word = PASSES
    elif own <= np.median([mean, *others]):
        word = FAILS
    else:
        word = UNCLEAR
    return Verdict(word, rank, 1 + len(others), beats_mean)


__all__ = ["FAILS", "PASSES", "RULE", "UNCLEAR", "Verdict", "verdict"]
