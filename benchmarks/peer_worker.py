"""One photo, its face found and its expression named, in a process of its own: what `benchmarks/peers.py` times. A line
on standard input asks for one time, and the milliseconds that it took come back; the first line says what answers.

python benchmarks/peer_worker.py {onnx,torch} photo.rgb WIDTH HEIGHT CHECKPOINT
python benchmarks/peer_worker.py {fer,fer-mtcnn} photo.rgb WIDTH HEIGHT
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np


def ours(engine: str, photo: np.ndarray, checkpoint: Path) -> tuple[str, Callable[[], list[str]]]:
    """This package with one model, without maps, as the others make none."""
    from PIL import Image

    from fer_models.analyzer import Analyzer

    analyzer, picture = Analyzer([checkpoint], engine=engine, device="cpu"), Image.fromarray(photo)
    name = next(iter(analyzer.checkpoints))

    def run() -> list[str]:
        return [face[name].expression for face in analyzer.analyze(picture, method=None).predictions]

    return f"{name}, {engine}", run


def fer(photo: np.ndarray, mtcnn: bool) -> tuple[str, Callable[[], list[str]]]:
    """`fer`, which wants its colours as OpenCV has them; by itself it finds faces with a cascade of Haar features."""
    from fer.fer import FER

    detector, bgr = FER(mtcnn=mtcnn), np.ascontiguousarray(photo[..., ::-1])

    def run() -> list[str]:
        return [max(face["emotions"], key=face["emotions"].get) for face in detector.detect_emotions(bgr)]

    return f"fer {version('fer')}, {'MTCNN' if mtcnn else 'Haar cascade'}", run


def serve(who: str, pixels: Path, width: int, height: int, checkpoint: str | None) -> None:
    """Answer as often as a line comes."""
    out, sys.stdout = sys.stdout, sys.stderr  # what else is printed is no answer
    photo = np.frombuffer(pixels.read_bytes(), dtype=np.uint8).reshape(height, width, 3)
    name, run = fer(photo, who == "fer-mtcnn") if checkpoint is None else ours(who, photo, Path(checkpoint))
    print(json.dumps({"name": name, "faces": run()}), file=out, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print(1000 * (time.perf_counter() - start), file=out, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), (sys.argv[5:] or [None])[0])
