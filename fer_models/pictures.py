"""Files and folders of pictures -> every model's answer for each face, many faces in a pass."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch

from fer_models.analyzer import FACES_PER_PASS, Analyzer, FoundFaces, Prediction, joined
from fer_models.faces import Face
from fer_models.photo import PhotoError

SUFFIXES = frozenset([".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"])
BATCH = FACES_PER_PASS
WORKERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class PictureAnswers:
    """One picture's answers.

    faces: in reading order; for a picture that is a face itself, one `None`.
    predictions: for each face, one per model.
    error: why the picture could not be read, in one sentence; it then has no faces.
    """

    path: Path
    faces: list[Face | None] = field(default_factory=list)
    predictions: list[dict[str, Prediction]] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True)
class _Prepared:
    path: Path
    found: FoundFaces
    error: str | None = None


_NOTHING = FoundFaces(None, (0, 0), [])


def find_pictures(sources: Iterable[str | Path], leave_out: Path | None = None) -> list[Path]:
    """The files among `sources` as they are named, and the pictures (by suffix, in any case) in the folders among them
    and their sub-folders, in order of their names; each once. What starts with a dot inside a folder is not a picture.

    Args:
        leave_out: a folder that is not searched.
    """
    found: dict[Path, None] = {}
    for source in map(Path, sources):
        if not source.is_dir():
            found[source] = None
            continue
        for path in sorted(source.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
            left_out = leave_out is not None and path.resolve().is_relative_to(leave_out.resolve())
            if path.suffix.lower() in SUFFIXES and path.is_file() and not hidden and not left_out:
                found[path] = None
    return list(found)


def answer_pictures(
    analyzer: Analyzer,
    paths: Iterable[Path],
    cropped: bool = False,
    method: str | None = None,
    batch: int = BATCH,
    workers: int = WORKERS,
) -> Iterator[PictureAnswers]:
    """Ask every model of the analyzer about every face of the pictures, in their order.

    Decoding and detection run ahead in threads; the models see `batch` faces at a time, of whichever pictures. No photo
    is kept longer than it takes to cut out its faces, so memory does not grow with the number of pictures.

    Args:
        cropped: each picture is one face that is cut out already; nothing is searched for.
        method: a key of `explain.METHODS` for maps too.
        workers: how many pictures are decoded and searched at a time.
    """
    waiting: list[_Prepared] = []
    faces = 0
    for prepared in _prepared(analyzer, paths, cropped, workers):
        waiting.append(prepared)
        faces += len(prepared.found.faces)
        if faces >= batch or len(waiting) >= batch:
            yield from _answered(analyzer, waiting, method, batch)
            waiting, faces = [], 0
    yield from _answered(analyzer, waiting, method, batch)


def _prepared(analyzer: Analyzer, paths: Iterable[Path], cropped: bool, workers: int) -> Iterator[_Prepared]:
    """The pictures with their faces cut out, in order; a few are prepared ahead."""
    # A worker computes on one core: several of them use the machine better than one that splits each small operation.
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
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


def _prepare(analyzer: Analyzer, path: Path, cropped: bool) -> _Prepared:
    try:
        if not path.exists():
            raise PhotoError("There is no such file or folder.")
        found = analyzer.find(path, cropped=cropped)
    except PhotoError as error:
        return _Prepared(path, _NOTHING, str(error))
    return _Prepared(path, found.shrunk(0, analyzer.margins))


def _answered(
    analyzer: Analyzer, pictures: Sequence[_Prepared], method: str | None, batch: int
) -> Iterator[PictureAnswers]:
    together = joined([picture.found for picture in pictures if picture.found.faces], analyzer.margins)
    each = iter(analyzer.answer(together, method=method, batch=batch))
    for picture in pictures:
        faces = picture.found.faces
        yield PictureAnswers(picture.path, faces, [next(each) for _ in faces], picture.error)


__all__ = ["BATCH", "PictureAnswers", "answer_pictures", "find_pictures"]
