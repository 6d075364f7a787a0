"""What was computed for the photos of the last minutes, so that a change of settings computes only what is new."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from PIL import Image

from fer_models.analyzer import FACES_PER_PASS, Analyzer, Prediction
from fer_models.faces import Face, PhotoError, crop_face, read_photo

MAX_AGE = 1800  # seconds; visitors are promised that nothing is kept for longer than an hour
MAX_PHOTOS = 16
MAX_ITEMS = 128  # predictions with maps, and measurements; each belongs to one face
SHOWN_SIDE = 1280  # longest side of the photo on the page, in pixels

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
    """A photo with its faces.

    digest: of the file, which tells photos apart.
    picture: RGB, shrunk to `SHOWN_SIDE`.
    size: width and height of the photo itself, whose pixels the faces are in.
    faces: from left to right.
    crops: by margin, a square picture of each face.
    milliseconds: what the search for faces took.
    """

    digest: str
    picture: Image.Image
    size: tuple[int, int]
    faces: list[Face]
    crops: dict[float, list[Image.Image]] = field(repr=False)
    milliseconds: float


class RecentPhotos:
    """An analyzer that remembers its answers for a while."""

    def __init__(self, analyzer: Analyzer, max_age: float = MAX_AGE):
        self.analyzer = analyzer
        self.max_age = max_age
        self._photos = Recent(MAX_PHOTOS, max_age)
        self._answers = Recent(MAX_PHOTOS * len(analyzer.checkpoints), max_age)
        self._explanations = Recent(MAX_ITEMS, max_age)

    def photo(self, source: str | Path | bytes) -> SeenPhoto:
        """Read an upload and find its faces.

        Raises:
            PhotoError: as `read_photo`.
        """
        digest = file_digest(source)
        return self._photos.get(digest, lambda: self._look(source, digest))

    def answers(self, photo: SeenPhoto, model: str) -> tuple[list[Prediction], float]:
        """A model's answer for each face, without maps, and the milliseconds that it took."""
        return self._answers.get((photo.digest, model), lambda: self._answer(photo, model))

    def explained(
        self, photo: SeenPhoto, face: int, model: str, method: str, expression: str | None = None
    ) -> Prediction:
        """A model's answer for one face (counted from 0), with its maps; `method` and `expression` as in
        `Checkpoint.predict`."""

        def explain() -> Prediction:
            checkpoint = self.analyzer.checkpoints[model]
            crop = photo.crops[checkpoint.model.config.face_margin][face]
            return checkpoint.predict([crop], method, expression)[0]

        return self._explanations.get((photo.digest, face, model, method, expression), explain)

    def _look(self, source: str | Path | bytes, digest: str) -> SeenPhoto:
        photo = read_photo(source)
        start = time.perf_counter()
        faces = sorted(self.analyzer.detector.detect(photo), key=lambda face: face.box[0])
        milliseconds = 1000 * (time.perf_counter() - start)
        margins = {checkpoint.model.config.face_margin for checkpoint in self.analyzer.checkpoints.values()}
        crops = {margin: [crop_face(photo, face, margin) for face in faces] for margin in margins}
        shown = photo.copy()
        shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        return SeenPhoto(digest, shown, photo.size, faces, crops, milliseconds)

    def _answer(self, photo: SeenPhoto, model: str) -> tuple[list[Prediction], float]:
        checkpoint = self.analyzer.checkpoints[model]
        crops: Sequence[Image.Image] = photo.crops[checkpoint.model.config.face_margin]
        start = time.perf_counter()
        answers = []
        for first in range(0, len(crops), FACES_PER_PASS):
            answers += checkpoint.predict(crops[first : first + FACES_PER_PASS], method=None)
        return answers, 1000 * (time.perf_counter() - start)


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


__all__ = ["Recent", "RecentPhotos", "SeenPhoto", "file_digest"]
