"""The answers about a face over time -> what it most likely showed: a hidden Markov model over the expressions.

A face keeps its expression for a while and then takes one by chance, as often as expressions occur (`shares`). How long
it keeps one is set by a half-life h, so that over s seconds, whatever their number,

    P(s) = 2^(-s/h) I + (1 - 2^(-s/h)) 1 shares^T

is the matrix of the probabilities of the next expression, a row for each that it is now. A model's answer,
p(expression | picture), becomes what the picture says, p(picture | expression), when it is divided by the shares
(Bayes); a few pictures say nothing, whatever the model answers, and answers that follow closely on each other are
about nearly the same picture and count for less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

IDLE = 0.1  # share of the pictures that say nothing: one wrong answer must not forbid what all others say

# How often each expression occurs among the 35,710 pictures of FER+ that show one.
_FERPLUS_TOTALS = {
    "neutral": 13014,
    "happiness": 9367,
    "surprise": 4493,
    "sadness": 4414,
    "anger": 3123,
    "disgust": 253,
    "fear": 825,
    "contempt": 221,
}


def ferplus_shares(expressions: Sequence[str]) -> np.ndarray:
    """`(C,)` how often each of these expressions occurs in FER+, which the models here are trained on; they sum to 1. A
    word that is no expression of FER+ counts as the mean of the others."""
    mean = float(np.mean([_FERPLUS_TOTALS[name] for name in expressions if name in _FERPLUS_TOTALS] or [1.0]))
    totals = np.array([_FERPLUS_TOTALS.get(name, mean) for name in expressions], dtype=float)
    return totals / totals.sum()


@dataclass(frozen=True)
class ExpressionChain:
    """The model; all beliefs and answers are probabilities of the C expressions, in the order of `shares`.

    shares: `(C,)` how often each expression occurs where the answering model was trained; they sum to 1, and none is 0.
    half_life: seconds after which a face has as likely as not had a chance to change its expression.
    independent_after: seconds after which an answer is worth a whole one; those that follow sooner count for the part
        of it that has passed.
    """

    shares: np.ndarray
    half_life: float = 1.0
    independent_after: float = 0.2

    def step(self, belief: np.ndarray | None, answer: np.ndarray, seconds: float) -> np.ndarray:
        """The belief after one more answer, of all answers so far (forward filtering): what can be shown live.

        Args:
            belief: `(C,)` after the answer before; `None` for the first.
            answer: `(C,)`. seconds: since the answer before.
        """
        if belief is None:
            return _normalised(self._likelihood(answer, np.inf) * self.shares)
        return _normalised(self._likelihood(answer, seconds) * (belief @ self._transition(seconds)))

    def filtered(self, times: Sequence[float], answers: np.ndarray) -> np.ndarray:
        """`(T, C)`: the belief at each time from the answers `(T, C)` up to it; times are seconds that do not fall."""
        beliefs: list[np.ndarray] = []
        for answer, seconds in zip(answers, _steps(times), strict=True):
            beliefs.append(self.step(beliefs[-1] if beliefs else None, answer, seconds))
        return np.array(beliefs).reshape(-1, len(self.shares))

    def smoothed(self, times: Sequence[float], answers: np.ndarray) -> np.ndarray:
        """`(T, C)`: the belief at each time from all answers, the later ones too (forward-backward)."""
        beliefs = self.filtered(times, answers)
        later = np.ones(len(self.shares))
        for t in range(len(beliefs) - 2, -1, -1):
            seconds = times[t + 1] - times[t]
            later = self._transition(seconds) @ (self._likelihood(answers[t + 1], seconds) * later)
            later /= later.max()
            beliefs[t] = _normalised(beliefs[t] * later)
        return beliefs

    def path(self, times: Sequence[float], answers: np.ndarray) -> np.ndarray:
        """`(T,)` class ids: the one most likely course of expressions (Viterbi)."""
        if not len(answers):
            return np.zeros(0, dtype=int)
        steps = _steps(times)
        best = np.log(self._likelihood(answers[0], np.inf) * self.shares)  # log probability of the best course to each
        came_from = []
        for answer, seconds in zip(answers[1:], steps[1:], strict=True):
            courses = best[:, None] + np.log(self._transition(seconds))  # (from, to)
            came_from.append(courses.argmax(axis=0))
            best = courses.max(axis=0) + np.log(self._likelihood(answer, seconds))
        course = [int(best.argmax())]
        for origins in reversed(came_from):
            course.append(int(origins[course[-1]]))
        return np.array(course[::-1])

    def _transition(self, seconds: float) -> np.ndarray:
        kept = 0.5 ** (seconds / self.half_life) if self.half_life > 0 else 0.0
        return kept * np.eye(len(self.shares)) + (1 - kept) * self.shares

    def _likelihood(self, answer: np.ndarray, seconds: float) -> np.ndarray:
        worth = min(1.0, seconds / self.independent_after) if self.independent_after > 0 else 1.0
        return (IDLE + (1 - IDLE) * np.asarray(answer) / self.shares) ** worth


def _steps(times: Sequence[float]) -> list[float]:
    return [np.inf, *np.diff(times).tolist()][: len(times)]


def _normalised(values: np.ndarray) -> np.ndarray:
    return values / values.sum()


__all__ = ["ExpressionChain", "ferplus_shares"]
