"""How often models that agree are right, and whether the mean of their answers is better than the best of them.

python train/agreement.py checkpoints/* --config hub_configs/pattlite-ferplus.yaml --data fer2013plus.parquet
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from fer_models.results import Number, percent, write
from fer_models.results.agreement import Agreeing, Agreement, MeanAnswer
from train.data.readers import DataError
from train.measure.command_line import Sample, add_arguments, command, measured_checkpoints, result_file
from train.measure.metrics import paired_test, share_interval
from train.measure.provenance import provenance
from train.measure.scoring import score


def commonest(answers: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """`(M, N)` class ids of M models -> `(N,)` the answer that most of them give, and how many do. Of answers that
    equally many give it is the one that the first of these models gives."""
    votes = np.stack([(answers == one).sum(axis=0) for one in range(classes)])  # (C, N)
    most = votes.max(axis=0)
    given = np.take_along_axis(votes, answers, axis=0)  # (M, N) how many models agree with each
    first = (given == most).argmax(axis=0)
    return answers[first, np.arange(answers.shape[1])], most


def by_count(answers: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> dict[str, Agreeing]:
    """`(M, N)` class ids and `(N,)` labels -> for each number of models that agree, how often they are right."""
    chosen, agreeing = commonest(answers, classes)
    found = {}
    for count in range(len(answers), 0, -1):
        right = (chosen == labels)[agreeing == count]
        if len(right):
            number = Number(float(right.mean()), share_interval(right, seed))
            found[str(count)] = Agreeing(pictures=len(right), share=len(right) / len(labels), right=number)
    return found


def mean_answer(probabilities: np.ndarray, labels: np.ndarray, names: list[str], seed: int) -> MeanAnswer:
    """`(M, N, C)` calibrated probabilities -> the mean beside the best model."""
    right = probabilities.argmax(axis=2) == labels  # (M, N)
    best = int(right.mean(axis=1).argmax())
    together = probabilities.mean(axis=0).argmax(axis=1) == labels
    test = paired_test(together, right[best], seed)
    return MeanAnswer(
        accuracy=Number(float(together.mean()), share_interval(together, seed)),
        best=names[best],
        best_accuracy=Number(float(right[best].mean()), share_interval(right[best], seed)),
        only_mean=test["only_first"],
        only_best=test["only_second"],
        p_value=test["p_value"],
        difference=Number(**test["difference"]),
    )


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the result file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids, two or more")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    if len(options.checkpoints) < 2:
        raise DataError("agreement needs two checkpoints or more")
    samples: list[Sample] = []
    probabilities, labels, names = [], [], []
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        if samples and checkpoint.expressions != names:
            raise DataError(
                f"{checkpoint.name} has other expressions, or another order, than {samples[0]['checkpoint'].name}"
            )
        names = checkpoint.expressions
        scores = score(checkpoint, data, rows, batch_size=64, progress=checkpoint.name)
        if scores.unreadable:
            raise DataError(f"the picture {data.ids[scores.unreadable[0]]} cannot be read")
        samples.append(sample)
        probabilities.append(checkpoint.probabilities(torch.from_numpy(scores.logits)).numpy())
        labels.append(data.labels[scores.rows])
    weights, pictures, seed = [one["checkpoint"] for one in samples], samples[0]["data"], samples[0]["seed"]
    every = np.stack(probabilities)
    counts = by_count(every.argmax(axis=2), labels[0], every.shape[2], seed)
    mean = mean_answer(every, labels[0], [one.name for one in weights], seed)
    result = Agreement(
        checkpoints=tuple(weights),
        data=pictures,
        seed=seed,
        n_scored=len(labels[0]),
        by_count=counts,
        mean=mean,
        **provenance(),
    )
    path = result_file(options.out, "agreement", pictures)
    write(path, result)
    for count, one in counts.items():
        print(f"{count} of {len(weights)} agree on {percent(one.share)}, right in {percent(one.right.value)} of them")
    print(f"mean answer {percent(mean.accuracy.value, 2)}, {mean.best} {percent(mean.best_accuracy.value, 2)}")
    print(path)
    return path


if __name__ == "__main__":
    main()
