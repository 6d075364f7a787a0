"""Training runs -> the validation accuracy after each epoch."""

from collections.abc import Callable

from fer_models.results.training import Training
from train.pages.found import Found
from train.pages.markdown import table


def curves(found: Found, _: str) -> str:
    """A row per stage of each run; the best epoch is bold."""
    rows = [
        [
            f"`{run.name}`",
            stage.name,
            f"{stage.image_size}",
            ", ".join(stage.teachers) or "nobody",
            " ".join(
                f"**{100 * one:.1f}**" if epoch == stage.best else f"{100 * one:.1f}"
                for epoch, one in enumerate(stage.accuracy, start=1)
            ),
        ]
        for run in found.all(Training)
        for stage in run.stages
    ]
    if not rows:
        return "No results yet."
    return table(["run", "stage", "pixels", "taught by", "validation accuracy after each epoch, %"], rows, 5)


PARTS: dict[str, Callable[[Found, str], str]] = {"training curves": curves}
