"""What is against an answer -> what it costs, and how often steady answers are right."""

from collections.abc import Callable, Sequence

from fer_models.conditions import DARK, PARTLY_HIDDEN, VERY_SMALL
from fer_models.results import comparable, percent
from fer_models.results.conditions import Conditions, Steady
from train.pages.found import Found
from train.pages.markdown import table

COVERS = ("nothing hidden, of these", "one eye", "both eyes", "the mouth")
KINDS = {VERY_SMALL: "a face of {:.0f} pixels", DARK: "light of {:.0f}", PARTLY_HIDDEN: "{}"}


def costs(found: Found, _: str) -> str:
    """A row per amount of what was done to the pictures, a column per checkpoint."""
    results = comparable(found.all(Conditions))
    if not results:
        return "No results yet."
    rows = [["as they are", *(percent(result.accuracy[DARK][0].clean or 0.0) for result in results)]]
    for kind, words in KINDS.items():
        for amounts in zip(*(result.accuracy[kind] for result in results), strict=True):
            amount = amounts[0].amount
            told = COVERS[int(amount)] if kind == PARTLY_HIDDEN else words.format(amount)
            rows.append([told, *(percent(one.value) for one in amounts)])
    covers = results[0].accuracy[PARTLY_HIDDEN]
    on = (
        f"Accuracy on the same {results[0].n_samples:,} pictures ({results[0].data.words}) of 48 pixels; covers on the "
        f"{covers[0].n if covers else 0} in which a face was found. Light: the grey of 255 that nine tenths of the "
        "face are darker than."
    )
    return f"{table(['', *_names(results)], rows)}\n\n{on}"


def steady(found: Found, _: str) -> str:
    """How often answers are right that hold on all degraded faces, and the others."""
    results = comparable(found.all(Conditions))
    if not results:
        return "No results yet."
    rows = []
    for told, hold in (("holds with all six degraded faces", True), ("changes with one at least", False)):
        kept = [[one for one in result.steady if (one.same == 6) == hold] for result in results]
        rows.append([f"the answer {told}", *map(_right, kept)])
        rows.append([f"{told}, and is above the threshold", *map(_sure, kept)])
    return table(["", *_names(results)], rows)


def _names(results: Sequence[Conditions]) -> list[str]:
    return [f"`{result.checkpoint.name}`" for result in results]


def _right(some: Sequence[Steady]) -> str:
    n = sum(one.n for one in some)
    return f"{percent(sum(one.n * one.value for one in some) / n)} of {n}" if n else "-"


def _sure(some: Sequence[Steady]) -> str:
    n = sum(one.sure for one in some)
    return f"{percent(sum(one.sure * (one.sure_value or 0.0) for one in some) / n)} of {n}" if n else "-"


PARTS: dict[str, Callable[[Found, str], str]] = {"conditions": costs, "steady answers": steady}
