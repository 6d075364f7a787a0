"""The running server as strangers meet it: which addresses are open, what headers say, who is told that it is busy."""

import contextlib
import logging
import random
import re
import threading
from collections.abc import Iterator

import httpx
import pytest

import app
from benchmarks.hostile import hostile_files
from benchmarks.siege import broken_uploads, exceptions, hostile_visitors, odd_requests
from fer_models.analyzer import CHECKPOINTS, Analyzer
from space.gate import BUSY, NOT_HERE, security_headers
from space.image.link import EXAMPLES
from space.jobs import MISFIT, OURS, TOO_LONG
from space.limits import Limits
from space.log import start_log
from space.routes import CLOSED, OPEN
from tests.support.space_client import Endpoint, SpaceClient, in_place

LIMITS = Limits(streams_of_one=2, request_megabytes=1, metrics="1", hosts="space.example")


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """The page, the server's app and its address, and the analyzer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        analyzer = Analyzer([CHECKPOINTS / "pattlite-ferplus"])
        page, launch = app.build(analyzer, ["another-model"], LIMITS)
        server, address, _ = page.launch(**launch, prevent_thread_lock=True, quiet=True)
        yield page, server, address, analyzer
        page.close()


@pytest.fixture(scope="module")
def client(launched) -> SpaceClient:
    return SpaceClient(launched[2])


@pytest.fixture(scope="module")
def analyze(client) -> Endpoint:
    (found,) = (endpoint for endpoint in client.endpoints() if endpoint.name == "analyze")
    return found


@pytest.fixture
def photo(client) -> dict:
    return {"path": client.upload("mine.jpg", EXAMPLES["portrait"].read_bytes())}


def paths(routes, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every address of an app with its methods, those of included routers too."""
    for route in routes:
        if (router := getattr(route, "original_router", None)) is not None:
            yield from paths(router.routes)
        else:
            yield prefix + route.path, set(getattr(route, "methods", None) or [])


def test_every_address_of_the_app_was_decided_about(launched):
    real = {path.removesuffix("/") or "/" for path, _ in paths(launched[1].routes)}
    own = {"/healthz", "/metrics", "/place/{ticket}", "/gradio_api/mcp/{path:path}"}
    assert real - set(OPEN) - CLOSED == set()
    assert set(OPEN) - real == own
    assert set(OPEN) & CLOSED == set()


def test_what_is_closed_is_answered_as_if_it_did_not_exist(client, launched):
    for path, methods in paths(launched[1].routes):
        if (path.removesuffix("/") or "/") not in CLOSED:
            continue
        for method in methods:
            asked = re.sub(r"{[^}]*}", "x", path)
            answer = client.http.request(method, asked)
            assert answer.status_code == 404 and (method == "HEAD" or NOT_HERE in answer.text), path
    for path in ("/gradio_api//run/analyze", "//monitoring", "/Monitoring", "/gradio_api/file=http://127.0.0.1/"):
        assert httpx.get(launched[2].rstrip("/") + path).status_code == 404


def test_browsers_are_told_to_keep_the_page_to_itself_and_to_let_the_hub_frame_it(client):
    for path in ("/", "/config", "/gradio_api/info", "/nowhere"):
        told = client.http.get(path).headers
        assert told["X-Content-Type-Options"] == "nosniff" and told["Referrer-Policy"] == "same-origin"
        assert "camera=(self)" in told["Permissions-Policy"]
        policy = dict(part.strip().split(" ", 1) for part in told["Content-Security-Policy"].split(";"))
        assert policy["connect-src"] == "'self' data: blob:" and policy["default-src"] == "'self'"
        assert "https://huggingface.co" in policy["frame-ancestors"].split()
        assert "X-Frame-Options" not in told  # would overrule the frame of the Hub
    (policy,) = (value for name, value in security_headers("https://a.example") if name == b"content-security-policy")
    assert policy.endswith(b"frame-ancestors 'self' https://a.example")


def test_every_answer_has_a_number_of_its_own(client):
    numbers = {client.http.get("/healthz").headers["X-Request-Id"] for _ in range(5)}
    assert len(numbers) == 5 and all(re.fullmatch("[0-9a-f]{8}", number) for number in numbers)


def test_only_the_names_that_a_host_gives_are_answered(client):
    assert client.http.get("/config", headers={"Host": "elsewhere.example"}).status_code == 400
    assert client.http.get("/config", headers={"Host": "space.example"}).status_code == 200


def test_hosts_see_the_state_and_the_numbers(client, analyze, photo):
    before = _jobs(client, "answered")
    assert client.ask(analyze, in_place(analyze.values, 0, photo))["data"]
    health = client.http.get("/healthz").json()
    assert health["ready"] and health["models"] == ["pattlite-ferplus"] and health["missing"] == ["another-model"]
    assert health["waiting"] == 0
    assert _jobs(client, "answered") == before + 1


def _jobs(client: SpaceClient, how: str) -> float:
    found = re.search(rf'^space_jobs_total{{how="{how}"}} (\S+)$', client.http.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_who_holds_too_much_open_is_told_and_others_are_served(client):
    def open_stream(visitor: str):
        return client.http.stream("GET", "/gradio_api/heartbeat/x", headers={"X-Forwarded-For": visitor})

    with open_stream("198.51.100.1") as first, open_stream("198.51.100.1") as second:
        assert (first.status_code, second.status_code) == (200, 200)
        with open_stream("198.51.100.1") as third:
            assert third.status_code == 503 and third.headers["Retry-After"] == "10"
            assert third.read().decode() == f'{{"detail":"{BUSY}"}}'
        with open_stream("198.51.100.2") as other:
            assert other.status_code == 200


def test_a_request_that_is_too_large_is_not_read(client):
    body = b'{"data": ["' + 2_000_000 * b"x" + b'"]}'
    assert client.http.post("/gradio_api/queue/join", content=body).status_code == 413

    def parts():
        for first in range(0, len(body), 1000):
            yield body[first : first + 1000]

    with contextlib.suppress(httpx.HTTPError):  # without a length it ends where it becomes too large
        assert client.http.post("/gradio_api/queue/join", content=parts()).status_code >= 400
    assert client.http.get("/healthz").json()["ready"]


@pytest.fixture
def log() -> Iterator[list[str]]:
    """The lines of the log."""
    before = logging.root.handlers[:], logging.root.level
    start_log("info")
    lines: list[str] = []
    handler = logging.root.handlers[0]
    handler.setStream(_Lines(lines))
    yield lines
    logging.root.handlers[:], logging.root.level = before


class _Lines:
    def __init__(self, lines: list[str]):
        self.lines = lines

    def write(self, text: str) -> None:
        self.lines += text.splitlines()

    def flush(self) -> None:
        pass


def test_a_bad_picture_and_a_job_that_does_not_fit_are_one_line_each_without_a_trace(client, analyze, log, capfd):
    bad = {"path": client.upload("my-secret-name.jpg", b"no picture")}
    refused = client.ask(analyze, in_place(analyze.values, 0, bad))
    assert "picture" in refused["error"]
    assert client.ask(analyze, [17, {"a": 1}])["error"]
    assert client.ask(analyze, [{"path": 3}, None])["error"]
    form = r"[\d-]{10}T[\d:]{8} INFO [0-9a-f]{8} space: analyze refused after \d+\.\d\d s \(\w+ at \w+\.py:\d+\)"
    assert len(log) == 3 and all(re.fullmatch(form, line) for line in log), log
    assert "Traceback" not in capfd.readouterr().err
    assert client.ask(analyze, [17, None])["error"] == MISFIT


def test_a_job_that_takes_too_long_is_broken_off_and_told(client, launched, analyze, photo, monkeypatch):
    monkeypatch.setattr(launched[0], "limits", Limits(job_seconds=-1))
    assert client.ask(analyze, in_place(analyze.values, 0, photo))["error"] == TOO_LONG


def test_a_fault_of_ours_is_told_with_the_number_of_its_trace(client, launched, analyze, photo, monkeypatch, log):
    def broken(*_):
        raise ZeroDivisionError("a fault for the test")

    monkeypatch.setattr("space.image.answers.ImageAnswers.results", broken)
    told = client.ask(analyze, in_place(analyze.values, 0, photo))["error"]
    number = re.fullmatch(re.escape(OURS).replace(r"\{\}", "([0-9a-f]{8})"), told)[1]
    assert any(number in line and "analyze failed" in line for line in log)
    assert "ZeroDivisionError: a fault for the test" in log


def test_nobody_learns_by_the_time_of_an_answer_that_another_sent_the_same_photo(
    client, launched, analyze, photo, monkeypatch
):
    searched, find = [], launched[3].find
    monkeypatch.setattr(launched[3], "find", lambda source: searched.append(source) or find(source))
    seen = []
    for session in ("one", "one", "another"):
        before = len(searched)
        assert client.ask(analyze, in_place(analyze.values, 0, photo), session)["data"]
        seen.append(f"{session}: {'searched' if len(searched) > before else 'remembered'}")
    assert seen == ["one: searched", "one: remembered", "another: searched"]


def test_a_page_that_waits_is_told_its_place(client, launched, analyze, photo, monkeypatch):
    show = next(endpoint for endpoint in client.endpoints() if endpoint.name == "show")
    gate, entered = threading.Event(), threading.Event()

    def slow(*_):
        entered.set()
        gate.wait(30)
        return []

    monkeypatch.setattr("space.image.answers.ImageAnswers.results", slow)
    for session, endpoint, values in (
        ("first", analyze, in_place(analyze.values, 0, photo)),
        ("second", show, [None, {"ticket": "second-1"}]),
        ("third", show, [None, {"ticket": "third-1"}]),
    ):
        job = {"fn_index": endpoint.number, "data": values, "session_hash": session}
        client.http.post("/gradio_api/queue/join", json=job).raise_for_status()
        if session == "first":
            assert entered.wait(30)
    places = [client.http.get(f"/place/{name}-1").json()["place"] for name in ("second", "third", "nobody")]
    gate.set()
    assert places == [1, 2, 0]


def test_a_part_of_the_siege_finds_a_sentence_for_everything(client, launched):
    """The whole of it: `python benchmarks/siege.py`."""
    listed = client.endpoints()
    before = exceptions(client)
    sent, shown = hostile_visitors(launched[2], hostile_files(60, 5), {one.name: one for one in listed}, workers=1)
    broken_uploads(launched[2], 5, random.Random(5))
    odd_requests(client, listed, random.Random(5), 30)
    assert sum(one.tried for one in sent.values()) == 60
    assert {kind: one.failed for kind, one in sent.items() if one.failed} == {} and shown == []
    assert exceptions(client) == before


@pytest.mark.parametrize("values", [3, ["all"], {}, {"kind": []}, {"kind": "exe"}, {"kind": "picture", "opacity": "x"}])
def test_a_download_that_does_not_exist_is_refused_in_a_sentence(client, values):
    pack = next(endpoint for endpoint in client.endpoints() if endpoint.name == "pack")
    before = exceptions(client)
    assert client.ask(pack, [None, values]).get("error")
    assert exceptions(client) == before
