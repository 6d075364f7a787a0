"""How long things take on this machine: detect, forward, explain; training with and without loading; start-up, memory.

python train/benchmark.py [--checkpoint checkpoints/pattlite-ferplus] [--out results/benchmark.json]
"""

import argparse
import io
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import datasets  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from fer_models import EXPRESSIONS, FERImageProcessor  # noqa: E402
from fer_models.analyzer import Checkpoint  # noqa: E402
from fer_models.faces import FaceDetector, read_photo  # noqa: E402
from train.augmentation import Collator  # noqa: E402
from train.cpu import keep_freed_memory  # noqa: E402
from train.face_dataset import FaceDataset  # noqa: E402
from train.initial_weights import build_model  # noqa: E402
from train.recipe import Stage, load_config  # noqa: E402

PHOTO = ROOT / "examples" / "portrait.jpg"


def interleaved(tasks: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each task; the tasks take turns, so that a busy moment hits all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def photo_times(folder: Path, rounds: int) -> dict[str, float]:
    """Milliseconds per photo with one face, warm: detection, the plain forward pass, answer with Grad-CAM and maps."""
    checkpoint, detector, photo = Checkpoint(folder), FaceDetector(), read_photo(PHOTO)
    photo.thumbnail((640, 640))
    crops = checkpoint.crops(photo, detector.detect(photo)[:1])
    pixel_values = checkpoint.processor(crops, return_tensors="pt")["pixel_values"]

    def forward() -> torch.Tensor:
        with torch.inference_mode():
            return checkpoint.model(pixel_values).logits

    times = interleaved(
        {
            "detect": lambda: detector.detect(photo),
            "forward": forward,
            "answer": lambda: checkpoint.predict(crops, method=None),
            "answer and explain": lambda: checkpoint.predict(crops, method="gradcam"),
        },
        rounds,
    )
    times["explained / plain"] = (times["detect"] + times["answer and explain"]) / (times["detect"] + times["forward"])
    return times


def random_faces(count: int) -> FaceDataset:
    """48 x 48 PNGs of noise, which are decoded whenever they are asked for, as real ones are."""
    generator = np.random.default_rng(0)
    encoded = []
    for _ in range(count):
        buffer = io.BytesIO()
        Image.fromarray(generator.integers(0, 256, (48, 48), dtype=np.uint8)).save(buffer, "PNG")
        encoded.append({"bytes": buffer.getvalue(), "path": None})
    table = datasets.Dataset.from_dict({"image": encoded}).cast_column("image", datasets.Image())
    return FaceDataset(table, np.zeros(count, dtype=np.int64), EXPRESSIONS)


def training_speed(config_file: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Pictures per second of a training step at each stage of the recipe, with loading and augmentation and without."""
    config = load_config(config_file)
    config.backbone = None  # speed does not depend on the weights
    speeds = {}
    for stage in config.recipe.stages:
        model = build_model(config, None).train().to(memory_format=torch.channels_last)
        for name in stage.frozen:
            model.get_submodule(name).eval().requires_grad_(False)
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
        speeds[stage.name] = _stage_speed(
            model, optimizer, stage, config, FERImageProcessor(**config.processor), rounds
        )
    return speeds


def _stage_speed(model, optimizer, stage: Stage, config, processor, rounds: int) -> dict[str, float]:
    faces, rows = random_faces(stage.batch_size), list(range(stage.batch_size))
    collate = Collator(processor, stage.image_size or model.config.image_size, config.recipe.augmentation, True)
    fixed = collate(faces.__getitems__(rows))

    def step(batch: dict[str, torch.Tensor]) -> None:
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    times = interleaved(
        {
            "step alone": lambda: step(fixed),
            "loading and augmentation alone": lambda: collate(faces.__getitems__(rows)),
            "step with loading": lambda: step(collate(faces.__getitems__(rows))),
        },
        rounds,
    )
    return {name: 1000 * stage.batch_size / value for name, value in times.items()}


def space_start(checkpoints: Path) -> dict[str, float]:
    """Seconds until the Space answers, and its peak memory in MB after it has answered a photo."""
    from gradio_client import Client, handle_file

    with tempfile.TemporaryFile("w+") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--checkpoints", str(checkpoints)],
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            address = None
            while address is None:
                time.sleep(0.05)
                if process.poll() is not None:
                    raise SystemExit("error: the Space did not start; run python app.py to see why")
                log.seek(0)
                address = re.search(r"http://127\.0\.0\.1:\d+", log.read())
            seconds = time.perf_counter() - start
            client = Client(address.group(), verbose=False)
            client.predict(handle_file(str(PHOTO)), api_name="/explain")
            status = Path(f"/proc/{process.pid}/status").read_text()
        finally:
            process.terminate()
            process.wait(10)
    return {"start-up seconds": seconds, "peak memory MB": int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "pattlite-ferplus")
    parser.add_argument("--config", type=Path, default=ROOT / "hub_configs" / "pattlite-ferplus.yaml")
    parser.add_argument("--rounds", type=int, default=20, help="for the photo; training steps take a quarter of it")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    keep_freed_memory()
    figures = {
        "machine": {
            "processor": platform.machine(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "space": space_start(options.checkpoint.parent),
        "milliseconds per photo, one face": photo_times(options.checkpoint, options.rounds),
        "training, pictures per second": training_speed(options.config, max(options.rounds // 4, 2)),
    }
    text = json.dumps(
        json.loads(json.dumps(figures), parse_float=lambda value: round(float(value), 2)), indent=2, ensure_ascii=False
    )
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
