"""What looking at the mirror image of each face too adds to the answers (`mirror=True`), in twice the time.

python train/mirrored.py checkpoints/* --config hub_configs/pattlite-ferplus.yaml --data fer2013plus.parquet
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import ImageOps

from fer_models.results import Number, percent, write
from fer_models.results.mirrored import Looked, Mirrored
from train.data.readers import DataError
from train.measure import metrics
from train.measure.command_line import add_arguments, command, measured_checkpoints, result_file
from train.measure.provenance import provenance
from train.measure.scoring import Checkpoint, score


def looked(checkpoint: Checkpoint, logits: np.ndarray, labels: np.ndarray, seed: int) -> Looked:
    """`(N, C)` logits and `(N,)` labels -> what the answers are worth."""
    shares = checkpoint.probabilities(torch.from_numpy(logits)).numpy()
    predictions, classes = shares.argmax(axis=1), shares.shape[1]
    confusion = metrics.confusion_matrix(labels, predictions, classes)

    def number(measure: Callable[[np.ndarray], np.ndarray]) -> Number:
        interval = metrics.confusion_interval(measure, labels, predictions, classes, seed)
        return Number(float(measure(confusion)), interval)

    return Looked(
        accuracy=number(metrics.accuracy),
        mean_class_accuracy=number(metrics.mean_class_accuracy),
        ece=metrics.expected_calibration_error(shares.max(axis=1), predictions == labels),
    )


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the result file of the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        plain = score(checkpoint, data, rows, 64, progress=checkpoint.name)
        if plain.unreadable:
            raise DataError(f"the picture {data.ids[plain.unreadable[0]]} cannot be read")
        turned = score(checkpoint, data, rows, 64, lambda picture, _: ImageOps.mirror(picture), "mirrored")
        labels, both = data.labels[plain.rows], (plain.logits + turned.logits) / 2
        right = [logits.argmax(axis=1) == labels for logits in (both, plain.logits)]
        test = metrics.paired_test(*right, sample["seed"])
        result = Mirrored(
            plain=looked(checkpoint, plain.logits, labels, sample["seed"]),
            mirror=looked(checkpoint, both, labels, sample["seed"]),
            only_mirror=test["only_first"],
            only_plain=test["only_second"],
            p_value=test["p_value"],
            difference=Number(**test["difference"]),
            **sample,
            **provenance(),
        )
        path = result_file(options.out, f"{checkpoint.name}-mirrored", sample["data"])
        write(path, result)
        words = [f"{percent(one.accuracy.value, 2)}" for one in (result.plain, result.mirror)]
        print(f"{checkpoint.name}: {words[0]}, with the mirror image {words[1]} (p = {result.p_value:.2g})\n{path}")
    return path


if __name__ == "__main__":
    main()
