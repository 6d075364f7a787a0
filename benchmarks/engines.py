"""The same work by each engine, in a process of its own for each; they take turns, one piece of work at a time.

python benchmarks/engines.py [--rounds 20] [--against FOLDER --checkpoints FOLDER] [--photos 200] [--install] \\
    [--space] [--out results/benchmark-engines.json]

Both engines in one process would wait for each other's threads. `--against` is a checkout of an earlier commit, which
answers with the same weights; `--checkpoints` a folder of those that it can read. `--photos` also gives the command
line a folder of so many. `--install` also installs the package with the extra onnx into a fresh environment and
measures that; `--space` starts the Space with each, which explains a photo and checks its maps. Run it on an idle
machine; OMP_NUM_THREADS says how many cores each process has.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fer_models.files import write_faults_told

PHOTO = "portrait.jpg"  # of examples/
MODEL = "pattlite-ferplus"  # of the command line


@contextmanager
def worker(engine: str, sources: Path, checkpoints: Path, examples: Path) -> Iterator[Callable[[str], str]]:
    """A process that serves with the package of `sources`: a line in, a line out. The first line is its pieces."""
    words = [sys.executable, str(Path(__file__).with_name("engine_worker.py").resolve())]
    words += [engine, str(checkpoints), str(examples)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(sources)}, cwd=sources, **pipes)

    def ask(line: str) -> str:
        if line:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise SystemExit(f"error: the process of {engine} ended; what it printed says why")
        return answer

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(60)


def _pieces(name: str, line: str) -> list[str]:
    """The pieces of work that a process begins by naming."""
    try:
        return json.loads(line)
    except ValueError as error:
        raise SystemExit(
            f"error: the process of {name} does not begin; an earlier commit may not know every checkpoint: give "
            "--checkpoints a folder of those that it knows"
        ) from error


def command_line(engine: str | None, sources: Path, photos: Path, checkpoint: Path) -> tuple[float, float]:
    """Seconds of a command line with a photo or a folder of them, and its peak memory in MB."""
    words = [sys.executable, "-m", "fer_models", str(photos), "--model", str(checkpoint)]
    words += [] if engine is None else ["--engine", engine]
    start = time.perf_counter()
    # a process in between, so that the memory is that of this child alone
    measured = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)"
    )
    run = subprocess.run(
        [sys.executable, "-c", measured, *words],
        env=os.environ | {"PYTHONPATH": str(sources)},
        cwd=sources,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise SystemExit(f"error: {' '.join(words)} failed:\n{run.stderr}")
    return time.perf_counter() - start, int(run.stdout) / (1024 if sys.platform == "linux" else 2**20)


def space(engine: str | None, sources: Path, checkpoints: Path) -> tuple[float, float]:
    """Seconds until the Space of these sources is there, and its peak memory in MB after its first page and after it
    has answered and explained a photo, and measured what its maps are worth."""
    from gradio_client import Client, handle_file

    from benchmarks.running_space import served

    words = ["--checkpoints", checkpoints, *([] if engine is None else ["--engine", engine])]
    with served(words, sources) as running:
        client = Client(running.address, verbose=False, download_files=False)
        client.predict(handle_file(str(sources / "examples" / PHOTO)), trust=True, api_name="/explain")
        return running.start_up, running.megabytes("VmHWM")


def folder_of_photos(folder: Path, count: int, photo: Path) -> Path:
    """The folder, with so many copies of a photo."""
    folder.mkdir()
    for number in range(count):
        shutil.copy(photo, folder / f"{number:05d}{photo.suffix}")
    return folder


def installed_megabytes(root: Path, extra: str) -> int:
    """All that installing the package with an extra brings into a fresh environment, but pip."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python, site = Path(folder) / "bin/python", next(Path(folder).glob("lib/python*/site-packages"))
        before = _bytes(site)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{root}[{extra}]"], check=True)
        return round((_bytes(site) - before) / 2**20)


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--starts", type=int, default=3, help="how often the command line is started with each engine")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout of an earlier commit")
    parser.add_argument("--photos", type=int, metavar="N", help="a folder of N photos from the command line, too")
    parser.add_argument("--space", action="store_true", help="the start and the memory of the Space, too")
    parser.add_argument("--install", action="store_true", help="measure the size of the extra onnx too")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    parser.add_argument("--checkpoints", type=Path, help="folder of checkpoint folders (default: checkpoints/)")
    options = parser.parse_args()
    if options.photos is not None and options.photos < 1:
        parser.error("--photos must be 1 or more")
    measure(options)


def multiply_adds(side: int = 2048, times: int = 20) -> float:
    """How many of them a second a product of two float32 matrices `(side, side)` comes to in torch."""
    import torch

    matrix, seconds = torch.rand(side, side), []
    for _ in range(times):
        start = time.perf_counter()
        torch.mm(matrix, matrix)
        seconds.append(time.perf_counter() - start)
    return side**3 / statistics.median(seconds)


def floors(pieces: list[str], macs: dict[str, int], rate: float) -> dict[str, float]:
    """Milliseconds below which an answer cannot get at that rate, by the pieces of work that are one network's."""
    return {
        piece: 1000 * count / rate
        for piece in pieces
        for name, count in macs.items()
        if piece.startswith(f"{name}: answer, ")
    }


def measure(options: argparse.Namespace) -> None:
    """Time it all, print it, and write it."""
    import torch

    from fer_models.checkpoint import Checkpoint
    from fer_models.engines import open_checkpoint
    from fer_models.paths import CHECKPOINTS, EXAMPLES, ROOT
    from fer_models.places import find_checkpoints
    from fer_models.results import tell
    from fer_models.results.benchmark_engines import BenchmarkEngines, ProgramRun
    from train.measure.provenance import hardware, provenance
    from train.measure.scoring import describe

    load = os.getloadavg()[0]
    checkpoints = (options.checkpoints or CHECKPOINTS).resolve()
    folders = find_checkpoints(checkpoints)
    for folder in folders:
        open_checkpoint(folder, "onnx")  # exports it, where that was not done yet
    engines = {"torch": ("torch", ROOT), "onnx": ("onnx", ROOT)}
    if options.against:
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=options.against, capture_output=True, text=True, check=True
        )
        engines[commit.stdout.strip()] = ("torch", options.against.resolve())
    times: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(worker(engine, sources, checkpoints, EXAMPLES))
            for name, (engine, sources) in engines.items()
        }
        known = [_pieces(name, ask("")) for name, ask in workers.items()]
        of_both = set(known[0]) & set(known[1])  # an earlier commit may know fewer
        pieces = [piece for piece in known[0] if piece in of_both]
        for number in range(options.rounds + 1):
            for piece in pieces:
                for (name, ask), knows in zip(workers.items(), known, strict=True):
                    if piece not in knows:
                        continue
                    milliseconds = float(ask(piece))
                    if number:  # the first is slower
                        times.setdefault(piece, {}).setdefault(name, []).append(milliseconds)
    model = next((folder for folder in folders if folder.name == MODEL), folders[0])

    def medians(run: Callable[[str | None, Path], tuple[float, float]], times: int) -> dict[str, ProgramRun]:
        runs = {
            name: [run(engine if sources == ROOT else None, sources) for _ in range(times)]
            for name, (engine, sources) in engines.items()
        }
        return {
            name: ProgramRun(
                seconds=statistics.median(seconds for seconds, _ in of_one),
                peak_megabytes=statistics.median(megabytes for _, megabytes in of_one),
            )
            for name, of_one in runs.items()
        }

    def from_the_command_line(photos: Path, times: int) -> dict[str, ProgramRun]:
        return medians(lambda engine, sources: command_line(engine, sources, photos, model), times)

    start, many = from_the_command_line(EXAMPLES / PHOTO, options.starts), None
    page = (
        medians(lambda engine, sources: space(engine, sources, checkpoints), options.starts) if options.space else None
    )
    if options.photos:
        with tempfile.TemporaryDirectory() as name:
            photos = folder_of_photos(Path(name) / "photos", options.photos, EXAMPLES / PHOTO)
            many = from_the_command_line(photos, 1)
    rate = multiply_adds()
    macs = {folder.name: describe(Checkpoint(folder, device="cpu")).macs for folder in folders}
    result = BenchmarkEngines(
        milliseconds={
            piece: {name: statistics.median(values) for name, values in by_engine.items()}
            for piece, by_engine in times.items()
        },
        start=start,
        photos=options.photos,
        many=many,
        space=page,
        rounds=options.rounds,
        load=load,
        hardware=hardware(torch.device("cpu")),
        installed_megabytes={"onnx": installed_megabytes(ROOT, "onnx")} if options.install else None,
        multiply_adds=rate,
        floor=floors(list(times), macs, rate),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
