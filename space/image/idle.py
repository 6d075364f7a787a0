"""What is only measured while nobody waits: it gives way to the next visitor, in the middle of its work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Interrupted(Exception):
    """Somebody waits for an answer; ask again later."""


class Busy:
    """Counts those who wait for an answer; threads share it."""

    def __init__(self):
        self._waiting = 0
        self._lock = threading.Lock()
        self._measuring = threading.Lock()

    @contextmanager
    def working(self) -> Iterator[None]:
        """An answer is made inside."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def when_idle(self, measure: Callable[[Callable[[], None]], T]) -> T:
        """What `measure` gives, one at a time. It is given what it has to call between the passes of a network: there
        it stops once somebody waits.

        Raises:
            Interrupted: somebody waits, or another measurement runs.
        """
        if self._waiting or not self._measuring.acquire(blocking=False):
            raise Interrupted

        def give_way() -> None:
            if self._waiting:
                raise Interrupted

        try:
            return measure(give_way)
        finally:
            self._measuring.release()


__all__ = ["Busy", "Interrupted"]
