"""What `benchmarks/engines.py` times, in a process of its own: a line on standard input names a piece of work, and the
milliseconds that it took come back. The package may be an earlier commit's, so nothing here is newer than that.

python benchmarks/engine_worker.py ENGINE CHECKPOINTS EXAMPLES
"""

import importlib.util
import inspect
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

PHOTO, GROUP = "portrait.jpg", "several_faces.jpg"  # of examples/
MANY = 32  # faces in a pass


def work(analyzer, examples: Path) -> dict[str, tuple[Callable[[], object], int]]:
    """The pieces of work by name, each with the number that its time is divided by. Nothing here is newer than the
    earliest commit that this is compared with."""
    from PIL import Image

    small = Image.open(examples / PHOTO).convert("RGB")
    group, large = Image.open(examples / GROUP).convert("RGB"), Image.new("RGB", (1280, 960))
    for top in range(0, large.height, group.height):
        for left in range(0, large.width, group.width):
            large.paste(group, (left, top))
    face = small.crop((170, 55, 290, 175)).resize((96, 96))
    pieces: dict[str, tuple[Callable[[], object], int]] = {}
    for photo in (small, large):
        size = f"{photo.width} x {photo.height}"
        pieces[f"finding faces, {size}"] = (lambda photo=photo: analyzer.detector.detect(photo), 1)
    for name, checkpoint in analyzer.checkpoints.items():
        for count in (1, MANY):
            for method, what in ((None, "answer"), ("gradcam", "answer with maps")):
                title = f"{name}: {what}, {'one face' if count == 1 else f'{count} faces, per face'}"
                pieces[title] = (lambda c=checkpoint, n=count, m=method: c.predict([face] * n, m), count)
        if importlib.util.find_spec("fer_models.integrated_gradients"):
            pieces[f"{name}: integrated gradients, one face"] = (
                lambda c=checkpoint: c.predict([face], "integrated"),
                1,
            )
    everything = f"photo of one face to the answers and maps of {len(analyzer.checkpoints)} models"
    pieces[everything] = (lambda: analyzer.analyze(small), 1)
    return pieces


def serve(engine: str, checkpoints: Path, examples: Path) -> None:
    """Do what standard input names, a line each, and say how many milliseconds it took."""
    from fer_models.analyzer import Analyzer

    sources = sorted(path for path in checkpoints.glob("[!.]*") if path.is_dir())
    knows = "engine" in inspect.signature(Analyzer).parameters
    pieces = work(Analyzer(sources, engine=engine) if knows else Analyzer(sources), examples)
    out, sys.stdout = sys.stdout, sys.stderr  # what else is printed is no answer
    print(json.dumps(list(pieces)), file=out, flush=True)
    for line in sys.stdin:
        task, count = pieces[line.strip()]
        start = time.perf_counter()
        task()
        print(1000 * (time.perf_counter() - start) / count, file=out, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
