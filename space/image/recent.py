"""What was computed for the photos of the last minutes, so that a change of settings computes only what is new."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fer_models.analyzer import FoundFaces
from fer_models.photo import PhotoError

MAX_AGE = 1800  # seconds; visitors are promised that nothing is kept for longer than an hour
MAX_PHOTOS = 16
MAX_ITEMS = 128  # predictions with maps, and measurements; each belongs to one face

T = TypeVar("T")


class Recent:
    """The last results by key: at most `max_items`, none older than `max_age` seconds. Threads may share it."""

    def __init__(self, max_items: int, max_age: float = MAX_AGE):
        self.max_items = max_items
        self.max_age = max_age
        self._items: OrderedDict[Hashable, tuple[float, object]] = OrderedDict()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result under `key`, made now if it is not there. An error of `make` is raised and not kept."""
        with self._lock:
            if key in self._items and time.monotonic() - self._items[key][0] < self.max_age:
                self._items.move_to_end(key)
                return self._items[key][1]
        value = make()
        with self._lock:
            self._items[key] = (time.monotonic(), value)
            self._items.move_to_end(key)
            while len(self._items) > self.max_items:
                self._items.popitem(last=False)
            self._wake_later()
        return value

    def peek(self, key: Hashable) -> object | None:
        """The result under `key` if it is there; nothing is made."""
        with self._lock:
            made, value = self._items.get(key, (0.0, None))
            return value if value is not None and time.monotonic() - made < self.max_age else None

    def _wake_later(self) -> None:
        if self._timer is None and self._items:
            oldest = min(made for made, _ in self._items.values())
            self._timer = threading.Timer(max(0, oldest + self.max_age - time.monotonic()), self._forget_old)
            self._timer.daemon = True
            self._timer.start()

    def _forget_old(self) -> None:
        with self._lock:
            oldest = time.monotonic() - self.max_age
            self._items = OrderedDict((key, item) for key, item in self._items.items() if item[0] > oldest)
            self._timer = None
            self._wake_later()


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """A photo with its faces; the photo itself is small, the faces were cut from the large one.

    digest: of the file, which tells photos apart. owner: the session whose it is, empty for everybody's.
    """

    digest: str
    found: FoundFaces
    owner: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Under which its results are remembered, for its owner alone."""
        return self.owner, self.digest


def file_digest(source: str | Path | bytes) -> str:
    """What tells one upload from another, whatever its name.

    Raises:
        PhotoError: the file is gone.
    """
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    try:
        with Path(source).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PhotoError("The photo could not be opened; choose it again.") from error


__all__ = ["Recent", "SeenPhoto", "file_digest"]
