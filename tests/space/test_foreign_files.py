"""Whatever way a client names a file that it did not upload, no endpoint of the running Space opens it."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from benchmarks.running_space import served
from space.image.link import EXAMPLES
from space.uploaded import ELSEWHERE, NOT_UPLOADED
from tests.support.space_client import MARK, SpaceClient, in_place

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> Path:
    """A photo of ours beside the folder of uploads; the watch over the server knows all such by their name."""
    folder = tmp_path_factory.mktemp("outside")
    return Path(shutil.copy(EXAMPLES["portrait"], folder / "outside-photo.jpg"))


@pytest.fixture(scope="module")
def opened(outside) -> Path:
    """Where the server's Python writes down every file of that name that it opens."""
    return outside.parent / "opened.txt"


@pytest.fixture(scope="module")
def asked_outside(outside) -> Path:
    """Where it writes down every other machine that it would reach."""
    return outside.parent / "asked.txt"


@pytest.fixture(scope="module")
def client(outside, opened, asked_outside):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "tests" / "support" / "offline"))
        patch.setenv("WATCHED_FILES", "outside-")
        patch.setenv("WATCHED_LOG", str(opened))
        patch.setenv("OFFLINE_LOG", str(asked_outside))
        with served() as space:
            yield SpaceClient(space.address)


@pytest.fixture(scope="module")
def mine(client) -> Path:
    """A photo that was uploaded."""
    return Path(client.upload("mine.jpg", EXAMPLES["portrait"].read_bytes()))


def names(outside: Path, mine: Path, address: str) -> dict[str, str]:
    """Ways to name a file that was not uploaded."""
    return {
        "up": f"{mine.parent}/../../{os.path.relpath(outside, mine.parents[1])}",
        "root": "/etc/hostname",
        "folder": str(mine.parent),
        "beside": f"{mine.parents[1]}-outside-photo.jpg",
        "nul": f"{mine}\0",
        "long": f"{mine.parent}/{5000 * 'x'}",
        "endless": "/dev/zero",
        "input": "/dev/stdin",
        "address": f"{address}/gradio_api/file={outside}",
    }


def test_every_endpoint_refuses_a_picture_that_was_not_uploaded_in_one_sentence(client, outside, opened):
    endpoints = [endpoint for endpoint in client.endpoints() if endpoint.files]
    assert {"show", "on_go", "analyze", "explain"} <= {one.name for one in endpoints}
    path, missing = str(outside), str(outside.with_name("outside-missing.jpg"))
    for endpoint in endpoints:
        for slot in endpoint.files:
            for file in (
                {"path": path} | MARK,
                {"path": path},
                {"path": path, "is_stream": True} | MARK,
                {"path": missing},
            ):
                answer = client.ask(endpoint, in_place(endpoint.values, slot, file))
                assert answer["error"] == NOT_UPLOADED, (endpoint.name, file)
    assert not opened.exists(), opened.read_text()


def test_no_other_name_of_a_file_helps(client, outside, mine, opened):
    address = str(client.http.base_url).rstrip("/")
    (analyze,) = (endpoint for endpoint in client.endpoints() if endpoint.name == "analyze")
    for way, path in names(outside, mine, address).items():
        for file in ({"path": path} | MARK, {"path": path}):
            assert client.ask(analyze, [file, None])["error"] == NOT_UPLOADED, way
    assert not opened.exists(), opened.read_text()


def test_no_endpoint_opens_what_a_text_names(client, outside, opened):
    for endpoint in client.endpoints():
        for slot in range(len(endpoint.values)):
            client.ask(endpoint, in_place(endpoint.values, slot, str(outside)))
    assert not opened.exists(), opened.read_text()


def test_links_and_pipes_among_the_uploads_are_refused_and_nothing_waits_for_them(client, outside, mine, opened):
    (analyze,) = (endpoint for endpoint in client.endpoints() if endpoint.name == "analyze")
    link, pipe = mine.with_name("outside-link.jpg"), mine.with_name("outside-pipe.jpg")
    link.symlink_to(outside)
    os.mkfifo(pipe)
    for path in (link, pipe):
        assert client.ask(analyze, [{"path": str(path)}, None])["error"] == NOT_UPLOADED
    assert not opened.exists(), opened.read_text()


def test_the_other_ways_to_an_endpoint_refuse_it_too(client, outside, opened):
    file = {"path": str(outside)} | MARK
    assert client.http.post("/gradio_api/run/analyze", json={"data": [file, None]}).status_code == 404
    called = client.http.post("/gradio_api/call/analyze", json={"data": [file, None]}).json()["event_id"]
    assert NOT_UPLOADED in client.http.get(f"/gradio_api/call/analyze/{called}").text
    assert client.http.get(f"/gradio_api/file={outside}").status_code == 403
    assert not opened.exists(), opened.read_text()


def test_an_assistant_cannot_name_one_either(client, outside, opened):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def converse():
        address = f"{client.http.base_url}/gradio_api/mcp/"
        async with streamablehttp_client(address) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            photos = (str(outside), {"path": str(outside)} | MARK, f"file://{outside}")
            return [await session.call_tool(tool, {"photo": one}) for tool in ("analyze", "explain") for one in photos]

    answers = asyncio.run(converse())
    assert len(answers) == 6 and all(answer.isError for answer in answers)
    assert not opened.exists(), opened.read_text()


def test_what_was_uploaded_is_answered_by_its_path_and_by_its_address(client, mine):
    (analyze,) = (endpoint for endpoint in client.endpoints() if endpoint.name == "analyze")
    for path in (str(mine), f"{client.http.base_url}/gradio_api/file={mine}"):
        for file in ({"path": path} | MARK, {"path": path}):
            (face,) = client.ask(analyze, in_place(analyze.values, 0, file))["data"][0]["faces"]
            assert face["agreed"] == "happiness"


def test_nothing_is_fetched_from_an_address_that_a_visitor_names(client, asked_outside):
    elsewhere = "http://203.0.113.9/photo.jpg"  # nobody's: RFC 5737
    for endpoint in client.endpoints():
        for slot in endpoint.files:
            for file in ({"url": elsewhere}, {"path": elsewhere} | MARK, {"path": elsewhere, "url": elsewhere} | MARK):
                assert client.ask(endpoint, in_place(endpoint.values, slot, file))["error"] == ELSEWHERE
    for route in ("file=", "proxy=", "file/"):
        assert client.http.get(f"/gradio_api/{route}{elsewhere}").status_code == 404
    assert not asked_outside.exists(), asked_outside.read_text()


def test_the_watch_over_the_server_sees_what_it_opens(client, opened):
    """Last, because it leaves its trace: or the tests before would have proved nothing."""
    (analyze,) = (endpoint for endpoint in client.endpoints() if endpoint.name == "analyze")
    path = client.upload("outside-of-nothing.jpg", EXAMPLES["portrait"].read_bytes())
    assert client.ask(analyze, in_place(analyze.values, 0, {"path": path}))["data"]
    assert path in opened.read_text()
