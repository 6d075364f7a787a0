"""An archive on Ray: names -> a pool of workers that have loaded the models -> lines, as a stream of Ray Data.

The names go out in blocks, and a block's lines come back as one row per picture or video, which the command writes. A
worker or a node that dies is replaced by Ray, which does the block again; no row of it was given before. What kills
whoever reads it is asked about once more by itself and then told as unreadable.
"""

import logging
import os
import socket
import sys
import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import cast

from fer_models.archive.answerer import Answered, Answerer, Asked, unread
from fer_models.archive.faults import RunnerError
from fer_models.archive.layouts import layout_of
from fer_models.archive.listing import Item
from fer_models.archive.places import is_address
from fer_models.errors import CheckpointError, ExportError
from fer_models.extras import MissingExtraError, needed_for
from fer_models.schema import Origin

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told that it runs
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # a worker that dies is no news, see below
with needed_for("the runner ray"):
    import ray
    from ray.exceptions import RayError
with needed_for("the runner ray"):  # after Ray, whose extra brings it too
    import pyarrow as pa

PICTURES = (16, 256)  # of a block: a pass of the models, and what a worker that dies does again at most
BLOCKS = 20  # for each worker at least, so that all end together
RETRIES = 1  # of a block whose worker died, before its pictures are asked about one by one
STORE = 200 * 2**20  # bytes of shared memory where Ray is started here: names and lines are small
FAILED = -1  # in place of a number: the worker cannot answer at all
REACH = 5.0  # seconds in which a cluster must answer
KILLED = "The process that read it was killed, more than once; the file may be made to do that, or too large."

_NAMES = pa.schema(
    [
        ("number", pa.int64()),
        ("name", pa.binary()),
        ("video", pa.bool_()),
        ("bytes", pa.int64()),
        ("modified", pa.string()),
    ]
)
_LINES = pa.schema(
    [("number", pa.int64()), ("lines", pa.large_binary()), ("faces", pa.int64()), ("error", pa.large_string())]
)


class Worker:
    """One core's work: the models, loaded once, and what they say about a block of names.

    Args:
        sources: those of the command line that the driver sees, which the worker must see too.
        weights: by model, those that the answers are to come from.

    What it has against all of them, such as other weights than the driver's, it tells in place of answers: raised, it
    would look as if the worker had died, and be asked about again and again.
    """

    def __init__(self, asked: Asked, folder: str, sources: Sequence[str], weights: dict[str, str]):
        self.fault: str | None = None
        os.environ["OMP_NUM_THREADS"] = "1"  # the other cores have workers of their own
        if torch := sys.modules.get("torch"):
            torch.set_num_threads(1)
        try:
            self.answerer = _loaded(asked, folder, sources, weights)
        except Exception as error:
            self.fault = _sentence(error)

    def __call__(self, block: pa.Table) -> pa.Table:
        """`_NAMES` -> `_LINES`, a row for a row; or one row that says why there are none."""
        try:
            told = [] if self.fault else self._told(block.to_pylist())
        except Exception as error:
            self.fault = _sentence(error)
        if self.fault:
            told = [{"number": FAILED, "error": self.fault}]
        return pa.Table.from_pylist(told, schema=_LINES)

    def _told(self, rows: list[dict]) -> list[dict]:
        items = [Item(os.fsdecode(row["name"]), row["video"], row["bytes"], row["modified"]) for row in rows]
        told: list[dict] = []
        lines: list[str] = []
        faces = 0
        for part in self.answerer.answer(items, workers=0):
            lines.append(part.lines)
            faces += part.faces
            if part.ended:
                text = "".join(lines).encode(errors="surrogateescape")
                told.append({"number": rows[len(told)]["number"], "lines": text, "faces": faces, "error": part.error})
                lines, faces = [], 0
        return told


def _loaded(asked: Asked, folder: str, sources: Sequence[str], weights: dict[str, str]) -> Answerer:
    host = socket.gethostname()
    with suppress(OSError):
        os.chdir(folder)  # names on the command line are relative to it
    unseen = [source for source in sources if not is_address(source) and not Path(source).exists()]
    if unseen:
        raise RunnerError(f"{host} has no {unseen[0]}; put it where every node sees it, or at an address (s3://…)")
    answerer = Answerer(asked)
    if answerer.origin["weights"] != weights:
        raise RunnerError(f"{host} has other weights of the models; put the same on every node")
    return answerer


def _sentence(error: Exception) -> str:
    known = isinstance(error, (CheckpointError, ExportError, MissingExtraError, RunnerError))
    return str(error) if known else f"a worker failed ({type(error).__name__}: {error})"


class RayRunner:
    """Workers on a cluster, or on a Ray that is started here and ends with it. A context manager.

    Args:
        asked: as for `Answerer`.
        sources: of the command line.
        address: of the cluster; `RAY_ADDRESS` by default, and where that is not set, none.
        workers: how many; by default one for each core of the cluster.
        worker: what answers.

    Raises:
        RunnerError: the cluster is not there.
    """

    def __init__(
        self,
        asked: Asked,
        sources: Iterable[object],
        address: str | None = None,
        workers: int | None = None,
        worker: type[Worker] = Worker,
    ):
        self.asked, self.folder = asked, str(Path.cwd())
        self.sources = [str(one) for one in sources if is_address(one) or Path(str(one)).exists()]
        self._worker = worker
        self._ours = not ray.is_initialized()
        if self._ours:
            _connect(address or os.environ.get("RAY_ADDRESS"), workers)
        resources = ray.cluster_resources()
        self.workers = workers or max(1, int(resources.get("CPU", 1)))
        gpus = 0.0 if asked.device == "cpu" else resources.get("GPU", 0.0)
        self.gpus = min(1.0, gpus / self.workers)  # of one, for each worker: they find faces on their cores

    def __enter__(self) -> "RayRunner":
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            ray.shutdown()

    def answer(self, items: Sequence[Item], origin: Origin, expressions: list[str]) -> Iterator[Answered]:
        """About the items, in their order as far as none is waited for too long, each once.

        Args:
            origin, expressions: those that an `Answerer` here has; workers with other weights are refused.

        Raises:
            RunnerError: the cluster was lost, or the workers cannot answer.
        """
        asked = self.asked
        layout = layout_of(asked.kind, asked.as_csv, origin, expressions, bool(asked.method))
        waiting = set(range(len(items)))
        most = min(max(len(items) // (BLOCKS * self.workers), PICTURES[0]), PICTURES[1])
        for size in (most, 1):  # what is missing then was in a block whose workers died
            answers = self._pass(items, sorted(waiting), size, origin["weights"])
            for number, answered in in_order(answers, sorted(waiting), patience=4 * size * self.workers):
                if number in waiting:
                    waiting.remove(number)
                    yield answered
            if not waiting:
                return
        yield from (unread(layout, items[number], KILLED, asked.kind) for number in sorted(waiting))

    def _pass(
        self, items: Sequence[Item], numbers: Sequence[int], size: int, weights: dict[str, str]
    ) -> Iterator[tuple[int, Answered]]:
        """Each item's number and lines, as they are done, without those whose workers died."""
        blocks = [_block(items, some) for some in blocks_of(items, numbers, size)]
        _quiet()
        context = ray.data.DataContext.get_current()
        context.max_errored_blocks = -1
        context.execution_options.preserve_order = False  # a block that is done again would hold up all others
        workers = min(self.workers, len(blocks))
        with warnings.catch_warnings(action="ignore"):  # from Ray 2.64 on the last two will have other names
            lines = ray.data.from_arrow(blocks).map_batches(
                self._worker,
                fn_constructor_args=(self.asked, self.folder, self.sources, weights),
                batch_size=None,
                batch_format="pyarrow",
                # One in hand and one waiting; but who waits dies too, so not where each is asked about by itself.
                compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=min(size, 2)),
                num_cpus=1,
                num_gpus=self.gpus,
                max_restarts=-1,
                max_task_retries=RETRIES,
            )
        try:
            for batch in lines.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                for row in cast(pa.Table, batch).to_pylist():
                    if row["number"] == FAILED:
                        raise RunnerError(row["error"])
                    text = row["lines"].decode(errors="surrogateescape")
                    item = items[row["number"]]
                    yield row["number"], Answered(item, text, row["faces"], row["error"])
        except RayError as error:
            why = str(error).strip().splitlines()[0]
            raise RunnerError(f"the workers cannot go on ({why}); the same command goes on once they can") from error


def blocks_of(items: Sequence[Item], numbers: Iterable[int], size: int) -> Iterator[list[int]]:
    """`size` pictures that follow each other, or a video."""
    for is_video, some in groupby(numbers, key=lambda number: items[number].is_video):
        some = list(some)
        step = 1 if is_video else size
        yield from (some[first : first + step] for first in range(0, len(some), step))


def _block(items: Sequence[Item], numbers: Sequence[int]) -> pa.Table:
    rows = [(number, items[number]) for number in numbers]
    return pa.Table.from_pylist(
        [
            {"number": number, "name": os.fsencode(item.name), "video": item.is_video}
            | {"bytes": item.bytes, "modified": item.modified}
            for number, item in rows
        ],
        schema=_NAMES,
    )


def in_order(
    answers: Iterable[tuple[int, Answered]], numbers: Sequence[int], patience: int
) -> Iterator[tuple[int, Answered]]:
    """The answers in the order of `numbers`; where more than `patience` wait for one, they go before it."""
    held: dict[int, Answered] = {}
    given: set[int] = set()  # before their turn
    turn = 0
    for number, answered in answers:
        held[number] = answered
        while turn < len(numbers) and (numbers[turn] in held or numbers[turn] in given):
            if numbers[turn] in held:
                yield numbers[turn], held.pop(numbers[turn])
            given.discard(numbers[turn])
            turn += 1
        if len(held) > patience:
            yield from sorted(held.items())
            given.update(held)
            held.clear()
    yield from sorted(held.items())


def _connect(address: str | None, workers: int | None) -> None:
    if address and address not in ("local", "auto"):
        _reach(address)
    if not address or address == "local":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        with _without_stderr():
            ray.init(
                "local",
                num_cpus=max(cores, workers or 0),
                object_store_memory=STORE,
                include_dashboard=False,
                logging_level=logging.CRITICAL,
                log_to_driver=False,
            )
        return
    try:
        with _without_stderr():
            ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
    except (RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:  # other versions, no Ray there
        why = str(error).strip().splitlines()[0]
        raise RunnerError(f"no Ray cluster at {address} ({why}); start one with `ray start --head`") from error


@contextmanager
def _without_stderr() -> Generator[None]:
    """Ray's C++ prints there by itself, whatever it is told; what matters is raised."""
    with Path(os.devnull).open("w") as nowhere:
        kept = os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _reach(address: str) -> None:
    """Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()
    except (OSError, ValueError) as error:
        why = error.strerror or error if isinstance(error, OSError) else "it must be HOST:PORT"
        raise RunnerError(
            f"no Ray cluster at {address} ({why}); start one with `ray start --head`, or leave out --address and "
            "RAY_ADDRESS"
        ) from error


def _quiet() -> None:
    """Ray Data tells of each worker that dies, with its stack; what came of it stands in the rows."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL + 1)


__all__ = ["KILLED", "RayRunner", "Worker", "blocks_of", "in_order"]
