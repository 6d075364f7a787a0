"""A face's answers over a clip -> a table of its expressions: from when to when, when at their peak, how certain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_models.answering import Answering
from fer_models.video.smoothing import ExpressionChain, ferplus_shares

GAP = 1.0  # seconds without an answer that end a segment: the face was away


@dataclass(frozen=True)
class Segment:
    """
    onset, end: seconds; the end is the onset of what follows, or the last answer before the face left.
    peak: the second at which the expression was most probable.
    certainty: mean probability of the expression within the segment, 0 to 1, from all answers of the clip.
    """

    onset: float
    end: float
    expression: str
    peak: float
    certainty: float


def chain_of(checkpoint: Answering, half_life: float = 1.0) -> ExpressionChain:
    """The model of time for a checkpoint's answers, with the shares of its training votes where it knows them."""
    priors = checkpoint.class_priors
    shares = ferplus_shares(checkpoint.expressions) if priors is None else np.maximum(priors, 1e-4)
    return ExpressionChain(shares / shares.sum(), half_life)


def segments(
    times: Sequence[float], answers: np.ndarray, expressions: Sequence[str], chain: ExpressionChain
) -> list[Segment]:
    """The most likely course of a face's expressions as segments, in the order of time.

    Args:
        times: `(T,)` seconds that rise. answers: `(T, C)` probabilities of the C expressions, not smoothed.
    """
    if not len(times):
        return []
    course, beliefs = chain.path(times, answers), chain.smoothed(times, answers)
    pauses = np.diff(times) > GAP
    starts = [0, *(np.flatnonzero(pauses | (np.diff(course) != 0)) + 1)]
    found = []
    for first, after in zip(starts, [*starts[1:], len(times)], strict=True):
        goes_on = after < len(times) and not pauses[after - 1]
        sure = beliefs[first:after, course[first]]
        found.append(
            Segment(
                onset=float(times[first]),
                end=float(times[after] if goes_on else times[after - 1]),
                expression=expressions[course[first]],
                peak=float(times[first + int(sure.argmax())]),
                certainty=float(sure.mean()),
            )
        )
    return found


__all__ = ["GAP", "Segment", "chain_of", "segments"]
