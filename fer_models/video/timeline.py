"""A face's expressions over time: samples, and the last seconds of them."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """at: seconds. probabilities: by model, of each of its expressions, 0 to 1."""

    at: float
    probabilities: dict[str, dict[str, float]]


class RollingTimeline:
    """The samples of the last `window` seconds, and never more than `capacity`: what comes faster is left out."""

    def __init__(self, window: float = 30.0, capacity: int = 300):
        self.window = window
        self._spacing = window / capacity
        self._samples: deque[Sample] = deque(maxlen=capacity)

    def add(self, sample: Sample) -> None:
        """Take the next sample in the order of time, unless it follows the last one too closely."""
        if not self._samples or sample.at - self._samples[-1].at >= self._spacing:
            self._samples.append(sample)
        self.forget(sample.at)

    def forget(self, now: float) -> None:
        """Drop what is older than the window at that time."""
        while self._samples and self._samples[0].at < now - self.window:
            self._samples.popleft()

    @property
    def samples(self) -> list[Sample]:
        """The oldest first."""
        return list(self._samples)


__all__ = ["RollingTimeline", "Sample"]
