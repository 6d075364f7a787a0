"""What goes on: who holds how many connections, and how often what happened; for limits, hosts and the log."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Full(Exception):
    """As many as may be at once are there."""


class Places:
    """A number of places, of which one client may have only so many."""

    def __init__(self, most: int, most_of_one: int):
        self.most, self.most_of_one = most, most_of_one
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken.total()

    @property
    def full(self) -> bool:
        """Whether a new client finds no place."""
        return len(self) >= self.most

    @contextmanager
    def taken(self, client: str) -> Iterator[None]:
        """One place, for as long as the block runs.

        Raises:
            Full: there is none, or the client has its share.
        """
        if self.full or self._taken[client] >= self.most_of_one:
            raise Full
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]


class Traffic:
    """counted: how often each thing happened since the start, by what and how it ended."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, str]] = Counter()

    def count(self, what: str, how: str) -> None:
        """Note that something happened."""
        self.counted[what, how] += 1


__all__ = ["Full", "Places", "Traffic"]
