"""Does memory grow with the length of a video? The command line follows one of a minute and one of an hour.

python benchmarks/long_videos.py [--seconds 60 3600] [--fps 1] [--out results/long-videos.json]

Both show the same swaying face, so that nothing but the length differs.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.fake_camera import swaying
from fer_models.files import write_faults_told
from fer_models.paths import CHECKPOINTS, EXAMPLES, ROOT
from fer_models.photo import read_photo
from fer_models.results import tell
from fer_models.results.long_videos import Followed, LongVideos
from tests.support.clips import write_clip
from train.measure.provenance import hardware, provenance

MODEL = "pattlite-ferplus"
RATE = 10  # frames a second of the video
SWAY = 30  # frames after which it begins again
PEAK = (  # a process in between, so that the memory is that of the command alone
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
)


def followed(video: Path, fps: float) -> Followed:
    """The command line on one video, in a process of its own."""
    table = video.with_suffix(".csv")
    words = [sys.executable, "-m", "fer_models", str(video), "--model", str(CHECKPOINTS / MODEL)]
    words += ["--fps", f"{fps:g}", "--engine", "torch", "--out", str(table)]
    start = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", PEAK, *words], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
    took = time.perf_counter() - start
    kilobytes = int(run.stdout.strip().splitlines()[-1])
    rows = len(table.read_text(encoding="utf-8").splitlines()) - 1
    return Followed(round(kilobytes / (1024 if sys.platform == "linux" else 2**20), 1), round(took, 1), rows)


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, nargs="+", default=[60, 3600], help="how long the videos last")
    parser.add_argument("--fps", type=float, default=1.0, help="answers a second")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    face = read_photo(EXAMPLES / "portrait.jpg")
    frames = list(swaying(face, frames=SWAY))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for seconds in options.seconds:
            pictures = itertools.islice(itertools.cycle(frames), seconds * RATE)
            video = write_clip(Path(folder) / f"{seconds}.mp4", pictures, RATE)
            found[seconds] = followed(video, options.fps)
            print(f"{seconds} s: {found[seconds]}", flush=True)
    result = LongVideos(
        followed=found,
        fps=options.fps,
        size=frames[0].size,
        model=MODEL,
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
