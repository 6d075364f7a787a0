"""A video -> its answers as lines of a table or JSON lines, as it is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from fer_models.analyzer import Analyzer
from fer_models.schema import FaceResult, face_result
from fer_models.video.reading import VideoError, VideoReader, open_camera, open_video
from fer_models.video.records import End
from fer_models.video.stream import FaceStream
from fer_models.video.tracking import FaceTracker

MAX_PIXELS = 7680 * 4320  # of one frame
MAX_SIDE = 1280  # pixels in which faces are looked for
MAX_FACES = 32  # followed at a time


class Layout(Protocol):
    """What writes answers as lines: `video.records.Csv` and its like."""

    def moment(self, video: str, seconds: float, faces: list[FaceResult]) -> str:
        """One moment's answers."""
        ...

    def end(self, end: End) -> str:
        """What is known at the end."""
        ...


@dataclass(frozen=True)
class Part:
    """A frame's lines, none where nothing was answered, or the last ones.

    seconds: since the video's start. whole: seconds of the video, if they are known. error: why it could not be read,
    in one sentence; in the last part alone. faces: that were answered about.
    """

    lines: str
    seconds: float = 0.0
    whole: float | None = None
    error: str | None = None
    faces: int = 0


def video_lines(
    source: Path | BinaryIO,
    name: str,
    analyzer: Analyzer,
    layout: Layout,
    fps: float,
    state: tuple[int | None, int | str | None],
) -> Iterator[Part]:
    """The answers about every frame that is due, and the last lines, which say why where the video cannot be read.

    Args:
        source: the file, or what reads it.
        name: as it is written.
        fps: answers a second.
        state: bytes and last change of the file.
    """
    try:
        with open_video(source) as container:
            whole = container.duration / 1e6 if container.duration else None
            reader = VideoReader(container, MAX_PIXELS, MAX_SIDE, max(fps, 30.0))
            following = _Following(reader, name, analyzer, layout, fps)
            for part in following:
                yield Part(part.lines, part.seconds, whole, faces=part.faces)
            if not following.frames:
                raise VideoError("No frame of the video can be decoded; save or download it again.")
            yield Part(layout.end(following.end(state)), following.seconds, whole)
    except VideoError as error:
        yield Part(layout.end(End(name, 0.0, 0, 0, 0, str(error), *state)), error=str(error))


def camera_lines(camera: str, analyzer: Analyzer, layout: Layout, fps: float) -> Iterator[str]:
    """The same of a camera or an address until it ends.

    Raises:
        VideoError: it cannot be opened, or breaks off.
    """
    with open_camera(camera) as container:
        reader = VideoReader(container, MAX_PIXELS, MAX_SIDE, max(fps, 30.0))
        following = _Following(reader, camera, analyzer, layout, fps)
        for part in following:
            yield part.lines
        yield layout.end(following.end((None, None)))


class _Following:
    """Its parts, frame by frame; `frames` and `seconds` are those so far."""

    def __init__(self, reader: VideoReader, name: str, analyzer: Analyzer, layout: Layout, fps: float):
        self.reader, self.name, self.layout = reader, name, layout
        self.frames = self.left_out = 0
        self.seconds = 0.0
        self.stream = FaceStream(
            analyzer,
            method=None,
            half_life=0,
            answer_every=1 / fps,
            tracker=FaceTracker(analyzer.detector, max_faces=MAX_FACES),
        )

    def __iter__(self) -> Iterator[Part]:
        for at, frame in self.reader.frames():
            faces = [face for face in self.stream.feed(frame, at) if face.raw]
            told = [face_result(face.number, face.face, list(face.raw.values())) for face in faces]
            for result in told:  # in pixels of the video
                result["box"] = [round(side / self.reader.scale, 1) for side in result["box"] or ()]
            self.seconds, self.frames = at, self.frames + 1
            self.left_out = max(self.left_out, self.stream.left_out)
            yield Part(self.layout.moment(self.name, at, told) if told else "", at, faces=len(told))

    def end(self, state: tuple[int | None, int | str | None]) -> End:
        """What is known now that it has ended."""
        return End(self.name, round(self.seconds, 3), self.frames, self.reader.damaged, self.left_out, None, *state)


__all__ = ["MAX_FACES", "MAX_PIXELS", "MAX_SIDE", "Layout", "Part", "camera_lines", "video_lines"]
