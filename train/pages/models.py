"""Evaluations and calibrations -> the tables of the models."""

import re
from collections.abc import Callable

from fer_models.expressions import EXPRESSIONS
from fer_models.paths import ROOT
from fer_models.results import Number, comparable, percent
from fer_models.results.agreement import Agreement
from fer_models.results.benchmark import Benchmark
from fer_models.results.calibration import Calibration
from fer_models.results.evaluation import Evaluation
from fer_models.results.mirrored import Mirrored
from fer_models.results.near_duplicates import NearDuplicates
from train.config.recipe import load_config
from train.pages.found import Found
from train.pages.markdown import table

NOTES = {
    "†": "The temperature was fitted on these very pictures, which flatters the ECE; "
    "the cross-fitted figure is in the calibration result.",
    "‡": "Predictions depend on the other pictures of the batch; the accuracy is not one of single pictures.",
}


def _with_interval(number: Number, digits: int) -> str:
    low, high = number.interval
    return f"{percent(number.value, digits)} ({100 * low:.1f} to {100 * high:.1f})"


def _main_group(found: Found) -> list[Evaluation]:
    """The evaluations on the pictures that most checkpoints were measured on, in random order; the best first."""
    groups: dict[tuple, list[Evaluation]] = {}
    for result in found.all(Evaluation):
        if not result.by_class and result.data.whole:
            groups.setdefault(result.data.identity, []).append(result)
    largest = max(groups.values(), key=len, default=[])
    return sorted(largest, key=lambda result: -result.metrics.accuracy.value)


def models(found: Found, _: str) -> str:
    """One row per checkpoint: what it is, how large, how often right, how fast."""
    group = _main_group(found)
    if not group:
        return "No results yet."
    benchmark = next(iter(found.all(Benchmark)), None)
    faces = benchmark.faces if benchmark else {}
    rows = []
    for result in group:
        weights = result.checkpoint
        card = load_config(ROOT / "hub_configs" / f"{weights.name}.yaml").card
        architecture = re.split(",? on ", card.title)[0]
        times = faces.get(weights.name)
        rows.append(
            [
                f"[`{weights.name}`](checkpoints/{weights.name}/README.md)",
                f"[{architecture}]({card.paper})",
                f"{weights.image_size} x {weights.image_size}",
                f"{weights.parameters / 1e6:.1f} M",
                _with_interval(result.metrics.accuracy, 1),
                f"{times.answer:.0f} ms, {times.explained:.0f} ms" if times else "",
            ]
        )
    header = ["checkpoint", "architecture", "input", "parameters", "accuracy (95 % interval)", "a face, with maps"]
    on = f"Accuracy on {group[0].n_scored:,} pictures ({group[0].data.words}), which selected the training epoch."
    return "\n\n".join([table(header, rows, 3), on])


def _row(result: Evaluation) -> list[str]:
    measured, weights = result.metrics, result.checkpoint
    return [
        weights.name,
        f"{result.data.words}{', class after class' if result.by_class else ''}",
        f"{result.n_scored:,}",
        f"{_with_interval(measured.accuracy, 2)}{' ‡' if result.depends_on_batch else ''}",
        percent(measured.mean_class_accuracy.value, 2),
        percent(measured.macro_f1.value, 2),
        f"{measured.ece.value:.3f}{' †' if result.flattered else ''}",
        f"{weights.parameters:,}",
        f"{weights.macs / 1e6:,.0f} M",
    ]


def evaluations(found: Found, _: str) -> str:
    """All evaluations, by data set, split, order and checkpoint."""
    rows = sorted(map(_row, found.all(Evaluation)), key=lambda row: (row[1], row[0], row[2]))
    if not rows:
        return "No results yet."
    header = ["checkpoint", "data, split", "pictures", "accuracy (95 % interval)", "mean class accuracy", "macro F1"]
    text = table([*header, "ECE", "parameters", "MACs"], rows, 2)
    notes = [f"{mark} {note}" for mark, note in NOTES.items() if f" {mark} |" in text]
    return "\n\n".join([text, *notes])


def recall(found: Found, _: str) -> str:
    """How many pictures of each expression every checkpoint recognises."""
    group = _main_group(found)
    if not group:
        return "No results yet."
    names = [name for name in EXPRESSIONS if any(name in result.recall for result in group)]
    rows = []
    for name in names:
        ours = [result.recall.get(name) for result in group]
        count = max(one.n for one in ours if one)
        cells = ["" if one is None or one.value is None else percent(one.value) for one in ours]
        rows.append([name, f"{count:,}", *cells])
    return table(["expression", "pictures", *(f"`{result.checkpoint.name}`" for result in group)], rows)


def balanced(found: Found, _: str) -> str:
    """Both settings side by side: expressions as common as in the training votes, and all equally likely."""
    group = [(result, result.balanced) for result in _main_group(found) if result.balanced]
    if not group:
        return "No results yet."
    rare = sorted(group[0][0].recall, key=lambda name: group[0][0].recall[name].n)[:3]
    rows = []
    for result, other in group:
        own = result.metrics
        rows.append(
            [
                result.checkpoint.name,
                percent(own.accuracy.value, 2),
                _with_interval(own.mean_class_accuracy, 2),
                percent(other.accuracy.value, 2),
                _with_interval(other.mean_class_accuracy, 2),
                *(f"{_share(result.recall[name].value)} → {_share(other.recall[name])}" for name in rare),
            ]
        )
    header = ["checkpoint", "accuracy", "mean of classes", "equally likely: accuracy", "mean of classes", *rare]
    return table(header, rows)


def _share(value: float | None) -> str:
    return "" if value is None else percent(value, 0)


def agreement(found: Found, _: str) -> str:
    """How often models that agree are right, and what their mean is worth, in a table and a sentence."""
    parts = []
    for result in found.all(Agreement):
        rows = [
            [f"{count} of {len(result.checkpoints)}", percent(one.share), _with_interval(one.right, 1)]
            for count, one in result.by_count.items()
        ]
        mean = result.mean
        low, high = mean.difference.interval
        parts.append(
            table(["models that give the commonest answer", "of the pictures", "it is right in"], rows, 1)
            + f"\n\nOn {result.n_scored:,} pictures ({result.data.words}), by "
            + f"{', '.join(f'`{one.name}`' for one in result.checkpoints)}. "
            + f"The mean of their probabilities is right in {percent(mean.accuracy.value, 2)}, "
            + f"the best of them, `{mean.best}`, in {percent(mean.best_accuracy.value, 2)}: "
            + f"a difference of {100 * mean.difference.value:+.2f} points (95 %: {100 * low:+.2f} to "
            + f"{100 * high:+.2f}; McNemar's p = {mean.p_value:.2g})."
        )
    return "\n\n".join(parts) or "No results yet."


def mirrored(found: Found, _: str) -> str:
    """What the mirror image of each face adds, a row per checkpoint."""
    results: list[Mirrored] = comparable(found.all(Mirrored))
    if not results:
        return "No results yet."
    rows = []
    for result in sorted(results, key=lambda one: -one.plain.accuracy.value):
        low, high = result.difference.interval
        rows.append(
            [
                result.checkpoint.name,
                f"{percent(result.plain.accuracy.value, 2)} → {percent(result.mirror.accuracy.value, 2)}",
                f"{100 * result.difference.value:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})",
                f"{percent(result.plain.mean_class_accuracy.value, 2)} → "
                f"{percent(result.mirror.mean_class_accuracy.value, 2)}",
                f"{result.plain.ece:.3f} → {result.mirror.ece:.3f}",
            ]
        )
    header = ["checkpoint", "accuracy", "points (95 %)", "mean of classes", "ECE"]
    return table(header, rows) + f"\n\nOn {results[0].n_samples:,} pictures ({results[0].data.words})."


def calibration(found: Found, _: str) -> str:
    """Temperatures, thresholds, and what they are worth on pictures that they were not fitted on."""
    rows = []
    for result in found.all(Calibration):
        threshold, error = result.reject_threshold, result.cross_fitted.error
        rows.append(
            [
                result.checkpoint.name,
                result.data.words,
                f"{result.softmax_temperature:.3f}",
                "" if threshold is None else f"{threshold:.3f}",
                percent(result.cross_fitted.answered),
                "" if error is None else percent(error),
                f"{result.ece_before:.3f}",
                f"{result.ece_after_cross_fitted:.3f}",
            ]
        )
    header = ["checkpoint", "data, split", "temperature", "not sure below", "answered", "of these wrong", "ECE before"]
    return table([*header, "ECE after"], rows, 2)


def near_duplicates(found: Found, _: str) -> str:
    """How many pictures of one split are in another, in sentences."""
    return "\n".join(f"- {words(result)}" for result in found.all(NearDuplicates))


def words(counts: NearDuplicates) -> str:
    """What near duplicates mean for numbers on the second split, in a sentence."""
    first, second, near = counts.first, counts.second, counts.equal_or_near
    return (
        f"At least {percent(near.share_of_second, 2)} of the pictures in {second.split} "
        f"({near.pictures_of_second:,} of {second.pictures:,}) equal or nearly equal one in {first.split} "
        f"({counts.equal.pictures_of_second:,} exactly), so numbers on {second.split} flatter the model somewhat."
    )


def published(_: Found, name: str) -> str:
    """What the paper says of the network of a hub config, in sentences."""
    said = [
        f"The paper's {percent(paper.value, 2)} on {paper.data}, {paper.split}"
        + (f" ({paper.conditions})" if paper.conditions else "")
        + " were not reproduced here."
        for paper in load_config(ROOT / "hub_configs" / f"{name}.yaml").card.published
    ]
    return " ".join(said)


PARTS: dict[str, Callable[[Found, str], str]] = {
    "models": models,
    "evaluations": evaluations,
    "recall": recall,
    "balanced": balanced,
    "agreement": agreement,
    "mirrored": mirrored,
    "calibration": calibration,
    "near duplicates": near_duplicates,
    "published": published,
}
