"""What is only measured while nobody waits: it gives way to the next visitor, in the middle of its work."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T")

SOON = 0.2  # seconds that one waits for what may be there already


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

    def when_idle(self, networks: "Iterable[nn.Module]", measure: Callable[[], T]) -> T:
        """What `measure` gives, one at a time; it runs the networks many times, and stops between two runs.

        Raises:
            Interrupted: somebody waits, or another measurement runs.
        """
        if self._waiting or not self._measuring.acquire(blocking=False):
            raise Interrupted
        me = threading.get_ident()

        def give_way(*_) -> None:
            if self._waiting and threading.get_ident() == me:  # others may use the network for their answers
                raise Interrupted

        watches = [network.register_forward_pre_hook(give_way) for network in networks]
        try:
            return measure()
        finally:
            for watch in watches:
                watch.remove()
            self._measuring.release()


class Loading:
    """What takes seconds to load is loaded once, in another thread, and nobody's answer waits for it."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(1, "loading")
        self._known: dict[str, Future] = {}
        self._lock = threading.Lock()

    def get(self, name: str, load: Callable[[], T]) -> T:
        """What `load` gives, or gave for that name.

        Raises:
            Interrupted: it is not there yet.
        """
        with self._lock:
            known = self._known.get(name)
            if known is None or (known.done() and known.exception() is not None):  # the next one may fare better
                known = self._known[name] = self._pool.submit(load)
        if not wait([known], SOON).done:
            raise Interrupted
        return known.result()


__all__ = ["Busy", "Interrupted", "Loading"]
