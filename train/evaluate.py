"""Measure a checkpoint on a split of a data set and write a result file that says how, with two pictures.

    python train/evaluate.py checkpoints/pattlite-ferplus --layout ferplus_parquet --data fer2013plus.parquet \
        --split PublicTest --batch-sizes 1,64

Every batch size must give the same predictions: a model whose answer depends on what else is in the batch fails here.
Labels are matched by the names of the expressions; pictures of an expression that the model does not know are left out
and counted. `--against OTHER` also tests whether the two models differ, on the same pictures. `--subset LIST_FILE`
keeps the pictures that a published list names (occlusion, pose); their labels stay the data set's, and the result says
how often the list's differ.
"""

import argparse
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np

from fer_models.expressions import LABEL_ORDERS, label_order
from fer_models.files import write_bytes
from fer_models.results import Number, Pictures, Subset, parse, percent, write
from fer_models.results.comparison import Comparison
from fer_models.results.evaluation import (
    Balanced,
    BatchCheck,
    BatchSize,
    CalibrationSource,
    Curve,
    Evaluation,
    Metrics,
    NotSure,
    Recall,
)
from train.data.readers import FaceDataset
from train.data.subsets import open_subset
from train.measure import metrics
from train.measure.command_line import add_arguments, command, open_data, result_file
from train.measure.plots import plot_confusion, plot_coverage
from train.measure.provenance import hardware, provenance
from train.measure.scoring import (
    Checkpoint,
    CheckpointError,
    Scores,
    describe,
    labels_for,
    load_checkpoint,
    score,
    scoring_order,
)

# Float rounding moves a logit by about 1e-6 of the largest between batch sizes; a neighbour moves it by far more.
LOGIT_TOLERANCE = 1e-3


@dataclass(frozen=True)
class EvaluationSettings:
    """batch_sizes: all must give the same predictions; the numbers are those of the largest. order: "shuffled", or
    "sorted", class after class. seed: of the order, the sample and the resampling. limit: a random sample of so many
    pictures."""

    batch_sizes: tuple[int, ...] = (64,)
    order: Literal["shuffled", "sorted"] = "shuffled"
    seed: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class Evaluated:
    """result: what the result file says. data: the pictures with the checkpoint's class ids. scores: of the largest
    batch size."""

    result: Evaluation
    checkpoint: Checkpoint
    data: FaceDataset
    scores: Scores

    @property
    def labels(self) -> np.ndarray:
        """`(S,)` class ids of the scored pictures."""
        return self.data.labels[self.scores.rows]

    def require_independence(self) -> None:
        """An answer must not depend on what else is in the batch.

        Raises:
            CheckpointError: the batch sizes do not agree.
        """
        check = self.result.batch_check
        if check and not check.independent:
            sizes = self.result.batch_sizes.items()
            accuracies = ", ".join(f"{percent(one.accuracy, 2)} at {size}" for size, one in sizes)
            raise CheckpointError(
                f"predictions depend on the batch: {check.moved_predictions} of {len(self.labels)} change with its "
                f"size, a logit moves by up to {check.largest_change:.1e} of the largest; accuracy {accuracies}"
            )


def compare_batch_sizes(by_size: dict[int, Scores]) -> BatchCheck:
    """Do the batch sizes agree, picture by picture?"""
    logits = np.stack([scores.logits for scores in by_size.values()])  # (sizes, S, C)
    moved = int((logits.argmax(axis=2) != logits[0].argmax(axis=1)).any(axis=0).sum())
    change = float(np.abs(logits - logits[0]).max() / max(np.abs(logits).max(), 1e-12))
    independent = moved == 0 and change <= LOGIT_TOLERANCE
    return BatchCheck(moved_predictions=moved, largest_change=change, independent=independent)


class Measures(TypedDict):
    """The fields of an `Evaluation` that follow from the logits."""

    metrics: Metrics
    recall: dict[str, Recall]
    confusion: tuple[tuple[int, ...], ...]
    softmax_temperature: float
    calibration: CalibrationSource | None
    not_sure: NotSure
    balanced: Balanced | None


def measure(logits: np.ndarray, labels: np.ndarray, shared: np.ndarray, checkpoint: Checkpoint, seed: int) -> Measures:
    """All numbers about logits `(S, C)` and labels `(S,)`.

    `accuracy_shared_classes` lets the model answer only with the expressions that the data set has (`shared`, `(C,)`);
    `None` where it has them all. Every metric comes with its 95 % bootstrap interval.
    """
    config, classes = checkpoint.model.config, len(checkpoint.expressions)
    temperature = getattr(config, "softmax_temperature", 1.0)  # a checkpoint of another library has none of the three
    threshold = getattr(config, "reject_threshold", None)
    predictions = logits.argmax(axis=1)
    correct = predictions == labels
    confidence = metrics.probabilities(logits, temperature).max(axis=1)
    answered = confidence >= (threshold or 0)
    confusion = metrics.confusion_matrix(labels, predictions, classes)
    recall = metrics.per_class_recall(confusion)
    thresholds, coverage, accuracy = metrics.coverage_curve(confidence, correct)
    points = np.searchsorted(coverage, np.linspace(0.05, 1, 20) - 1e-9)  # twenty tell the curve

    def with_interval(statistic: Callable, answers: np.ndarray) -> Number:
        value = statistic(metrics.confusion_matrix(labels, answers, classes))
        return Number(float(value), metrics.confusion_interval(statistic, labels, answers, classes, seed))

    fitted = getattr(config, "calibration", None)
    return Measures(
        metrics=Metrics(
            accuracy=with_interval(metrics.accuracy, predictions),
            mean_class_accuracy=with_interval(metrics.mean_class_accuracy, predictions),
            macro_f1=with_interval(metrics.macro_f1, predictions),
            ece=Number(
                metrics.expected_calibration_error(confidence, correct),
                metrics.calibration_interval(confidence, correct, seed),
            ),
            accuracy_shared_classes=None
            if shared.all()
            else with_interval(metrics.accuracy, np.where(shared, logits, -np.inf).argmax(axis=1)),
        ),
        recall={
            name: Recall(int(confusion[i].sum()), float(recall[i])) for i, name in enumerate(checkpoint.expressions)
        },
        confusion=tuple(map(tuple, confusion.tolist())),
        softmax_temperature=temperature,
        calibration=parse(CalibrationSource, fitted, f"the calibration of {checkpoint.name}") if fitted else None,
        not_sure=NotSure(
            threshold=threshold,
            answered=float(answered.mean()),
            accuracy=float(correct[answered].mean()) if answered.any() else None,
            curve=Curve(
                threshold=tuple(thresholds[points].tolist()),
                answered=tuple(coverage[points].tolist()),
                accuracy=tuple(accuracy[points].tolist()),
            ),
        ),
        balanced=_balanced(logits, labels, checkpoint, with_interval),
    )


def _balanced(
    logits: np.ndarray, labels: np.ndarray, checkpoint: Checkpoint, with_interval: Callable[..., Number]
) -> Balanced | None:
    """What becomes of the same pictures where all expressions count as equally likely; `None` for a checkpoint that
    does not offer that."""
    config = checkpoint.model.config
    priors = getattr(config, "class_priors", None)
    if priors is None:
        return None
    shares = metrics.probabilities(logits, config.balanced_temperature, priors)
    predictions = shares.argmax(axis=1)
    answered = shares.max(axis=1) >= (config.balanced_threshold or 0)
    correct = predictions == labels
    recall = metrics.per_class_recall(metrics.confusion_matrix(labels, predictions, len(priors)))
    return Balanced(
        accuracy=with_interval(metrics.accuracy, predictions),
        mean_class_accuracy=with_interval(metrics.mean_class_accuracy, predictions),
        recall=dict(zip(checkpoint.expressions, recall.tolist(), strict=True)),
        threshold=config.balanced_threshold,
        answered=float(answered.mean()),
        answered_accuracy=float(correct[answered].mean()) if answered.any() else None,
    )


def draw(result: Evaluation, scores: Scores, labels: np.ndarray, names: Sequence[str], path: Path) -> None:
    """The confusion matrix and the coverage curve, beside the result file `path`."""
    title = f"{result.checkpoint.name} on {result.data.words}"
    plot_confusion(np.array(result.confusion), names, title, path.with_name(f"{path.stem}-confusion.png"))
    confidence = metrics.probabilities(scores.logits, result.softmax_temperature).max(axis=1)
    _, coverage, accuracy = metrics.coverage_curve(confidence, scores.logits.argmax(axis=1) == labels)
    plot_coverage(coverage, accuracy, result.not_sure.point, title, path.with_name(f"{path.stem}-coverage.png"))


def summarise(result: Evaluation) -> None:
    """The result in a few lines, for the person who waits."""
    print(f"{result.checkpoint.name} on {result.data.words}: {result.n_scored} pictures, {result.order}")
    if subset := result.data.subset:
        print(f"  of {subset.listed} listed pictures {subset.selected} are in the data")
        print(
            f"  of {subset.labels_compared} labels in the list {subset.labels_different} differ from the data's, "
            f"read as {', '.join(f'{code} {name}' for code, name in subset.labels_assumed.items())}"
        )
    for field in fields(result.metrics):
        number = getattr(result.metrics, field.name)
        if number:
            low, high = (100 * bound for bound in number.interval)
            print(f"  {field.name:24} {100 * number.value:6.2f} %  (95 %: {low:.2f} to {high:.2f})")
    if balanced := result.balanced:
        print(
            f"  all expressions equally likely: accuracy {percent(balanced.accuracy.value, 2)}, mean of classes "
            f"{percent(balanced.mean_class_accuracy.value, 2)}"
        )
    if result.left_out:
        print(f"  left out, unknown to the model: {', '.join(f'{c} {n}' for n, c in result.left_out.items())}")
    if result.unreadable:
        print(f"  unreadable: {', '.join(result.unreadable)}")
    for size, one in result.batch_sizes.items():
        print(f"  batches of {size}: {percent(one.accuracy, 2)}, {one.images_per_second:.0f} pictures/s")


def compare(evaluation: Evaluated, other: Checkpoint) -> Comparison:
    """Score `other` on the pictures whose expression both models know, and test whether the two differ."""
    result, data, scores = evaluation.result, evaluation.data, evaluation.scores
    names, other_names = np.array(evaluation.checkpoint.expressions), np.array(other.expressions)
    both = np.isin(names[data.labels[scores.rows]], other_names)
    rows = scores.rows[both]
    truth = names[data.labels[rows]]
    correct = names[scores.logits[both].argmax(axis=1)] == truth
    batch_size = max(map(int, result.batch_sizes))
    other_correct = other_names[score(other, data, rows, batch_size).logits.argmax(axis=1)] == truth
    test = metrics.paired_test(correct, other_correct, result.seed)
    return Comparison(
        first=result.checkpoint,
        second=describe(other),
        data=result.data,
        order=result.order,
        seed=result.seed,
        n_scored=len(rows),
        accuracy_first=float(correct.mean()),
        accuracy_second=float(other_correct.mean()),
        only_first=test["only_first"],
        only_second=test["only_second"],
        p_value=test["p_value"],
        difference=Number(test["difference"]["value"], test["difference"]["interval"]),
        **provenance(),
    )


def _batch_sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(part) for part in text.split(","))
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError("batch sizes are 1 or more")
    return sizes


def _label_order(text: str) -> tuple[str, ...]:
    try:
        return label_order(text.split(",") if "," in text else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="checkpoint folder or Hub id")
    add_arguments(parser)
    parser.add_argument("--batch-sizes", type=_batch_sizes, default=(64,), help="for instance 1,64: all must agree")
    parser.add_argument("--order", choices=("shuffled", "sorted"), default="shuffled", help="sorted: class by class")
    parser.add_argument("--subset", type=Path, help="a published list of pictures: only those are scored")
    parser.add_argument("--subset-name", help="what result files call the subset; the list file's name by default")
    parser.add_argument(
        "--subset-labels",
        type=_label_order,
        help=f"what the list's label codes mean: {', '.join(LABEL_ORDERS)}, or the expressions in order, with commas; "
        "the order of the data set's owners by default",
    )
    parser.add_argument("--subset-first-code", type=int, default=0, help="the code of the first expression")
    parser.add_argument("--against", help="a second checkpoint, tested on the same pictures")
    parser.add_argument("--predictions", type=Path, help="also write ids, labels and logits to this .npz file")
    return parser


def evaluate(
    checkpoint: Checkpoint, everything: FaceDataset, pictures: Pictures, settings: EvaluationSettings
) -> Evaluated:
    """Score the pictures at every batch size and measure the answers.

    Args:
        pictures: what the result file says about the data.

    Raises:
        DataError: no picture has an expression that the model knows, or none could be decoded.
    """
    data, left_out, shared = labels_for(everything, checkpoint)
    order = scoring_order(data.labels, settings.seed, settings.order == "sorted", settings.limit)
    by_size = {
        size: score(checkpoint, data, order, size, progress=f"{checkpoint.name}, batches of {size}")
        for size in settings.batch_sizes
    }
    scores = by_size[max(by_size)]
    labels = data.labels[scores.rows]
    measured = measure(scores.logits, labels, shared, checkpoint, settings.seed)
    result = Evaluation(
        checkpoint=describe(checkpoint),
        data=pictures,
        order=settings.order,
        seed=settings.seed,
        n_samples=len(order) if settings.limit else len(everything),
        n_scored=len(scores.rows),
        left_out=left_out,
        skipped_by_reader=everything.skipped,
        unreadable=tuple(str(data.ids[row]) for row in scores.unreadable),
        accuracy_unreadable_wrong=measured["metrics"].accuracy.value * len(scores.rows) / len(order),
        **measured,
        batch_check=compare_batch_sizes(by_size) if len(by_size) > 1 else None,
        batch_sizes={
            str(size): BatchSize(
                float((one.logits.argmax(axis=1) == data.labels[one.rows]).mean()), one.images_per_second
            )
            for size, one in by_size.items()
        },
        hardware=hardware(checkpoint.model.device),
        **provenance(),
    )
    return Evaluated(result, checkpoint, data, scores)


def write_evaluation(evaluation: Evaluated, folder: Path) -> Path:
    """The result file with its two pictures, and the result in a few lines for the person who waits.
    Returns the file."""
    result = evaluation.result
    path = result_file(folder, result.checkpoint.name, result.data, _suffix(result.order))
    write(path, result)
    draw(result, evaluation.scores, evaluation.labels, evaluation.checkpoint.expressions, path)
    summarise(result)
    print(path)
    return path


def write_comparison(evaluation: Evaluated, other: Checkpoint, folder: Path) -> Path:
    """Whether the evaluated checkpoint and `other` differ on the same pictures, as a file; returns the file."""
    comparison = compare(evaluation, other)
    first, second, difference = comparison.first.name, comparison.second.name, comparison.difference
    path = result_file(folder, f"{first}-vs-{second}", comparison.data, _suffix(comparison.order))
    write(path, comparison)
    low, high = (100 * bound for bound in difference.interval)
    print(
        f"{first} minus {second}: {100 * difference.value:+.2f} points of accuracy "
        f"(95 %: {low:+.2f} to {high:+.2f}), McNemar p = {comparison.p_value:.3g}\n{path}"
    )
    return path


def _suffix(order: str) -> str:
    return "-sorted" if order == "sorted" else ""


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the file with the checkpoint's result."""
    options = _parser().parse_args(arguments)
    data, pictures = open_data(options)
    if options.subset:
        meaning = (options.subset_name, options.subset_labels, options.subset_first_code)
        data, report = open_subset(data, pictures.layout, options.subset, *meaning)
        pictures = replace(pictures, subset=parse(Subset, report, str(options.subset)))
    settings = EvaluationSettings(options.batch_sizes, options.order, options.shuffle_seed, options.limit)
    evaluation = evaluate(load_checkpoint(options.checkpoint), data, pictures, settings)
    path = write_evaluation(evaluation, options.out)
    if options.predictions:
        ids, scores = evaluation.data.ids[evaluation.scores.rows], evaluation.scores
        names = evaluation.checkpoint.expressions
        packed = io.BytesIO()
        np.savez(packed, ids=ids, labels=evaluation.labels, logits=scores.logits, names=names)
        file = options.predictions
        write_bytes(file if file.suffix == ".npz" else file.with_name(f"{file.name}.npz"), packed.getvalue())
    if options.against:
        write_comparison(evaluation, load_checkpoint(options.against), options.out)
    evaluation.require_independence()
    return path


if __name__ == "__main__":
    main()
