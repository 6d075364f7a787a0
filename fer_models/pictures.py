"""Files and folders of pictures -> every model's answer for each face, many faces in a pass."""

import datetime
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fer_models.analyzer import FACES_PER_PASS, Analyzer, FoundFaces, Prediction, joined
from fer_models.faces import Face
from fer_models.photo import PhotoError
from fer_models.side_by_side import compute_alone
from fer_models.trust import Trust, measure_trust

BATCH = FACES_PER_PASS
WORKERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class PictureFile:
    """A picture's file, as far as it tells whether it was replaced. modified: UTC."""

    bytes: int
    modified: str

    @classmethod
    def of(cls, path: Path) -> "PictureFile | None":
        """The file at `path`, if there is one."""
        try:
            status = path.stat()
        except (OSError, ValueError):
            return None
        changed = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
        return cls(status.st_size, changed.isoformat(timespec="microseconds"))


class PicturePlace(Protocol):
    """A picture that is no file of this computer; its text is its address."""

    def read(self) -> tuple[PictureFile | None, bytes]:
        """Its file and its content.

        Raises:
            PhotoError: it cannot be read.
        """
        ...


@dataclass(frozen=True)
class PictureAnswers:
    """One picture's answers.

    faces: in reading order; for a picture that is a face itself, one `None`.
    predictions: for each face, one per model.
    error: why the picture could not be read, in one sentence; it then has no faces.
    file: as it was when it was read.
    trusts: for each face and model, how far the maps can be trusted; empty unless that was asked for.
    notes: what a person should know about the search, as `FoundFaces.notes`.
    """

    path: Path | PicturePlace
    faces: list[Face | None] = field(default_factory=list)
    predictions: list[dict[str, Prediction]] = field(default_factory=list)
    error: str | None = None
    file: PictureFile | None = None
    trusts: list[dict[str, Trust]] = field(default_factory=list)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Prepared:
    path: Path | PicturePlace
    found: FoundFaces
    error: str | None = None
    file: PictureFile | None = None


_NOTHING = FoundFaces(None, (0, 0), [])


def answer_pictures(
    analyzer: Analyzer,
    paths: Iterable[Path | PicturePlace],
    cropped: bool = False,
    method: str | None = None,
    batch: int = BATCH,
    workers: int = WORKERS,
    trust: bool = False,
    balanced: bool = False,
    mirror: bool = False,
) -> Iterator[PictureAnswers]:
    """Ask every model of the analyzer about every face of the pictures, in their order.

    Decoding and detection run ahead in threads; the models see `batch` faces at a time, of whichever pictures. No photo
    is kept longer than it takes to cut out its faces, so memory does not grow with the number of pictures.

    Args:
        cropped: each picture is one face that is cut out already; nothing is searched for.
        method: a key of `methods.METHODS` for maps too.
        workers: how many pictures are decoded and searched at a time; 0 does it in between, without another thread.
        trust: also measure how far the maps can be trusted, which takes seconds per face and needs a `method`.
        balanced, mirror: as in `Checkpoint.predict`.
    """
    waiting: list[_Prepared] = []
    faces = 0
    for prepared in _prepared(analyzer, paths, cropped, workers):
        waiting.append(prepared)
        faces += len(prepared.found.faces)
        if faces >= batch or len(waiting) >= batch:
            yield from _answered(analyzer, waiting, method, batch, trust, balanced, mirror)
            waiting, faces = [], 0
    yield from _answered(analyzer, waiting, method, batch, trust, balanced, mirror)


def _prepared(
    analyzer: Analyzer, paths: Iterable[Path | PicturePlace], cropped: bool, workers: int
) -> Iterator[_Prepared]:
    """The pictures with their faces cut out, in order; a few are prepared ahead."""
    if not workers:
        yield from (_prepare(analyzer, path, cropped) for path in paths)
        return
    pool = ThreadPoolExecutor(workers, initializer=compute_alone)
    ahead: deque[Future[_Prepared]] = deque()
    try:
        for path in paths:
            ahead.append(pool.submit(_prepare, analyzer, path, cropped))
            if len(ahead) > 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(analyzer: Analyzer, path: Path | PicturePlace, cropped: bool) -> _Prepared:
    file = PictureFile.of(path) if isinstance(path, Path) else None
    try:
        if not isinstance(path, Path):
            file, photo = path.read()
        elif file is None:
            raise PhotoError("There is no such file or folder.")
        else:
            photo = path
        found = analyzer.find(photo, cropped=cropped)
    except PhotoError as error:
        return _Prepared(path, _NOTHING, str(error), file)
    return _Prepared(path, found.shrunk(0, analyzer.margins), file=file)


def _answered(
    analyzer: Analyzer,
    pictures: Sequence[_Prepared],
    method: str | None,
    batch: int,
    trust: bool,
    balanced: bool,
    mirror: bool,
) -> Iterator[PictureAnswers]:
    together = joined([picture.found for picture in pictures if picture.found.faces], analyzer.margins)
    each = iter(analyzer.answer(together, method=method, batch=batch, balanced=balanced, mirror=mirror))
    for picture in pictures:
        faces = picture.found.faces
        predictions = [next(each) for _ in faces]
        trusts: list[dict[str, Trust]] = []
        if trust and method is not None:
            trusts = [_trust(analyzer, answers, method) for answers in predictions]
        yield PictureAnswers(picture.path, faces, predictions, picture.error, picture.file, trusts, picture.found.notes)


def _trust(analyzer: Analyzer, answers: dict[str, Prediction], method: str) -> dict[str, Trust]:
    return {name: measure_trust(analyzer.checkpoint(name), answer, method) for name, answer in answers.items()}


__all__ = [
    "BATCH",
    "PictureAnswers",
    "PictureFile",
    "PicturePlace",
    "answer_pictures",
]
