"""The Space in a process of its own, and a real Chromium whose camera shows a face."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
)

expect.set_options(timeout=30_000)  # on a shared machine; a condition that holds ends the wait at once


def write_y4m(picture: Image.Image, file: Path, frames: int = 2) -> None:
    """An uncompressed video (4:2:0) that shows the picture in every frame: what Chromium's fake camera plays."""
    values = np.asarray(picture.convert("YCbCr"))
    luma, blue, red = values[..., 0], values[::2, ::2, 1], values[::2, ::2, 2]
    with file.open("wb") as video:
        video.write(f"YUV4MPEG2 W{picture.width} H{picture.height} F30:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(frames):
            video.write(b"FRAME\n" + luma.tobytes() + blue.tobytes() + red.tobytes())


@pytest.fixture(scope="session")
def space(tmp_path_factory) -> Iterator[str]:
    """The address of `python app.py`, started from an empty folder as a stranger would."""
    log = tmp_path_factory.mktemp("space") / "log.txt"
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "GRADIO_TEMP_DIR": str(log.parent / "uploads")}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")], cwd=log.parent, env=environment, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + 120
        while not (address := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
            assert process.poll() is None, f"the Space stopped:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the Space did not start:\n{log.read_text()}"
            time.sleep(0.2)
        yield address.group()
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def browser(tmp_path_factory, portrait) -> Iterator[Browser]:
    video = tmp_path_factory.mktemp("camera") / "face.y4m"
    frame = Image.new("RGB", (640, 480), "gray")
    face = portrait.resize((480, 480) if portrait.width == portrait.height else (384, 480))
    frame.paste(face, ((640 - face.width) // 2, 0))
    write_y4m(frame, video)
    executable = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*FLAGS.split(), f"--use-file-for-fake-video-capture={video}"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, space) -> Iterator[Page]:
    """A fresh page of the Space; every request that leaves the machine fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(60_000)
    outside: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((space, "data:", "blob:")) else outside.append(r.url))
    page.goto(space)
    page.locator("#examples [data-ready], #examples[data-ready]").first.wait_for()
    yield page
    context.close()
    assert outside == []
