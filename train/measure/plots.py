"""Results -> pictures: confusion matrix, coverage curve, reliability diagram, accuracy against severity, accuracy by
epoch.

Colours are cividis and those of `fer_models.looks`, where a model has its colour and symbol on the page too; people
with any colour vision can tell them apart.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure  # without pyplot nothing is global and no display is needed
from matplotlib.ticker import MaxNLocator, PercentFormatter

from fer_models.files import write_bytes
from fer_models.looks import LOOKS, looks
from fer_models.results.robustness import Point
from fer_models.results.training import Training

COLOURS = tuple(look.color for look in LOOKS)
MARKERS = tuple(look.marker for look in LOOKS)


def _save(figure: Figure, path: Path) -> None:
    drawn = io.BytesIO()
    # no version in the file: the same result, the same file
    figure.savefig(drawn, format=path.suffix[1:], dpi=120, metadata={"Software": None})
    write_bytes(path, drawn.getvalue())


def plot_confusion(confusion: np.ndarray, names: Sequence[str], title: str, path: Path) -> None:
    """A confusion matrix `(C, C)` of counts (rows: labels), each row also in percent of its label."""
    total = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, total, out=np.zeros(confusion.shape), where=total > 0)
    side = 2.5 + 0.75 * len(names)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    for row, column in np.ndindex(*confusion.shape):
        text = f"{confusion[row, column]}\n{shares[row, column]:.0%}" if total[row] else "–"
        colour = "black" if shares[row, column] > 0.5 else "white"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    labels = [f"{name} ({count})" for name, count in zip(names, total[:, 0], strict=True)]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), labels)
    axes.set(title=title, xlabel="prediction", ylabel="label (pictures)")
    figure.colorbar(image, ax=axes, label="share of the label", format=PercentFormatter(1), shrink=0.8)
    _save(figure, path)


def plot_coverage(
    coverage: np.ndarray, accuracy: np.ndarray, answered: tuple[float, float] | None, title: str, path: Path
) -> None:
    """Accuracy of the answered pictures against the share that is answered, from `metrics.coverage_curve`.

    Args:
        answered: coverage and accuracy at the checkpoint's own reject threshold, marked; `None` if it has none.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    shown = coverage >= 0.02  # a handful of pictures is noise
    axes.plot(coverage[shown], accuracy[shown], color=COLOURS[0])
    if answered:
        axes.plot(*answered, MARKERS[1], color=COLOURS[1], label=f"threshold: {answered[0]:.0%} answered")
        axes.annotate(f"{answered[1]:.1%}", answered, xytext=(6, 6), textcoords="offset points")
        axes.legend(loc="lower left")
    axes.set(title=title, xlabel="answered (the surest first)", ylabel="accuracy of the answered", xlim=(0, 1))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(alpha=0.3)
    _save(figure, path)


def plot_reliability(curves: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]], title: str, path: Path) -> None:
    """Reliability diagrams side by side.

    Args:
        curves: title of each diagram -> counts, mean confidence and accuracy per bin (`metrics.calibration_curve`).
    """
    figure = Figure(figsize=(4.2 * len(curves), 5), layout="constrained")
    grid = figure.subplots(2, len(curves), sharex=True, squeeze=False, height_ratios=(3, 1))
    for (name, (counts, confidence, accuracy)), axes, histogram in zip(curves.items(), *grid, strict=True):
        edges = np.linspace(0, 1, len(counts) + 1)
        filled = counts > 0
        width = edges[1]
        axes.bar(edges[:-1][filled], accuracy[filled], width, align="edge", color=COLOURS[5], edgecolor="white")
        axes.plot(confidence[filled], accuracy[filled], "o", color=COLOURS[0], label="accuracy at mean confidence")
        axes.plot([0, 1], [0, 1], "--", color="black", label="calibrated")
        axes.set(title=name, ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        axes.legend(loc="upper left", fontsize=8)
        histogram.bar(edges[:-1], counts, width, align="edge", color=COLOURS[0], edgecolor="white")
        histogram.set(xlabel="confidence", ylabel="pictures")
    figure.suptitle(title)
    _save(figure, path)


def plot_severity(accuracies: dict[str, dict[str, tuple[Point, ...]]], title: str, path: Path) -> None:
    """Accuracy against severity, one small diagram per kind of corruption, one line per checkpoint.

    Args:
        accuracies: checkpoint -> kind -> accuracy per severity from 0.
    """
    drawn = looks(accuracies)
    kinds = list(next(iter(accuracies.values())))
    columns = min(4, len(kinds))
    rows = -(-len(kinds) // columns)
    figure = Figure(figsize=(3 * columns, 2.6 * rows + 0.8), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for kind, axes in zip(kinds, grid, strict=False):
        for name, curves in accuracies.items():
            values = [point.value for point in curves[kind]]
            low, high = np.transpose([point.interval for point in curves[kind]])
            look = drawn[name]
            axes.plot(values, color=look.color, marker=look.marker, markersize=5, label=look.title)
            axes.fill_between(range(len(values)), low, high, color=look.color, alpha=0.15, linewidth=0)
        axes.set(title=kind, ylim=(0, 1))
        axes.grid(alpha=0.3)
    for axes in grid[len(kinds) :]:
        axes.set_axis_off()
    for number, axes in enumerate(grid[: len(kinds)]):
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        if number + columns >= len(kinds):  # the lowest of its column
            axes.set_xlabel("severity")
            axes.xaxis.set_tick_params(labelbottom=True)
    figure.supylabel("accuracy (band: 95 % interval)")
    figure.suptitle(title)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=min(4, len(accuracies)))
    _save(figure, path)


def plot_training(runs: Sequence[Training], path: Path) -> None:
    """Validation accuracy by epoch, one small diagram per run; its stages one after the other, each with its best."""
    columns = min(3, len(runs))
    rows = -(-len(runs) // columns)
    figure = Figure(figsize=(4 * columns, 2.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for run, axes in zip(runs, grid, strict=False):
        before = 0
        for number, stage in enumerate(run.stages):
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            epochs = range(before + 1, before + 1 + len(stage.accuracy))
            label = f"{stage.name}, {stage.image_size} pixels"
            axes.plot(epochs, stage.accuracy, color=colour, marker=marker, markersize=4, label=label)
            best = (before + stage.best, stage.accuracy[stage.best - 1])
            axes.annotate(f"{best[1]:.2%}", best, xytext=(0, 5), textcoords="offset points", ha="center", fontsize=8)
            before += len(stage.accuracy)
        axes.set(title=run.name, xlabel="epoch")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.12, y=0.2)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right", fontsize=7)
    for axes in grid[len(runs) :]:
        axes.set_axis_off()
    figure.supylabel("accuracy on validation")
    _save(figure, path)
