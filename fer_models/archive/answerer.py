"""Pictures and videos of an archive -> the lines that are written about them, whoever writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from fer_models.analyzer import Analyzer
from fer_models.archive.layouts import Layout, layout_of
from fer_models.archive.listing import Item
from fer_models.archive.places import reason
from fer_models.extras import needed_for
from fer_models.photo import PhotoError
from fer_models.pictures import WORKERS, PictureAnswers, PictureFile, answer_pictures
from fer_models.schema import Origin, mirror_setting, origin
from fer_models.video.records import End


@dataclass(frozen=True)
class Asked:
    """What is asked of every picture and video; as the command line has it.

    kind: of the archive, as `Listing.kind`. models: checkpoints, `None` for the repository's. method: of the maps whose
    trust is measured, if it is. as_csv: or JSON lines.
    """

    kind: str
    as_csv: bool
    models: tuple[str, ...] | None = None
    device: str = "auto"
    engine: str = "auto"
    cropped: bool = False
    method: str | None = None
    balanced: bool = False
    mirror: bool = False
    fps: float = 10.0
    batch: int = 16

    def origin(self, analyzer: Analyzer) -> Origin:
        """Where the answers come from; pictures alone, and videos alone, have the settings that they have without an
        archive."""
        cut = {"cropped": self.cropped, "maps": None, "trust": self.method, "balanced": self.balanced}
        pictures = cut | mirror_setting(self.mirror)
        videos = {"fps": f"{self.fps:g}"}
        settings = {"pictures": pictures, "videos": videos, "both": pictures | videos}[self.kind]
        return origin(analyzer.checkpoints.values(), **settings)


@dataclass(frozen=True)
class Answered:
    """lines: about the item, or a part of them where it is not yet `ended`. faces: in these lines. error: why it could
    not be read, in one sentence."""

    item: Item
    lines: str
    faces: int = 0
    error: str | None = None
    ended: bool = True


class Answerer:
    """Models that are loaded once, and how their answers are written.

    Raises:
        CheckpointError, ExportError, MissingExtraError: as `Analyzer`.
    """

    def __init__(self, asked: Asked):
        self.asked = asked
        self.analyzer = Analyzer(asked.models, asked.device, asked.engine)
        self.origin = asked.origin(self.analyzer)
        self.expressions = self.analyzer.expressions
        self.layout: Layout = layout_of(asked.kind, asked.as_csv, self.origin, self.expressions, bool(asked.method))

    def answer(self, items: Iterable[Item], workers: int = WORKERS) -> Iterator[Answered]:
        """About the items, in their order; a video's lines come as it is read.

        Args:
            workers: as in `answer_pictures`.
        """
        for is_video, some in groupby(items, key=lambda item: item.is_video):
            if is_video:
                for item in some:
                    yield from self._video(item)
            else:
                yield from self._pictures(some, workers)

    def _pictures(self, items: Iterable[Item], workers: int) -> Iterator[Answered]:
        waiting: list[Item] = []

        def places():
            for item in items:
                waiting.append(item)
                yield item.place

        asked = self.asked
        answers = answer_pictures(
            self.analyzer,
            places(),
            asked.cropped,
            asked.method,
            asked.batch,
            workers,
            trust=bool(asked.method),
            balanced=asked.balanced,
            mirror=asked.mirror,
        )
        for picture in answers:
            lines = self.layout.encode(picture)
            yield Answered(waiting.pop(0), lines, len(picture.faces), picture.error)

    def _video(self, item: Item) -> Iterator[Answered]:
        with needed_for("reading a video"):
            from fer_models.video.following import video_lines
            from fer_models.video.reading import UNREADABLE
        state = item.state(nanoseconds=self.asked.kind == "videos")
        told = (item.name, self.analyzer, self.layout, self.asked.fps, state)
        place = item.place
        if isinstance(place, Path):
            yield from _parts(item, video_lines(place, *told))
            return
        try:
            with place.open() as file:
                yield from _parts(item, video_lines(file, *told))
        except PhotoError as error:
            yield unread(self.layout, item, str(error), self.asked.kind)
        except OSError as error:  # of the file system, while it is read
            yield unread(self.layout, item, f"{UNREADABLE} ({reason(error)})", self.asked.kind)


def unread(layout: Layout, item: Item, error: str, kind: str) -> Answered:
    """The lines about a picture or video that could not be read; kind: of the archive."""
    bytes_, modified = item.state(nanoseconds=kind == "videos")
    if item.is_video:
        return Answered(item, layout.end(End(item.name, 0.0, 0, 0, 0, error, bytes_, modified)), error=error)
    file = None if bytes_ is None else PictureFile(bytes_, str(modified))
    return Answered(item, layout.encode(PictureAnswers(item.place, error=error, file=file)), error=error)


def _parts(item: Item, parts) -> Iterator[Answered]:
    """Each part when the next one is there, so that the last is known."""
    before = None
    for part in parts:
        if before is not None and before.lines:
            yield Answered(item, before.lines, before.faces, ended=False)
        before = part
    if before is not None:
        yield Answered(item, before.lines, before.faces, before.error)


__all__ = ["Answered", "Answerer", "Asked", "unread"]
