"""Archives with and without Ray: pictures a second beside today's command, and memory over ten times as many.

python benchmarks/archives.py [--pictures 2000] [--large 20000] [--out results/archives.json]

Each command runs in a process of its own; its memory is that of all the processes that it starts, sampled twice a
second, a page that several share counted once. The rate is taken between the first row and the last, as starting takes
the same for any archive.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import torch
from PIL import Image

from fer_models.archive.listing import list_archive
from fer_models.files import write_faults_told
from fer_models.parquet import write_parquet
from fer_models.paths import CHECKPOINTS, EXAMPLES, ROOT
from fer_models.photo import read_photo
from fer_models.results import tell
from fer_models.results.archives import Archives, Run
from train.measure.provenance import hardware, provenance

MODEL = "pattlite-ferplus"
SIZE = (480, 360)  # pixels of a picture
DIFFERENT = 100  # pictures; the others are links to them, under names of their own
EVERY = 0.5  # seconds between two looks at memory and rows


def write_pictures(folder: Path, count: int) -> Path:
    """A folder of pictures, each with the same face at one of `DIFFERENT` places."""
    face = read_photo(EXAMPLES / "portrait.jpg").resize((300, 300))
    for number in range(count):
        file = folder / f"{number // 1000:03}" / f"{number:06}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        first = folder / "000" / f"{number % DIFFERENT:06}.jpg"
        if number >= DIFFERENT:
            os.link(first, file)
            continue
        picture = Image.new("RGB", SIZE, "gray")
        picture.paste(face, (10 + number, 30 + number % 30))
        picture.save(file, quality=85)
    return folder


class Watch:
    """What a process and all that it starts take, and how its table grows, until it ends."""

    def __init__(self, process: subprocess.Popen, table: Path):
        self.peak = self.driver = self.cpu = 0.0  # bytes, bytes, seconds
        self.rows: list[tuple[float, int]] = []  # when, and how many
        self._process, self._table = process, table
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        driver = psutil.Process(self._process.pid)
        while self._process.poll() is None:
            try:
                times, own = driver.cpu_times(), driver.memory_full_info().pss
                everyone = own + sum(map(_memory, driver.children(recursive=True)))
            except psutil.Error:  # it has just ended
                break
            self.cpu = times.user + times.system
            self.driver, self.peak = max(self.driver, own), max(self.peak, everyone)
            count = self.count()
            if count > 0 and (not self.rows or count > self.rows[-1][1]):
                self.rows.append((time.perf_counter(), count))
            time.sleep(EVERY)

    def count(self) -> int:
        """Rows of the table so far."""
        if not self._table.exists():
            return 0
        with self._table.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b"")) - 1

    def ended(self) -> None:
        """Returns when it has."""
        self._thread.join()


def _memory(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def measured(folder: Path, table: Path, pictures: int, workers: int) -> Run:
    """The command over a folder; without Ray for 0 workers.

    Raises:
        SystemExit: it failed, or rows are missing.
    """
    words = [sys.executable, "-m", "fer_models", str(folder), "--model", str(CHECKPOINTS / MODEL)]
    words += ["--engine", "torch", "--out", str(table)]
    words += ["--runner", "ray", "--workers", str(workers)] if workers else []
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    start = time.perf_counter()
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    watch = Watch(process, table)
    code = process.wait()
    end = time.perf_counter()
    watch.ended()
    rows = watch.count()
    if code or rows != pictures:
        sys.exit(f"error: the command ended with code {code} and {rows} rows about {pictures} pictures")
    begun, first = watch.rows[0]
    last, before = watch.rows[-1]
    steady = (before - first) / (last - begun) if last > begun else rows / (end - start)
    return Run(
        runner="ray" if workers else "here",
        workers=workers,
        pictures=pictures,
        seconds=round(end - start, 1),
        rate=round(steady, 2),
        peak_megabytes=round(watch.peak / 2**20, 1),
        driver_megabytes=round(watch.driver / 2**20, 1),
        driver_seconds=round(watch.cpu, 1),
    )


def _seconds(task) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2000, help="of the archive whose rates are compared")
    parser.add_argument("--large", type=int, default=20000, help="pictures of the one whose memory is compared")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as place:
        small = write_pictures(Path(place) / "small", options.pictures)
        large = write_pictures(Path(place) / "large", options.large)
        asked = [(small, options.pictures, 0), (small, options.pictures, 1), (small, options.pictures, 2)]
        for number, (folder, pictures, workers) in enumerate([*asked, (large, options.large, 2)]):
            table = Path(place) / f"{number}.csv"
            runs.append(measured(folder, table, pictures, workers))
            print(runs[-1], flush=True)
        listed = options.large / _seconds(lambda: list_archive([large]))
        to_parquet = options.large / _seconds(lambda: write_parquet(table, Path(place) / "large.parquet"))
    result = Archives(
        runs=runs,
        listed=listed,
        to_parquet=to_parquet,
        size=SIZE,
        model=MODEL,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
