"""How many frames the Live tab shows per second in a real Chromium with a fake camera, and whether its memory grows.

python benchmarks/benchmark_webcam.py [--minutes 10] [--engine onnx] [--against FOLDER --checkpoints FOLDER] \\
    [--out results/benchmark-webcam.json]

The Space is started twice, with the first checkpoint and with the first three; both explain with Grad-CAM and the
models' own attention. A shown frame is one whose picture the browser has loaded (its `load` event). `--against` is a
checkout of an earlier commit, whose own benchmark measures its page between these two, for as long and with the same
checkpoints; `--checkpoints` a folder of those that it can read.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright

from benchmarks.fake_camera import camera_flags, executable, swaying, write_y4m
from benchmarks.running_space import served
from fer_models.analyzer import CHECKPOINTS, find_checkpoints
from fer_models.engines import open_checkpoint
from fer_models.faces import read_photo
from fer_models.files import write_faults_told
from fer_models.looks import looks
from fer_models.paths import ROOT
from fer_models.results import tell
from fer_models.results.benchmark_webcam import BenchmarkWebcam, Earlier, Run
from train.measure.provenance import hardware, provenance

NAME = Path(__file__).name
PHOTO = ROOT / "examples" / "portrait.jpg"
WARM_UP = 5  # seconds that are not counted
SAMPLE_EVERY = 5  # seconds between two looks at the memory
COUNT_LOADS = """() => {
  window.shown = 0;
  document.querySelector('#live').addEventListener('load', event => {
    if (event.target.matches('img.shown')) window.shown += 1;
  }, true);
}"""


def processor_seconds(root: int) -> float:
    """What a process and all that it started have used of the processors so far."""
    parents, used = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            fields = file.read_text(encoding="utf-8").rpartition(")")[2].split()
            process = int(file.parent.name)
            parents[process] = int(fields[1])
            used[process] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    family = {root}
    while grown := {process for process, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(used.get(process, 0.0) for process in family)


def start_camera(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("tab", name="Live").click()
    for box in page.locator("input[name=live-models]").all():
        box.check()
    page.get_by_role("button", name="Start the camera").click()
    page.locator("#live img.shown").wait_for(timeout=60_000)
    page.evaluate(COUNT_LOADS)


def script_of(root: Path) -> Path:
    """This benchmark in an earlier checkout.

    Raises:
        SystemExit: there is none.
    """
    for place in ("benchmarks", "train"):
        if (root / place / NAME).is_file():
            return root / place / NAME
    raise SystemExit(f"error: {root} has no {NAME}; --against wants a checkout of this repository")


def earlier(script: Path, checkpoints: Path, seconds: float, minutes: float) -> Earlier:
    """What the benchmark of an earlier commit says of its own page.

    Raises:
        SystemExit: it failed; the message is what it printed.
    """
    root = script.parents[1]
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "webcam.json"
        words = ["--checkpoints", checkpoints, "--seconds", seconds, "--minutes", minutes, "--out", out]
        environment = os.environ | {"PYTHONPATH": str(root)}
        run = subprocess.run(
            [sys.executable, script, *map(str, words)], cwd=root, env=environment, capture_output=True, text=True
        )
        if run.returncode:
            raise SystemExit(f"error: the benchmark of {root} failed:\n{run.stderr}")
        said = json.loads(out.read_text(encoding="utf-8"))
    runs = {title: one for title, one in said.items() if isinstance(one, dict) and "frames shown per second" in one}
    return Earlier(
        commit=said["commit"][:7],
        shown={title: one["frames shown per second"] for title, one in runs.items()},
        answers={title: statistics.mean(one["answers per second"].values()) for title, one in runs.items()},
        memory={title: one["server memory MB, first quarter and last"][-1] for title, one in runs.items()},
    )


def measure(checkpoints: list[Path], camera: Path, seconds: float, engine: str) -> Run:
    """Frames per second, milliseconds per stage as the page says at the end, and the server's memory over time."""
    with served(["--engine", engine, "--models", *checkpoints]) as space, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=camera_flags(camera))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        start_camera(page, space.address)
        page.wait_for_timeout(1000 * WARM_UP)
        first, start = page.evaluate("window.shown"), time.monotonic()
        before = processor_seconds(space.process.pid), processor_seconds(os.getpid())
        memory = []
        while (passed := time.monotonic() - start) < seconds:
            memory.append(round(space.megabytes(), 1))
            page.wait_for_timeout(1000 * min(SAMPLE_EVERY, max(seconds - passed, 0.1)))
        shown, passed = page.evaluate("window.shown") - first, time.monotonic() - start
        server, everything = (
            after - earlier
            for after, earlier in zip(
                (processor_seconds(space.process.pid), processor_seconds(os.getpid())), before, strict=True
            )
        )
        timing = page.locator("#live .timing").inner_text()
        uploads = space.uploaded_megabytes()
        browser.close()
    per_frame, _, per_answer = timing.partition("per frame:")[2].partition("per answer:")
    stages = re.findall(r"([\w -]+?) (\d+) ms", per_frame)
    titles = {look.title: name for name, look in looks(checkpoint.name for checkpoint in checkpoints).items()}
    told = re.findall(r"([\w.+ -]+?) (\d+) ms, ([\d.]+) a second", per_answer)
    answers = [(titles[title.strip()], taken, rate) for title, taken, rate in told]
    quarter = max(len(memory) // 4, 1)
    return Run(
        models=tuple(checkpoint.name for checkpoint in checkpoints),
        seconds=round(passed, 1),
        shown=round(shown / passed, 2),
        said=float(re.search(r"([\d.]+) frames per second", timing)[1]),
        frame_milliseconds={stage.strip(): int(value) for stage, value in stages},
        answer_milliseconds={model: int(value) for model, value, _ in answers},
        answers={model: float(rate) for model, _, rate in answers},
        processor_milliseconds={
            "server": round(1000 * server / max(shown, 1)),
            "browser": round(1000 * (everything - server) / max(shown, 1)),
        },
        memory=(round(sum(memory[:quarter]) / quarter, 1), round(sum(memory[-quarter:]) / quarter, 1)),
        written_megabytes=round(uploads, 1),
    )


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of checkpoint folders")
    parser.add_argument("--minutes", type=float, default=0.5, help="how long to measure with three models")
    parser.add_argument("--seconds", type=float, default=20, help="how long to measure with one model")
    parser.add_argument("--engine", choices=("torch", "onnx"), default="torch", help="of the Space (default: torch)")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout of an earlier commit")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    checkpoints = find_checkpoints(options.checkpoints.resolve())
    if options.engine == "onnx":
        for checkpoint in checkpoints:
            open_checkpoint(checkpoint, "onnx")  # exports it, where that was not done yet
    script, against = script_of(options.against.resolve()) if options.against else None, None
    with tempfile.TemporaryDirectory() as folder:
        camera = Path(folder) / "face.y4m"
        write_y4m(swaying(read_photo(PHOTO)), camera)
        runs = {"one model": measure(checkpoints[:1], camera, options.seconds, options.engine)}
        if script:
            against = earlier(script, options.checkpoints.resolve(), options.seconds, options.minutes)
        if len(checkpoints) > 1:
            runs[f"{min(len(checkpoints), 3)} models"] = measure(
                checkpoints[:3], camera, 60 * options.minutes, options.engine
            )
    result = BenchmarkWebcam(
        camera="640 x 480, 30 frames per second, one face",
        runs=runs,
        engine=options.engine,
        earlier=against,
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
