"""A Chromium without a window whose camera shows a photo: for the browser tests and the webcam benchmark."""

import math
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (640, 480)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
)


def executable() -> str | None:
    """The path of an installed Chromium; `None` leaves it to Playwright's own."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def camera_flags(video: Path) -> list[str]:
    """Chromium's arguments that make the .y4m file its camera."""
    return [*FLAGS.split(), f"--use-file-for-fake-video-capture={video}"]


def write_y4m(pictures: Iterable[Image.Image], file: Path, rate: int = 30) -> None:
    """An uncompressed video (4:2:0) of pictures of one size: what the fake camera plays, over and over."""
    with file.open("wb") as video:
        for index, picture in enumerate(pictures):
            if index == 0:
                video.write(f"YUV4MPEG2 W{picture.width} H{picture.height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
            values = np.asarray(picture.convert("YCbCr"))
            luma, blue, red = values[..., 0], values[::2, ::2, 1], values[::2, ::2, 2]
            video.write(b"FRAME\n" + luma.tobytes() + blue.tobytes() + red.tobytes())


def swaying(photo: Image.Image, frames: int = 90, radius: float = 24) -> Iterator[Image.Image]:
    """The photo in a grey camera picture, once around a circle of so many pixels: nobody sits quite still."""
    for index in range(frames):
        angle = 2 * math.pi * index / frames
        yield _placed(photo, round(radius * math.cos(angle)), round(radius * math.sin(angle)))


def _placed(photo: Image.Image, x: int, y: int) -> Image.Image:
    picture = Image.new("RGB", SIZE, "gray")
    height = SIZE[1]
    face = photo.resize((round(photo.width * height / photo.height), height))
    picture.paste(face, ((SIZE[0] - face.width) // 2 + x, y))
    return picture
