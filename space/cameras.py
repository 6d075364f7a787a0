"""Whose cameras are answered: so many visitors' at once that each still sees a moving picture."""

import threading
import time
from collections.abc import Callable

KEPT = 10  # seconds without a picture after which a place is free


class Cameras:
    """Places for visitors with a running camera; threads share it.

    Args:
        most: places.
        most_of_one: of them, for sessions of one visitor's address.
    """

    def __init__(self, most: int, most_of_one: int, clock: Callable[[], float] = time.monotonic):
        self.most, self.most_of_one, self.clock = most, most_of_one, clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        return len(self._running())

    def admit(self, visitor: str, session: str) -> bool:
        """Whether this session's next picture is answered; if so, its place is kept for a while."""
        mine = (visitor, session)
        with self._lock:
            running = self._running()
            of_one = sum(other == visitor for other, _ in running)
            if mine not in running and (len(running) >= self.most or of_one >= self.most_of_one):
                return False
            self._seen = running | {mine: self.clock()}
            return True

    def _running(self) -> dict[tuple[str, str], float]:
        latest = self.clock() - KEPT
        return {who: at for who, at in self._seen.items() if at > latest}


__all__ = ["Cameras"]
