"""A video of any length -> its frames one after the other: upright, with square pixels, at rising times."""

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from fer_models.extras import needed_for

with needed_for("reading a video"):
    import av
    from av.stream import Disposition

# ffmpeg reads hundreds of formats; some of them are playlists that open other files and addresses.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,gif"
# By quarter turns counter-clockwise.
_TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)

UNREADABLE = "The file is not a video that can be read; use MP4, MOV, WebM, MKV or AVI."
DAMAGED = "The video is damaged or incomplete; save or download it again, or choose another one."
_CUT_OFF = (
    "The video is incomplete: its index is missing, as it is when a recording or a download breaks off; record or "
    "download it again, or choose another one."
)


class VideoError(ValueError):
    """A video that cannot be used; the message is one sentence for the person who chose it, without a path."""


# What a camera of the computer is to ffmpeg.
_CAMERAS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}


@contextmanager
def open_camera(source: str) -> Generator[av.container.InputContainer]:
    """A camera of this computer by its number, or an address or file that ffmpeg opens (`rtsp://…`), for reading.

    Raises:
        VideoError: it cannot be opened, or breaks off while it is read.
    """
    kind, place = _CAMERAS.get(sys.platform, (None, "{}")) if source.isdigit() else (None, "{}")
    try:
        with av.open(place.format(source), format=kind, metadata_errors="ignore") as container:
            yield container
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoError(
            f"The camera or address {source!r} cannot be read ({reason}); is it there, and free?"
        ) from error


@contextmanager
def open_video(source: Path | BinaryIO) -> Generator[av.container.InputContainer]:
    """The file, or what reads it from elsewhere; whatever ffmpeg has against it becomes a sentence.

    Raises:
        VideoError: no video, or a damaged one; also while it is read.
    """
    try:
        with av.open(
            str(source.absolute()) if isinstance(source, Path) else source,
            mode="r",
            metadata_errors="ignore",
            options={"format_whitelist": FORMATS, "protocol_whitelist": "file"},
        ) as container:
            yield container
    except av.error.FFmpegError as error:
        raise VideoError(_CUT_OFF if _is_mp4(source) else UNREADABLE) from error


def _is_mp4(source: Path | BinaryIO) -> bool:
    try:
        if not isinstance(source, Path):
            source.seek(0)
            return source.read(8)[4:] == b"ftyp"
        with source.open("rb") as file:
            return file.read(8)[4:] == b"ftyp"
    except OSError:
        return False


def video_stream(container: av.container.InputContainer, max_pixels: int) -> av.video.stream.VideoStream:
    """The moving pictures in the file, ready to be decoded; a cover is none.

    Raises:
        VideoError: there are none, or their frames are larger than `max_pixels`.
    """
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving and container.streams.audio:
        raise VideoError("The file has no picture in it, only sound; choose a video.")
    if not moving:
        raise VideoError(_CUT_OFF if "mp4" in container.format.name else UNREADABLE)
    stream = moving[0]
    if stream.width * stream.height > max_pixels:
        raise VideoError(
            f"The video has {stream.width} x {stream.height} pixels; make it 3840 x 2160 or smaller and try again."
        )
    stream.codec_context.options = {"max_pixels": str(max_pixels)}  # the size may change within the video
    stream.thread_type = "AUTO"
    return stream


class RisingTimes:
    """The times of a stream -> seconds since its start that never fall, although those of recordings that are joined
    byte for byte start again.

    Args:
        start: the time that becomes 0; the first one by default.
        step: seconds from a frame to the next where the stream does not say.
    """

    def __init__(self, start: float | None = None, step: float = 1 / 30):
        self._start, self._step = start, step
        self._last = -step

    def __call__(self, time: float | None) -> float:
        if time is None:
            at = self._last + self._step
        else:
            self._start = time if self._start is None else self._start
            at = time - self._start
            if at < self._last:
                at = self._last + self._step
                self._start = time - at
        self._last = at
        return at


class VideoReader:
    """The frames of an opened video.

    Args:
        start: the time of its first frame, if it is known.
        max_pixels: of one frame.
        max_side: longest side in pixels of the pictures; larger frames are made smaller.
        max_rate: pictures per second; more frames are left out.

    Attributes:
        scale: the pictures' size over the upright, square-pixelled original's.
        damaged: how many pieces of the file could not be decoded so far.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        max_pixels: int,
        max_side: int,
        max_rate: float,
        start: float | None = None,
    ):
        self.scale = 1.0
        self.damaged = 0
        self._container = container
        self._stream = video_stream(container, max_pixels)
        self._max_side, self._max_rate = max_side, max_rate
        self._times = RisingTimes(start, 1 / float(self._stream.average_rate or max_rate))

    def frames(self) -> Iterator[tuple[float, Image.Image]]:
        """Seconds since the start and RGB picture."""
        last, size = float("-inf"), None
        for frame in self._decoded():
            at = self._times(frame.time)
            if at < 0 or at - last < 1 / self._max_rate - 1e-3:
                continue
            last = at
            size = size or self._size(frame)
            picture = frame.to_image(width=size[0], height=size[1])
            turn = _TURNS[round(frame.rotation / 90) % 4]
            yield at, picture if turn is None else picture.transpose(turn)

    def _size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Even width and height of the pictures before they are turned, at most `max_side`."""
        width, height = float(frame.width * (self._stream.sample_aspect_ratio or 1)), frame.height
        self.scale = min(1.0, self._max_side / max(width, height))
        return max(2, 2 * round(width * self.scale / 2)), max(2, 2 * round(height * self.scale / 2))

    def _decoded(self) -> Iterator[av.VideoFrame]:
        for packet in self._container.demux(self._stream):
            try:
                yield from packet.decode()
            except av.error.FFmpegError:  # the rest may be fine
                self.damaged += 1


__all__ = [
    "DAMAGED",
    "FORMATS",
    "UNREADABLE",
    "RisingTimes",
    "VideoError",
    "VideoReader",
    "open_camera",
    "open_video",
    "video_stream",
]
