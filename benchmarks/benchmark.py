"""How long things take on this machine: detect, forward, explain; training with and without loading; start-up, memory.

python benchmarks/benchmark.py [--checkpoints checkpoints] [--out results/benchmark.json]
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import datasets
import numpy as np
import torch
from PIL import Image

from benchmarks.running_space import served
from fer_models import EXPRESSIONS, FERImageProcessor
from fer_models.analyzer import CHECKPOINTS, find_checkpoints
from fer_models.checkpoint import Checkpoint
from fer_models.detector import FaceDetector
from fer_models.faces import crop_face, read_photo
from fer_models.files import write_faults_told
from fer_models.paths import ROOT
from fer_models.results import tell
from fer_models.results.benchmark import Benchmark, FaceTimes, SpaceStart, TrainingSpeed
from train.config.initial_weights import build_model
from train.config.recipe import Stage, load_config
from train.data.face_dataset import FaceDataset
from train.loop.augmentation import Collator
from train.loop.cpu import keep_freed_memory
from train.measure.provenance import hardware, provenance

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


def photo_times(folders: Sequence[Path], rounds: int) -> dict[str, float | FaceTimes]:
    """Milliseconds per photo with one face, warm: detection; for each checkpoint the plain forward pass, the answer,
    and the answer with Grad-CAM and the model's own maps."""
    detector, photo = FaceDetector(), read_photo(PHOTO)
    photo.thumbnail((640, 640))
    faces = detector.detect(photo)[:1]
    detect = {"detect": lambda: detector.detect(photo)}
    figures: dict[str, float | FaceTimes] = dict(interleaved(detect, rounds))
    for folder in folders:
        checkpoint = Checkpoint(folder, device="cpu")
        crops = [crop_face(photo, face, checkpoint.face_margin) for face in faces]
        times = interleaved(detect | _answers(checkpoint, crops), rounds)
        found, forward, explained = times["detect"], times["forward"], times["answer and explain"]
        slowdown = (found + explained) / (found + forward)
        figures[checkpoint.name] = FaceTimes(
            forward=forward, answer=times["answer"], explained=explained, slowdown=slowdown
        )
    return figures


def _answers(checkpoint: Checkpoint, crops: list[Image.Image]) -> dict[str, Callable[[], object]]:
    pixel_values = checkpoint.pixel_values(crops)

    def forward() -> torch.Tensor:
        with torch.inference_mode():
            return checkpoint.quick(pixel_values).logits

    return {
        "forward": forward,
        "answer": lambda: checkpoint.predict(crops, method=None),
        "answer and explain": lambda: checkpoint.predict(crops, method="gradcam"),
    }


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


def training_speed(config_file: Path, rounds: int) -> dict[str, TrainingSpeed]:
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


def _stage_speed(model, optimizer, stage: Stage, config, processor, rounds: int) -> TrainingSpeed:
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
    speeds = {name: 1000 * stage.batch_size / value for name, value in times.items()}
    return TrainingSpeed(
        step=speeds["step alone"], loading=speeds["loading and augmentation alone"], both=speeds["step with loading"]
    )


def space_start(checkpoints: Path) -> SpaceStart:
    """Seconds until the Space answers, and its peak memory in MB after it has answered and explained a photo."""
    from gradio_client import Client, handle_file

    with served(["--checkpoints", checkpoints, "--engine", "torch"]) as space:  # as where nothing was exported yet
        client = Client(space.address, verbose=False, download_files=False)
        client.predict(handle_file(str(PHOTO)), api_name="/explain")
        return SpaceStart(seconds=space.start_up, peak_megabytes=space.megabytes("VmHWM"))


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of checkpoint folders")
    parser.add_argument("--config", type=Path, default=ROOT / "hub_configs" / "pattlite-ferplus-imagenet.yaml")
    parser.add_argument("--rounds", type=int, default=20, help="for the photo; training steps take a quarter of it")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    keep_freed_memory()
    result = Benchmark(
        space=space_start(options.checkpoints),
        photo=photo_times(find_checkpoints(options.checkpoints), options.rounds),
        training=training_speed(options.config, max(options.rounds // 4, 2)),
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
