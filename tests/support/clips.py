"""Small clips, made up on the spot for the tests of video."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image


def write_clip(
    file: Path,
    pictures: Iterable[Image.Image],
    rate: float = 10,
    rotation: int = 0,
    pixel_aspect: Fraction | None = None,
    cover: Image.Image | None = None,
    **options,
) -> Path:
    """A clip that shows each picture for 1 / `rate` seconds; the file's name says the format.

    Args:
        rotation: degrees counter-clockwise by which a player has to turn it, as phones write it.
        pixel_aspect: width over height of a pixel.
        cover: a picture that stands before the clip as a stream of its own.
        options: of the encoder.
    """
    codec = {".webm": "libvpx", ".avi": "mpeg4", ".gif": "gif"}.get(file.suffix, "libx264")
    with av.open(str(file), "w") as container:
        if cover:
            covers = container.add_stream("mjpeg", rate=1)
            covers.width, covers.height, covers.pix_fmt = *cover.size, "yuvj420p"
            covers.disposition = av.stream.Disposition.attached_pic
        stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1000))
        stream.options = {"preset": "ultrafast"} | options if codec == "libx264" else options
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.width, stream.height = picture.size
                stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
                if pixel_aspect:
                    stream.codec_context.sample_aspect_ratio = pixel_aspect
                if cover:
                    container.mux(covers.encode(av.VideoFrame.from_image(cover)))
                    container.mux(covers.encode())
                if rotation:
                    stream.set_display_rotation(rotation)
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return file


def still_clip(file: Path, picture: Image.Image, seconds: float, rate: float = 10, **options) -> Path:
    """A clip of one picture."""
    return write_clip(file, (picture for _ in range(round(seconds * rate))), rate, **options)
