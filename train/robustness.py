"""Accuracy against the severity of seven corruptions, for one checkpoint or several, with one picture for all.

    python train/robustness.py checkpoints/pattlite-ferplus checkpoints/ddamfn-ferplus --layout ferplus_parquet \
        --data fer2013plus.parquet --split PublicTest --limit 500

Every picture is scored once as it is and once for each kind and strength: 36 times. Checkpoints that were measured
before on the same pictures are drawn too.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np

from fer_models.results import read_folder, write
from fer_models.results.robustness import Point, Robustness
from train.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from train.data.readers import FaceDataset
from train.measure import metrics
from train.measure.command_line import add_arguments, command, measured_checkpoints, result_file
from train.measure.plots import plot_severity
from train.measure.provenance import provenance
from train.measure.scoring import Checkpoint, score


def accuracy_by_severity(
    checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray, batch_size: int, seed: int
) -> dict[str, tuple[Point, ...]]:
    """Kind of corruption -> accuracy at each severity from 0.

    Args:
        data: with the model's class ids. rows: `(S,)` row numbers.
    """

    def accuracy(kind: str, severity: int) -> Point:
        change = partial(corrupt, kind, severity, seed) if severity else None
        scores = score(checkpoint, data, rows, batch_size, change, f"{checkpoint.name}, {kind} {severity}")
        correct = scores.logits.argmax(axis=1) == data.labels[scores.rows]
        return Point(len(correct), float(correct.mean()), metrics.share_interval(correct, seed))

    clean = accuracy("clean", 0)
    return {kind: (clean, *(accuracy(kind, severity) for severity in SEVERITIES[1:])) for kind in CORRUPTIONS}


def comparable(folder: Path, result: Robustness) -> dict[str, dict[str, tuple[Point, ...]]]:
    """The accuracies of all checkpoints in `folder` that were measured on the same pictures as `result`, by name."""
    results = [other for _, other in read_folder(folder) if isinstance(other, Robustness)]
    return {other.checkpoint.name: other.accuracy for other in results if other.sample == result.sample}


@command
def main(arguments: list[str] | None = None) -> Path:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        accuracy = accuracy_by_severity(checkpoint, data, rows, 64, options.shuffle_seed)
        result = Robustness(accuracy=accuracy, **sample, **provenance())
        path = result_file(options.out, f"{checkpoint.name}-robustness", result.data)
        write(path, result)
        print(f"{checkpoint.name}: {len(rows)} pictures, accuracy in % at severity 0 to {SEVERITIES[-1]}")
        for kind, points in accuracy.items():
            print(f"  {kind:16}" + "".join(f"{100 * point.value:7.1f}" for point in points))
        print(path)
    title = f"{result.data.name} {result.data.split}, {result.n_samples} pictures"
    picture = result_file(options.out, "robustness", result.data).with_suffix(".png")
    plot_severity(comparable(options.out, result), title, picture)
    print(picture)
    return picture


if __name__ == "__main__":
    main()
