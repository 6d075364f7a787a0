"""Are the faces that this library finds facenet-pytorch's, and how much sooner? On photos composed from a data set.

OMP_NUM_THREADS=1 python benchmarks/finding_faces.py --data fer2013plus_train_valid.parquet \
    [--photos 200] [--out results/benchmark-finding.json]

Every photo has one to six faces of the split, turned a little, on a blurred ground. facenet-pytorch's `MTCNN.detect`
and the cascade with either engine's networks look at each in turn, in one process; with one thread they do not disturb
each other.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import MTCNN
from PIL import Image

from fer_models.export.mtcnn import write_networks
from fer_models.mtcnn import Detections, Networks, find_faces
from fer_models.mtcnn_networks import onnx_networks, torch_networks
from fer_models.results import tell
from fer_models.results.benchmark_finding import BenchmarkFinding, Compared
from train.data.readers import load_split
from train.measure.command_line import command
from train.measure.provenance import hardware, provenance

SMALLEST = 40  # pixels, of a face that is searched for


def composed(faces, seed: int) -> Iterator[np.ndarray]:
    """Photos without end, `(H, W, 3)` uint8, each of other faces in other places."""
    random = np.random.default_rng(seed)
    while True:
        width, height = (int(side) for side in random.integers(400, 1281, 2))
        ground = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        photo = ground.resize((width, height), Image.Resampling.BICUBIC)
        columns, rows = int(random.integers(1, 4)), int(random.integers(1, 3))
        for cell in range(columns * rows):
            room = min(width // columns, height // rows)
            side = int(random.integers(room // 3, room))
            face = faces[int(random.integers(len(faces)))]["image"].convert("L").resize((side, side), Image.BICUBIC)
            mask = Image.new("L", face.size, 255)
            angle = float(random.normal(0, 8))
            face, mask = (one.rotate(angle, Image.Resampling.BICUBIC) for one in (face, mask))
            column, row = cell % columns, cell // columns
            left = column * width // columns + int(random.integers(0, width // columns - side + 1))
            top = row * height // rows + int(random.integers(0, height // rows - side + 1))
            photo.paste(face.convert("RGB"), (left, top), mask)
        yield np.asarray(photo)


def timed(task: Callable[[], object]) -> tuple[object, float]:
    start = time.perf_counter()
    return task(), time.perf_counter() - start


def compared(photos: Iterator[np.ndarray], count: int, engines: dict[str, Networks]) -> tuple[int, dict[str, Compared]]:
    """How many faces facenet-pytorch found, and each engine beside it."""
    package = MTCNN(keep_all=True, min_face_size=SMALLEST)
    ratios: dict[str, list[float]] = {name: [] for name in engines}
    boxes, landmarks = (dict.fromkeys(engines, 0.0) for _ in range(2))
    other_number, total = dict.fromkeys(engines, 0), 0
    for _ in range(count):
        pixels = next(photos)
        with torch.inference_mode():
            (expected, _, points), seconds = timed(lambda pixels=pixels: package.detect(pixels, landmarks=True))
        number = 0 if expected is None else len(expected)
        total += number
        for name, networks in engines.items():
            found, ours = timed(lambda pixels=pixels, networks=networks: find_faces(pixels, networks, SMALLEST))
            assert isinstance(found, Detections)
            ratios[name].append(seconds / ours)
            if len(found.boxes) != number:
                other_number[name] += 1
            elif number:
                boxes[name] = max(boxes[name], float(np.abs(found.boxes - expected.astype(float)).max()))
                landmarks[name] = max(landmarks[name], float(np.abs(found.landmarks - points.astype(float)).max()))
    return total, {
        name: Compared(
            other_number=other_number[name],
            box=boxes[name],
            landmark=landmarks[name],
            times_as_fast=statistics.median(ratios[name]),
        )
        for name in engines
    }


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="parquet file with FER2013 pictures and FER+ votes")
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args(arguments)
    faces = load_split("ferplus_parquet", options.data, options.split)
    with tempfile.TemporaryDirectory() as folder:
        write_networks(Path(folder))
        engines = {"torch": torch_networks(), "onnx": onnx_networks(Path(folder))}
        total, found = compared(composed(faces, options.seed), options.photos, engines)
    result = BenchmarkFinding(
        photos=options.photos,
        faces=total,
        data=f"ferplus, {options.split}",
        seed=options.seed,
        engines=found,
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
