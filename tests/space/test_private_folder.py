"""All that a process of the Space writes lies in one private folder, and nothing of it is left however it ends."""

import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.running_space import served
from fer_models.paths import EXAMPLES, ROOT
from space.private_folder import PREFIX, SUFFIX, remove_left_over
from tests.support.space_client import SpaceClient, in_place

MAKE = "import sys; from space.private_folder import make_private_folder; print(make_private_folder(True), flush=True)"
WAIT = f"{MAKE}; sys.stdin.read()"
END_SECONDS = 20.0  # on a busy machine; a quiet one takes half a second


def started(code: str, parent: Path) -> subprocess.Popen:
    """A process that makes its folder in `parent`."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"GRADIO_TEMP_DIR": str(parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def living(tmp_path) -> Iterator[tuple[subprocess.Popen, Path]]:
    """A process that holds its folder in `tmp_path`, and the folder, in which something lies."""
    process = started(WAIT, tmp_path)
    folder = Path(process.stdout.readline().strip())
    (folder / "face.jpg").write_bytes(b"face")
    yield process, folder
    process.kill()
    process.communicate()


def test_the_folder_is_for_its_user_alone_and_every_process_has_its_own(living, tmp_path):
    _, folder = living
    assert folder.parent == tmp_path and folder.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_uid == os.geteuid()
    with started(WAIT, tmp_path) as other:
        assert Path(other.stdout.readline().strip()) != folder
        other.stdin.close()
    assert [one.name for one in tmp_path.iterdir()] == [folder.name] and (folder / "face.jpg").exists()


def test_every_librarys_temporary_files_lie_in_it(tmp_path):
    code = f"{MAKE}; import os, tempfile; print(tempfile.mkstemp()[1], os.environ['TMPDIR'])"
    folder, temporary, variable = started(code, tmp_path).communicate()[0].split()
    assert Path(temporary).parent == Path(folder) == Path(variable)


@pytest.mark.parametrize("code", [MAKE, f"{MAKE}; raise RuntimeError", f"{MAKE}; sys.exit(3)"])
def test_at_the_end_it_is_gone(tmp_path, code):
    with started(code, tmp_path) as process:
        assert Path(process.stdout.readline().strip()).name.startswith(PREFIX)
        process.communicate()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_deleted_at_the_next_start_and_what_a_living_one_holds_is_not(living, tmp_path):
    process, folder = living
    assert remove_left_over(tmp_path) == 0 and (folder / "face.jpg").exists()
    process.kill()
    process.wait()
    assert (folder / "face.jpg").exists()
    with started(MAKE, tmp_path) as following:
        following.communicate()
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_is_taken_for_left_over(tmp_path):
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "photo.jpg").write_bytes(b"mine")
    (tmp_path / f"{PREFIX}link{SUFFIX}").symlink_to(treasure)
    (tmp_path / f"{PREFIX}file{SUFFIX}").write_text("a file")
    (tmp_path / f"{PREFIX}of-mine").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert remove_left_over(tmp_path) == 0 and sorted(tmp_path.rglob("*")) == before


def link(parent: Path) -> Path:
    (parent / "real").mkdir()
    (parent / "link").symlink_to(parent / "real")
    return parent / "link"


def open_to_all(parent: Path) -> Path:
    (parent / "open").mkdir()
    (parent / "open").chmod(0o777)
    return parent / "open"


def a_file(parent: Path) -> Path:
    (parent / "file").write_text("")
    return parent / "file"


@pytest.mark.parametrize(
    "make, words",
    [(link, "is a link, or others may change it"), (open_to_all, "others may change it"), (a_file, "no folder that")],
)
def test_a_place_that_others_could_exchange_is_refused_in_a_sentence(tmp_path, make, words):
    place = make(tmp_path)
    process = started(MAKE, place)
    _, said = process.communicate()
    assert process.returncode == 1 and said.startswith(f"error: {place}") and words in said and said.count("\n") == 1
    assert place.is_file() or list(place.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_place_of_another_user_is_refused(tmp_path):
    place = tmp_path / "theirs"
    place.mkdir(mode=0o700)
    os.chown(place, 12345, 12345)
    process = started(MAKE, place)
    assert "others may change it" in process.communicate()[1] and process.returncode == 1


@contextmanager
def visited(address: str, whole: bool) -> Iterator[list[socket.socket]]:
    """A page that is open: a photo uploaded (if there is room for it), and two more photos on their way."""
    client = SpaceClient(address)
    photo = (EXAMPLES / "portrait.jpg").read_bytes()
    session = secrets.token_hex(6)
    with ExitStack() as open_page:
        open_page.enter_context(client.http.stream("GET", f"/gradio_api/heartbeat/{session}"))
        if whole:
            (analyze,) = (endpoint for endpoint in client.endpoints() if endpoint.name == "analyze")
            photo_there = {"path": client.upload("face.jpg", photo)}
            assert client.ask(analyze, in_place(analyze.values, 0, photo_there), session)["data"]
            link = client.http.get("/gradio_api/deep_link", params={"session_hash": session})
            assert link.status_code == 404  # it would keep what is shown for whoever has it
        else:
            with pytest.raises(httpx.HTTPError):  # no room for all of it
                client.upload("face.jpg", photo)
        yield [open_page.enter_context(half_an_upload(client.http.base_url, photo)) for _ in range(2)]


def half_an_upload(url, photo: bytes) -> socket.socket:
    """The beginning of an upload; the rest is due."""
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="half.jpg"\r\n\r\n' + photo[:2000]
    request = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 100000\r\n"
    connection = socket.create_connection((url.host, url.port))
    connection.sendall(f"{request}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode() + head)
    return connection


@pytest.fixture
def heard() -> Iterator[None]:
    """What the tests were started with ignores signals, perhaps; the processes that they start do not."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def files_below(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if not file.is_dir()]


@pytest.mark.parametrize(
    "end, room",
    [("SIGTERM", None), ("SIGINT", None), ("SIGHUP", None), ("SIGKILL", None), ("SIGTERM", 20_000)],
    ids=["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL", "SIGTERM with a full disk"],
)
def test_with_a_page_open_no_file_outlives_the_process(heard, end, room):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with served(["--models", "pattlite-ferplus"]) as space:
        if room:  # no file may grow further, which is what a full disk does to an upload
            resource.prlimit(space.process.pid, resource.RLIMIT_FSIZE, (room, limit[1]))
        with visited(space.address, whole=not room) as (broken_off, _):
            deadline = time.monotonic() + END_SECONDS
            while len(files_below(space.uploads)) < 3:  # or there would be nothing to delete
                assert time.monotonic() < deadline, files_below(space.uploads)
                time.sleep(0.05)
            broken_off.close()
            space.process.send_signal(getattr(signal, end))
            space.process.wait(END_SECONDS)
        if end == "SIGKILL":
            assert files_below(space.uploads)
            with started(MAKE, space.uploads) as following:
                following.communicate()
        assert list(space.uploads.iterdir()) == []
