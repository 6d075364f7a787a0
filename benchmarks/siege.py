"""A siege of a running Space, against this machine alone: does every hostile visitor get a sentence, does nothing of
theirs stay, and is an honest visitor beside them served?

python benchmarks/siege.py [--files 2000] [--seed 0] [--models NAME ...] [--out results/siege.json]

Hostile pictures and clips by a seeded generator, uploads that break off, odd requests, a client with 60 jobs, 80
visitors at once, faults of a stand-in Hub, and every way to end the process with visitors' files on the disk. Exit
code 1 if something was not as it should be.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import re
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from benchmarks.hostile import Hostile, hostile_files
from benchmarks.running_space import RunningSpace, served
from benchmarks.visitors import coming_from, new_photo
from fer_models.errors import CheckpointError
from fer_models.files import write_faults_told
from fer_models.hub import checkpoint_folder
from fer_models.paths import CHECKPOINTS
from fer_models.results import write
from fer_models.results.siege import Crowd, Sent, Siege, Turns
from space.routes import CLOSED
from tests.support.hub_client import point_client_at
from tests.support.hub_server import HubServer
from tests.support.space_client import MARK, Endpoint, SpaceClient, in_place
from train.measure.provenance import provenance

MODEL = "pattlite-ferplus"
JOBS, CROWD = 60, 80
WORKERS = 2  # hostile clients at a time; every file comes from an address of its own
TIMES = 3  # an honest visitor waits at most so many answers' time
GROWTH = 1.05
SETTLED = 500  # files after which the Space remembers as many sessions, and has as many threads, as it ever does
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL)
FAULTS = ("hang", "reset", "cut", "flip", "garbage", "html", 401, 404, 429, 500, 503)
WORDS = ("", "x", 5000 * "x", "\0", "../..", "=1+1")
JUNK = (None, 0, -1, 1e308, True, [], [[]], {}, {"path": 3}, {"a": {"b": []}}, *WORDS)
PATH = re.compile(r"(?<![\w<])/(?:\w[\w.-]*/)+\w")  # of a file, in a sentence

Answered = tuple[str, str]  # "answered", "refused" or "failed", and what was told


def client_of(address: str, visitor: int) -> SpaceClient:
    """A client with an address of its own."""
    client = SpaceClient(address)
    client.http.headers.update(coming_from(visitor))
    return client


def told(output: dict) -> Answered:
    """What an answer comes to. A fault of ours is told too, and names a number of the log: that one failed."""
    sentence = output.get("error")
    if sentence is None and "data" in output:
        return "answered", ""
    if not sentence or "server’s log" in sentence:
        return "failed", str(sentence)
    return "refused", str(sentence)


def send(client: SpaceClient, endpoints: dict[str, Endpoint], file: Hostile) -> Answered:
    """Upload a hostile file and ask about it."""
    try:
        path = client.upload(file.name, file.content)
    except httpx.HTTPStatusError as error:
        return "refused" if error.response.status_code < 500 else "failed", error.response.text
    endpoint = endpoints["on_go" if file.clip else "analyze"]
    return told(client.ask(endpoint, in_place(endpoint.values, 0, {"path": path} | MARK)))


def hostile_visitors(
    address: str, files: Iterable[Hostile], endpoints: dict[str, Endpoint], workers: int = WORKERS
) -> tuple[dict[str, Sent], list[str]]:
    """What became of the files, by kind; and the sentences that show a path."""
    counts: dict[str, Counter[str]] = {}
    shown: list[str] = []
    local = threading.local()
    lock = threading.Lock()

    def one(numbered: tuple[int, Hostile]) -> None:
        number, file = numbered
        if not hasattr(local, "client"):
            local.client = client_of(address, number)
        local.client.http.headers.update(coming_from(number))
        how, sentence = send(local.client, endpoints, file)
        with lock:
            counts.setdefault(file.kind, Counter())[how] += 1
            if PATH.search(sentence):
                shown.append(sentence)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, enumerate(files)))
    return {
        kind: Sent(count.total(), count["answered"], count["refused"], count["failed"])
        for kind, count in sorted(counts.items())
    }, shown


def broken_uploads(address: str, count: int, chance: random.Random) -> None:
    """Uploads whose senders leave in the middle."""
    place = urlsplit(address)
    for _ in range(count):
        with socket.create_connection((place.hostname, place.port), 10) as connection:
            head = (
                "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
                '--b\r\nContent-Disposition: form-data; name="files"; filename="cut.jpg"\r\n\r\n'
            )
            connection.sendall(head.encode() + chance.randbytes(chance.randrange(100_000)))


def odd_requests(client: SpaceClient, endpoints: Sequence[Endpoint], chance: random.Random, count: int) -> int:
    """Requests to closed addresses, and jobs with values that fit no component; how many.

    Raises:
        AssertionError: a closed address was open.
    """
    for path in sorted(CLOSED):
        asked = re.sub(r"{[^}]*}", "x", path)
        for method in ("GET", "POST"):
            assert client.http.request(method, asked).status_code == 404, path
    for _ in range(count):
        endpoint = chance.choice(endpoints)
        values = [chance.choice(JUNK) for _ in endpoint.values]
        client.ask(endpoint, values[: chance.randrange(len(values) + 2)] if chance.random() < 0.1 else values)
    return 2 * len(CLOSED) + count


def honest_visits(address: str, photos: Iterator[Path], analyze: Endpoint, stop: Callable[[], bool]) -> list[float]:
    """Seconds until each answer of a visitor who comes with a new photo again and again, until `stop`."""
    client, seconds = client_of(address, 249), []
    while not stop():
        path = client.upload("mine.jpg", next(photos).read_bytes())
        start = time.perf_counter()
        assert told(client.ask(analyze, in_place(analyze.values, 0, {"path": path})))[0] == "answered"
        seconds.append(time.perf_counter() - start)
        time.sleep(0.2)
    return seconds


@contextlib.contextmanager
def honest_visitor(address: str, photos: Iterator[Path], analyze: Endpoint) -> Iterator[list[float]]:
    """An honest visitor for as long as the block lasts; the list then holds the seconds of each answer."""
    done, seconds = threading.Event(), []
    with ThreadPoolExecutor(1) as pool:
        visits = pool.submit(honest_visits, address, photos, analyze, done.is_set)
        try:
            yield seconds
        finally:
            done.set()
        seconds += visits.result()


def join(client: SpaceClient, endpoint: Endpoint, values: list, session: str) -> bool:
    """Whether a job was taken into the line."""
    job = {"fn_index": endpoint.number, "data": values, "session_hash": session}
    return client.http.post("/gradio_api/queue/join", json=job).status_code == 200


def greedy(address: str, photos: Iterator[Path], analyze: Endpoint, quiet: float, jobs: int = JOBS) -> Turns:
    """One client asks for many answers at once; then a visitor comes with one photo."""
    client, visitor = client_of(address, 100), client_of(address, 101)
    paths = [client.upload("many.jpg", next(photos).read_bytes()) for _ in range(jobs)]
    mine = visitor.upload("mine.jpg", next(photos).read_bytes())
    for number, path in enumerate(paths):
        join(client, analyze, in_place(analyze.values, 0, {"path": path}), f"greedy{number}")
    start = time.perf_counter()
    assert told(visitor.ask(analyze, in_place(analyze.values, 0, {"path": mine})))[0] == "answered"
    waited = time.perf_counter() - start
    deadline = time.monotonic() + 300
    while visitor.http.get("/healthz").json()["waiting"] and time.monotonic() < deadline:
        time.sleep(0.5)
    return Turns(jobs, round(quiet, 3), round(waited, 3))


def crowd(address: str, photos: Iterator[Path], analyze: Endpoint, visitors: int = CROWD) -> Crowd:
    """So many visitors at the same moment."""
    files = [next(photos).read_bytes() for _ in range(visitors)]
    start = threading.Barrier(visitors)

    def visit(number: int) -> str:
        client = client_of(address, number)
        with contextlib.suppress(httpx.HTTPError):
            start.wait()
            path = _when_free(lambda: client.upload("mine.jpg", files[number]))
            return told(client.ask(analyze, in_place(analyze.values, 0, {"path": path})))[0]
        return "busy" if client.http.get("/healthz").status_code == 200 else "lost"

    with ThreadPoolExecutor(visitors) as pool:
        counts = Counter(pool.map(visit, range(visitors)))
    return Crowd(visitors, counts["answered"], counts["busy"], visitors - counts["answered"] - counts["busy"])


def _when_free(upload: Callable[[], str]) -> str:
    """An upload, tried again where the server says that it is busy, as a visitor would."""
    for pause in (1, 2, 4, 8):
        try:
            return upload()
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 503:
                raise
            time.sleep(pause)
    return upload()


def hub_faults(name: str, faults: Sequence = FAULTS) -> int:
    """How many faults of a stand-in Hub end a load in one sentence."""
    sentences = 0
    for fault in faults:
        with HubServer() as hub, tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
            point_client_at(hub, Path(home), patch)
            patch.setenv("FER_HUB_ORG", "org")
            hub.add("org/elsewhere", CHECKPOINTS / name)
            hub.fail(".*", fault)
            try:
                checkpoint_folder("elsewhere")
            except CheckpointError as error:
                sentences += "\n" not in str(error)
    return sentences


def files_left(how: signal.Signals, arguments: Sequence[str]) -> int:
    """Files of visitors after the process was ended so, with a page open and a job running; after SIGKILL, at the next
    start."""
    with tempfile.TemporaryDirectory() as kept:
        with served(arguments, uploads=Path(kept)) as space:
            client = client_of(space.address, 1)
            (analyze,) = (one for one in client.endpoints() if one.name == "analyze")
            path = client.upload("mine.jpg", (CHECKPOINTS.parent / "examples" / "portrait.jpg").read_bytes())
            broken_uploads(space.address, 3, random.Random(0))
            join(client, analyze, in_place(analyze.values, 0, {"path": path}), "open")
            space.process.send_signal(how)
            space.process.wait(60)
        if how == signal.SIGKILL:
            with served(arguments, uploads=Path(kept)):
                pass
        return sum(file.is_file() for file in Path(kept).rglob("*"))


def exceptions(client: SpaceClient) -> int:
    """How many reached the end of a handler or a route, as the server's own hook counts them."""
    found = re.findall(r"^space_exceptions_total{.*} (\S+)$", client.http.get("/metrics").text, re.MULTILINE)
    return int(sum(map(float, found)))


def besiege(space: RunningSpace, files: int, seed: int, folder: Path) -> dict:
    """All that needs a running Space; the fields of a `Siege`."""
    client = client_of(space.address, 248)
    listed = client.endpoints()
    endpoints = {endpoint.name: endpoint for endpoint in listed}
    analyze, chance = endpoints["analyze"], random.Random(seed)
    photos = (new_photo(number, folder) for number in itertools.count())
    with honest_visitor(space.address, photos, analyze):
        hostile_visitors(space.address, hostile_files(min(SETTLED, files), seed + 1), endpoints)
    turns = iter(range(6))
    quiet = statistics.median(honest_visits(space.address, photos, analyze, stop=lambda: next(turns, None) is None)[1:])
    before = space.megabytes()
    with honest_visitor(space.address, photos, analyze) as seconds:
        sent, shown = hostile_visitors(space.address, hostile_files(files, seed), endpoints)
        broken_uploads(space.address, files // 10, chance)
        odd = odd_requests(client, listed, chance, files // 10)
    beside = statistics.median(seconds)
    after = space.megabytes()
    return {
        "files": sent,
        "cut_uploads": files // 10,
        "odd_requests": odd,
        "paths_shown": len(shown),
        "megabytes": (round(before, 1), round(after, 1)),
        "quiet": round(quiet, 3),
        "beside": round(beside, 3),
        "greedy": greedy(space.address, photos, analyze, quiet),
        "crowd": crowd(space.address, photos, analyze),
        "exceptions": exceptions(client),
    }


def verdict(siege: Siege) -> list[str]:
    """What is not as it should be, in sentences."""
    failed = sum(sent.failed for sent in siege.files.values())
    checks = {
        f"{failed} files were neither answered nor refused in a sentence": failed,
        f"{siege.exceptions} exceptions reached the end of a handler": siege.exceptions,
        f"{siege.paths_shown} sentences show a path": siege.paths_shown,
        f"files were left: {siege.files_left}": any(siege.files_left.values()),
        "a fault of the Hub is not one sentence": siege.hub_faults != siege.hub_sentences,
        f"memory went from {siege.megabytes[0]} to {siege.megabytes[1]} MB": siege.megabytes[1]
        > GROWTH * siege.megabytes[0],
        f"an honest visitor waited {siege.beside} s instead of {siege.quiet} s": siege.beside > TIMES * siege.quiet,
        f"a visitor waited {siege.greedy.waited} s beside {siege.greedy.jobs} jobs": siege.greedy.waited
        > TIMES * siege.greedy.answer,
        f"{siege.crowd.lost} of {siege.crowd.visitors} visitors were lost": siege.crowd.lost,
    }
    return [sentence for sentence, wrong in checks.items() if wrong]


@write_faults_told()
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000, help="hostile pictures and clips")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", nargs="+", default=[MODEL], help="names or folders, as app.py takes them")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args(arguments)
    for how in ENDS[:-1]:
        signal.signal(
            how, signal.SIG_DFL
        )  # a shell makes what runs in the background deaf to some, and so its children
    space_arguments = ["--models", *(str(CHECKPOINTS / one) for one in options.models)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_METRICS", "1")
        with served(space_arguments) as space:
            found = besiege(space, options.files, options.seed, Path(folder))
    siege = Siege(
        seed=options.seed,
        cores=len(os.sched_getaffinity(0)),
        files_left={how.name: files_left(how, space_arguments) for how in ENDS},
        hub_faults=len(FAULTS),
        hub_sentences=hub_faults(options.models[0]),
        **found,
        **provenance(),
    )
    wrong = verdict(siege)
    print(json.dumps(found | {"files_left": siege.files_left}, default=vars, indent=1))
    print("\n".join(wrong) or "everything was as it should be")
    if options.out:
        write(options.out, siege)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
