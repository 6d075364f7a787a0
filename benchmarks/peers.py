"""How long do we take for a photo, its face found and its expression named, beside what else one would install? Each in
a process of its own; they take turns, one photo at a time.

python -m venv peers && peers/bin/pip install fer
npm install --prefix peers @vladmandic/face-api @vladmandic/human @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
OMP_NUM_THREADS=2 python benchmarks/peers.py --python peers/bin/python --node-modules peers/node_modules \\
    [--rounds 30] [--out results/peers.json]

One that is not installed is left out with a word. Run it on an idle machine; OMP_NUM_THREADS says how many cores each
process has, but for TensorFlow.js, whose wasm has one in node.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch
from PIL import Image

from fer_models.checkpoint import CheckpointError
from fer_models.engines import open_checkpoint
from fer_models.paths import CHECKPOINTS, EXAMPLES, ROOT
from fer_models.results import tell
from fer_models.results.peers import Peer, Peers
from train.measure.command_line import command
from train.measure.provenance import hardware, provenance

HERE = Path(__file__).parent
PYTHON, NODE = HERE / "peer_worker.py", HERE / "peer_worker.mjs"
MODEL = CHECKPOINTS / "pattlite-ferplus"
WARM_UP = 3  # photos of each before times count


@dataclass(frozen=True)
class Asked:
    """A process that answers: what it is called, what it said of the photo, and its pipes."""

    name: str
    faces: tuple[str, ...]
    to: IO[str]
    answers: IO[str]

    def milliseconds(self) -> float:
        """Of the photo, once more."""
        self.to.write("again\n")
        self.to.flush()
        line = self.answers.readline()
        if not line:
            raise CheckpointError(f"{self.name} ended while it was timed")
        return float(line)


@contextmanager
def process(words: list[str], threads: int) -> Iterator[Asked | str]:
    """A process that waits for lines, or, if it does not start, the last line of what it said."""
    counts = dict.fromkeys(
        ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENCV_FOR_THREADS_NUM"), str(threads)
    )
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": said, "text": True}
        running = subprocess.Popen(words, env=os.environ | counts | {"PYTHONPATH": str(ROOT)}, **pipes)
        try:
            line = running.stdout.readline()
            if line:
                told = json.loads(line)
                yield Asked(told["name"], tuple(told["faces"]), running.stdin, running.stdout)
            else:
                said.seek(0)
                lines = [line for line in said.read().splitlines() if line.strip()]
                faults = [line for line in lines if "Error" in line]
                yield (faults or lines or ["it said nothing"])[-1]
        finally:
            running.stdin.close()
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                running.kill()


def commands(options: argparse.Namespace, photo: list[str]) -> dict[str, list[str] | str]:
    """What starts each, or why it cannot start."""
    found: dict[str, list[str] | str] = {
        engine: [sys.executable, str(PYTHON), engine, *photo, str(options.model)] for engine in ("onnx", "torch")
    }
    for name in ("fer", "fer-mtcnn"):
        found[name] = [str(options.python), str(PYTHON), name, *photo] if options.python else "pass --python"
    node = shutil.which("node")
    for name in ("face-api", "human"):
        if node and options.node_modules:
            found[name] = [node, str(NODE), name, *photo, str(options.node_modules.absolute())]
        else:
            found[name] = "pass --node-modules" if node else "there is no node"
    return found


def measure(options: argparse.Namespace) -> None:
    """Time them all, print it, and write it."""
    load, threads = os.getloadavg()[0], int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    open_checkpoint(options.model, "onnx")  # exports it, where that was not done yet
    picture = Image.open(options.photo).convert("RGB")
    left_out: list[str] = []
    with ExitStack() as stack:
        pixels = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "photo.rgb"
        pixels.write_bytes(picture.tobytes())
        asked: dict[str, Asked] = {}
        for name, words in commands(options, [str(pixels), str(picture.width), str(picture.height)]).items():
            one = words if isinstance(words, str) else stack.enter_context(process(words, threads))
            if isinstance(one, Asked):
                asked[name] = one
            elif name in ("onnx", "torch"):
                raise CheckpointError(f"{options.model} does not answer: {one}")
            else:
                left_out.append(name)
                print(f"{name} is left out: {one}")
        times: dict[str, list[float]] = {name: [] for name in asked}
        for number in range(WARM_UP + options.rounds):
            for name, one in asked.items():
                milliseconds = one.milliseconds()
                if number >= WARM_UP:
                    times[name].append(milliseconds)
    peers = [
        Peer(
            name=one.name,
            ours=name in ("onnx", "torch"),
            faces=one.faces,
            milliseconds=statistics.median(times[name]),
            ratio=statistics.median(theirs / own for theirs, own in zip(times[name], times["onnx"], strict=True)),
        )
        for name, one in asked.items()
    ]
    result = Peers(
        peers=tuple(sorted(peers, key=lambda peer: peer.milliseconds)),
        photo=f"{options.photo.name}, {picture.width} x {picture.height}",
        rounds=options.rounds,
        left_out=tuple(left_out),
        load=load,
        threads=threads,
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=EXAMPLES / "portrait.jpg", help="with one face")
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of our checkpoint")
    parser.add_argument("--python", type=Path, help="the Python that has fer")
    parser.add_argument("--node-modules", type=Path, metavar="FOLDER", help="where the packages of npm are")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    measure(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
