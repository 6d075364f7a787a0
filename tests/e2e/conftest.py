"""The Space in a process of its own, and a real Chromium whose camera shows a face."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.fake_camera import camera_flags, executable, swaying, write_y4m
from fer_models.paths import ROOT
from tests.e2e.photo import ready

expect.set_options(timeout=30_000)  # on a shared machine; a condition that holds ends the wait at once


@pytest.fixture(scope="session")
def space(tmp_path_factory) -> Iterator[str]:
    """The address of `python app.py`, started from an empty folder as a stranger would.

    At the end of all tests: it has asked nothing of another machine, and leaves nothing that visitors sent."""
    if running := os.environ.get("RUNNING_SPACE"):  # while a test is written
        yield running
        return
    log = tmp_path_factory.mktemp("space") / "log.txt"
    uploads, attempts = log.parent / "uploads", log.parent / "attempts.txt"
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "GRADIO_TEMP_DIR": str(uploads)}
    environment |= {"PYTHONPATH": str(ROOT / "tests/support/offline"), "OFFLINE_LOG": str(attempts)}
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
        process.wait(30)
    assert not attempts.exists(), attempts.read_text()
    assert list(uploads.iterdir()) == []


@pytest.fixture(scope="session")
def browser(tmp_path_factory, portrait) -> Iterator[Browser]:
    video = tmp_path_factory.mktemp("camera") / "face.y4m"
    write_y4m(swaying(portrait, frames=8, radius=3), video)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=camera_flags(video))
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
    ready(page)
    yield page
    context.close()
    assert outside == []
