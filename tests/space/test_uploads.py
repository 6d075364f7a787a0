"""Nothing that a visitor sent stays for longer than was promised, whatever it is called and whoever wrote it."""

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client

from fer_models.paths import ROOT
from space.uploads import EVERY, HOUR, MAX_AGE, forget_sessions, keep_tidy, sweep

HASH = "df77616f73e6a381943b14ea50a951cc4082a1667c1fe4c5c3fc51f1190d7e1a"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A private folder with one upload, as Gradio lays it."""
    folder = tmp_path / "private"
    (folder / HASH).mkdir(parents=True)
    (folder / HASH / "face.jpg").write_bytes(b"face")
    return folder


def test_the_promise_holds_at_the_worst_moment_between_two_sweeps():
    assert MAX_AGE + EVERY <= HOUR == 3600


def test_an_upload_is_deleted_when_it_is_old_and_not_before(folder):
    now = time.time()
    assert sweep(folder, MAX_AGE, now + MAX_AGE - 60) == 0
    assert (folder / HASH / "face.jpg").exists()
    assert sweep(folder, MAX_AGE, now + MAX_AGE + 60) == 1
    assert list(folder.iterdir()) == []


def test_whatever_lies_in_the_folder_is_deleted_and_nothing_that_a_link_leads_to(folder):
    (folder / "deep_links" / "of-a-page").mkdir(parents=True)
    (folder / "deep_links" / "of-a-page" / "state.json").write_text("what a page showed")
    (folder / "tmp_half_an_upload").write_bytes(b"fa")
    (folder / ".hidden").write_bytes(b"face")
    other = folder.parent / "other.jpg"
    other.write_bytes(b"of somebody else")
    (folder / "link.jpg").symlink_to(other)
    (folder / "link").symlink_to(folder.parent, target_is_directory=True)
    assert sweep(folder, age=-60) == 6  # everything counts as old
    assert list(folder.iterdir()) == [] and other.read_bytes() == b"of somebody else"


def test_a_date_that_a_copy_brought_along_does_not_matter(folder):
    old = time.time() - 10 * HOUR
    os.utime(folder / HASH / "face.jpg", (old, old))
    assert sweep(folder, MAX_AGE) == 0


def test_a_folder_that_is_still_written_to_stays(folder):
    assert sweep(folder, age=-60) == 1  # everything counts as old
    (folder / HASH).mkdir()
    assert sweep(folder, MAX_AGE) == 0 and (folder / HASH).is_dir()


def test_sweeping_starts_at_once_and_goes_on(folder):
    def wait_until_gone(file: Path) -> None:
        deadline = time.monotonic() + 30
        while file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    keep_tidy([partial(sweep, folder, age=-60)], every=0.02)
    wait_until_gone(folder / HASH / "face.jpg")
    (folder / HASH).mkdir(exist_ok=True)
    late = folder / HASH / "late.jpg"
    late.write_bytes(b"face")
    wait_until_gone(late)


def test_what_a_session_was_shown_is_forgotten_when_it_is_old_and_not_before(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks() as page:
        shown = gr.HTML()
        gr.Button().click(lambda: "a photo of somebody", None, shown, api_name="show")
    assert forget_sessions(page) == 0  # not launched yet
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True)
    try:
        client = Client(address, verbose=False)
        client.predict(api_name="/show")

        def remembered() -> str:
            return str([session.config_values for session in page.state_holder.session_data.values()])

        assert "a photo of somebody" in remembered()  # or there would be nothing to forget
        later = datetime.now() + timedelta(seconds=MAX_AGE)
        assert forget_sessions(page, now=later - timedelta(seconds=60)) == 0
        assert forget_sessions(page, now=later + timedelta(seconds=60)) == 1
        assert "a photo of somebody" not in remembered()
        assert client.predict(api_name="/show") == "a photo of somebody"  # who comes back is served again
    finally:
        page.close()


@pytest.mark.parametrize(
    "code, refused",
    [
        ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "'192.0.2.1'"),
        ("import urllib.request; urllib.request.urlopen('http://example.org')", "'example.org'"),
        ("import httpx; httpx.get('http://example.org')", "'example.org'"),
        ("import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", "'192.0.2.1'"),
        ("import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())", None),
    ],
)
def test_the_watch_over_the_server_sees_what_leaves_the_machine(tmp_path, code, refused):
    """The browser tests run the Space under this watch; here is what it would say."""
    log = tmp_path / "log"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests/support/offline"), "OFFLINE_LOG": str(log)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert (run.returncode == 0) == (refused is None), run.stderr
    assert refused in log.read_text() if refused else not log.exists()
