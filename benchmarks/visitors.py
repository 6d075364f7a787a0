"""Many visitors at once: does everyone get an answer or a polite "busy", nobody an error, and does memory stay bounded?

python benchmarks/visitors.py [--visitors 20] [--rounds 14] [--crowd 80] [--out results/load.json]

The Space runs in a process of its own. In each round every visitor uploads a photo that nobody has sent before and asks
for its expressions, and every other one for the maps of a face as well, all at the same moment. The last round is a
crowd that is larger than the queue. Exit code 1 if anything but an answer or a "busy" came back, or if a round took
more memory than the ones before it did. The Space remembers 200 sessions, so memory levels off after ten rounds.
"""

import argparse
import io
import logging
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError
from PIL import Image

from benchmarks.running_space import RunningSpace, served
from fer_models.files import write_faults_told
from fer_models.paths import ROOT
from fer_models.results import write
from fer_models.results.load import Load, Machine, Round
from train.measure.provenance import provenance

PHOTOS = [ROOT / "examples" / name for name in ("portrait.jpg", "several_faces.jpg", "hard_light.jpg", "no_face.jpg")]
PATIENCE = 300  # seconds until a visitor who hears nothing counts as one who got nothing
GROWTH = 1.05  # the last ordinary round may need this much of what the one at three quarters needed


def new_photo(number: int, folder: Path) -> Path:
    """A photo that differs from every other number's, so that nothing can be answered from memory."""
    source = PHOTOS[number % len(PHOTOS)]
    file = folder / f"{number}.jpg"
    with Image.open(source) as photo:
        photo = photo.convert("RGB")
        photo.putpixel((number % photo.width, number // photo.width), (255, 0, 255))
        buffer = io.BytesIO()
        photo.save(buffer, "JPEG", quality=90)
    file.write_bytes(buffer.getvalue() + number.to_bytes(4, "big"))  # JPEG readers stop before what follows the picture
    return file


def coming_from(visitor: int) -> dict[str, str]:
    """What the Hub's proxy would say about one of many visitors: an address of their own."""
    return {"X-Forwarded-For": f"198.51.100.{visitor % 250 + 1}"}


def visit(
    address: str, photo: Path, explain: bool, start: threading.Barrier, visitor: int = 0
) -> tuple[str, float, str]:
    """What one visitor gets: "answered", "busy" or "error", after how many seconds, and the error's words."""
    client = Client(address, verbose=False, download_files=False, headers=coming_from(visitor))
    start.wait()
    begun = time.perf_counter()
    try:
        found = client.submit(handle_file(photo), api_name="/analyze").result(timeout=PATIENCE)
        if explain and found["faces"]:
            client.submit(handle_file(photo), api_name="/explain").result(timeout=PATIENCE)
        return "answered", time.perf_counter() - begun, ""
    except QueueError:
        return "busy", time.perf_counter() - begun, ""
    except (AppError, ValueError, TimeoutError, OSError) as error:
        return "error", time.perf_counter() - begun, f"{type(error).__name__}: {error}"
    finally:
        client.close()


def measure(space: RunningSpace, visitors: int, first: int, folder: Path) -> Round:
    """A round of visitors who come at the same moment; their photos are numbered from `first`."""
    photos = [new_photo(first + visitor, folder) for visitor in range(visitors)]
    start = threading.Barrier(visitors)
    with ThreadPoolExecutor(visitors) as pool:
        visits = [
            pool.submit(visit, space.address, photo, visitor % 2 == 0, start, visitor)
            for visitor, photo in enumerate(photos)
        ]
        results = [one.result() for one in visits]
    counts = Counter(outcome for outcome, _, _ in results)
    seconds = [passed for outcome, passed, _ in results if outcome == "answered"]
    return Round(
        visitors,
        counts["answered"],
        counts["busy"],
        counts["error"],
        round(statistics.median(seconds), 2) if seconds else None,
        round(max(seconds), 2) if seconds else None,
        round(space.megabytes(), 1),
        round(space.uploaded_megabytes(), 2),
        tuple(sorted({problem for _, _, problem in results if problem})),
    )


def table(rounds: list[Round]) -> str:
    """The rounds as people read them."""
    head = ("visitors", "answered", "busy", "errors", "median s", "slowest s", "memory MB", "uploads MB")
    lines = ["".join(f"{title:>12}" for title in head)]
    for one in rounds:
        values = astuple(one)[: len(head)]
        lines.append("".join(f"{'–' if value is None else value:>12}" for value in values))
        lines += [f"    {problem}" for problem in one.problems]
    return "\n".join(lines)


def verdict(ordinary: list[Round], crowd: Round | None) -> list[str]:
    """What is wrong, in sentences; nothing if all is well."""
    wrong = []
    for one in [*ordinary, *([crowd] if crowd else [])]:
        if one.errors or one.answered + one.busy != one.visitors:
            wrong.append(f"{one.errors} of {one.visitors} visitors got an error")
    before = ordinary[3 * len(ordinary) // 4].megabytes
    if ordinary[-1].megabytes > GROWTH * before:
        wrong.append(f"memory grew from {before} MB to {ordinary[-1].megabytes} MB")
    if crowd and not crowd.answered:
        wrong.append("nobody of the crowd got an answer")
    return wrong


@write_faults_told()
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=20, help="at once, in an ordinary round")
    parser.add_argument("--rounds", type=int, default=14)
    parser.add_argument("--crowd", type=int, default=80, help="visitors of the last round; 0 leaves it out")
    parser.add_argument("--models", nargs="+", default=[], help="names or folders, as app.py takes them")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args(arguments)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    ordinary: list[Round] = []
    crowd = None
    space_arguments = ["--models", *options.models] if options.models else []
    with served(space_arguments) as space, tempfile.TemporaryDirectory() as folder:
        at_start = round(space.megabytes(), 1)
        models = len(Client(space.address, verbose=False).predict(api_name="/models"))
        for number in range(options.rounds):
            ordinary.append(measure(space, options.visitors, number * options.visitors, Path(folder)))
        if options.crowd:
            crowd = measure(space, options.crowd, options.rounds * options.visitors, Path(folder))
        peak = round(space.megabytes("VmHWM"), 1)
    rounds = [*ordinary, *([crowd] if crowd else [])]
    wrong = verdict(ordinary, crowd)
    print(table(rounds))
    print(f"memory: {at_start} MB at the start, {peak} MB at most; {models} models")
    print("\n".join(wrong) or "everyone got an answer or was told that the Space is busy")
    if options.out:
        result = Load(
            machine=Machine(platform.machine(), len(os.sched_getaffinity(0))),
            models=models,
            start_megabytes=at_start,
            peak_megabytes=peak,
            rounds=tuple(rounds),
            wrong=tuple(wrong),
            **provenance(),
        )
        write(options.out, result)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
