"""What do 8 bits cost each checkpoint in right answers, and how much faster are they? In every setting, on this
processor: the right one depends on it.

python benchmarks/eight_bits.py --data fer2013plus_train_valid.parquet [--faces 1500] [--out results/eight-bits.json]

Run it on an idle machine; OMP_NUM_THREADS says on how many cores.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from fer_models.checkpoint import Checkpoint
from fer_models.export.cut import write_parts
from fer_models.export.graph import prepared, write_graph
from fer_models.export.int8 import CALIBRATION, MOST_LOSS, Faces, best_of_8_bits, processor
from fer_models.onnx_parts import Parts
from fer_models.onnx_session import Sessions
from fer_models.paths import CHECKPOINTS
from fer_models.places import find_checkpoints
from fer_models.results import tell
from fer_models.results.eight_bits import EightBits, EightBitsOfAll
from train.data.readers import load_split
from train.measure.command_line import command
from train.measure.provenance import hardware, provenance
from train.measure.scoring import labels_for, scoring_order

ROUNDS = 60  # of one face, in float and in 8 bits by turns


def some_faces(options: argparse.Namespace, split: str, count: int, checkpoint: Checkpoint) -> Faces:
    """So many faces of a split, drawn at random, with the model's places of their expressions."""
    data, _, _ = labels_for(load_split(options.layout, options.data, split), checkpoint)
    rows = scoring_order(data.labels, 0, limit=count)
    crops = [data[int(row)]["image"].convert("RGB") for row in rows]
    return Faces(crops, [int(data.labels[row]) for row in rows], lambda some: checkpoint.pixel_values(some).numpy())


def milliseconds(graphs: list[Sessions | Parts], face: dict[str, np.ndarray]) -> list[float]:
    """Of an answer about one face by each graph; they take turns."""
    times: list[list[float]] = [[] for _ in graphs]
    for number in range(ROUNDS + 5):
        for graph, own in zip(graphs, times, strict=True):
            start = time.perf_counter()
            graph.run(["logits"], face)
            if number >= 5:  # the first are slower
                own.append(1000 * (time.perf_counter() - start))
    return [statistics.median(own) for own in times]


def measured(checkpoint: Checkpoint, options: argparse.Namespace) -> EightBits:
    """One checkpoint, in float and in the best setting of 8 bits."""
    faces = some_faces(options, options.split, options.faces, checkpoint)
    calibration = some_faces(options, options.calibration, min(CALIBRATION, options.faces), checkpoint)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "model.onnx"
        written = write_graph(prepared(checkpoint.model), file, {})
        parts = write_parts(file, written.places, "part") if written.places else []  # as the engine runs them
        made = best_of_8_bits(file, calibration, faces, Path(name))
        graphs = [Parts(Path(name), parts) if parts else Sessions(file), Sessions(made.file)]
        in_float, in_8_bits = milliseconds(graphs, next(faces.some([0]).inputs()))
    report = made.report
    return EightBits(
        float_accuracy=report.float_accuracy,
        accuracy=report.accuracy,
        chosen=report.chosen,
        every=report.every,
        refused=report.accuracy < report.float_accuracy - MOST_LOSS,
        float_milliseconds=in_float,
        milliseconds=in_8_bits,
    )


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="file or folder of the data set")
    parser.add_argument("--layout", default="ferplus_parquet")
    parser.add_argument("--split", default="PublicTest", help="whose faces measure")
    parser.add_argument("--calibration", default="Training", help="the split whose faces say how large features become")
    parser.add_argument("--faces", type=int, default=1500)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of checkpoint folders")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args(arguments)
    found: dict[str, EightBits] = {}
    for folder in find_checkpoints(options.checkpoints):
        checkpoint = Checkpoint(folder, device="cpu")
        found[checkpoint.name] = measured(checkpoint, options)
        print(checkpoint.name, found[checkpoint.name], flush=True)
    result = EightBitsOfAll(
        checkpoints=found,
        faces=options.faces,
        data=f"{options.layout}, {options.split}",
        calibration_faces=min(CALIBRATION, options.faces),
        calibration=options.calibration,
        runtime=f"onnxruntime {onnxruntime.__version__}",
        processor=processor(),
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
