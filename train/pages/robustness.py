"""Accuracy on spoilt pictures -> a table, and what is lost in words."""

from collections.abc import Callable

from fer_models.results import comparable, percent, span
from fer_models.results.robustness import Robustness
from train.pages.found import Found
from train.pages.markdown import table

STEPS = (3, 5)  # the severities that the table shows


def robustness(found: Found, _: str) -> str:
    """A row per kind of damage, a column per checkpoint: accuracy at two strengths."""
    results = comparable(found.all(Robustness))
    if not results:
        return "No results yet."
    kinds = list(results[0].accuracy)
    rows = [["none", *(percent(result.accuracy[kinds[0]][0].value) for result in results)]]
    for kind in kinds:
        shown = [[percent(result.accuracy[kind][step].value) for step in STEPS] for result in results]
        rows.append([kind, *(", ".join(values) for values in shown)])
    steps = " and ".join(map(str, STEPS))
    on = f"Accuracy on the same {results[0].n_samples:,} pictures ({results[0].data.words}) at strengths {steps} of 5."
    return f"{table(['damage', *(f'`{result.checkpoint.name}`' for result in results)], rows)}\n\n{on}"


def losses(found: Found, _: str) -> str:
    """What the greatest strength of each kind costs, over the checkpoints; the worst first."""
    results = comparable(found.all(Robustness))
    if not results:
        return "No results yet."
    lost = {
        kind: [result.accuracy[kind][0].value - result.accuracy[kind][-1].value for result in results]
        for kind in results[0].accuracy
    }
    ordered = sorted(lost, key=lambda kind: -max(lost[kind]))
    told = "; ".join(f"{kind}: {span(lost[kind], 0).removesuffix(' %')}" for kind in ordered)
    return f"Points of accuracy that the greatest strength costs, from the least to the most sensitive model: {told}."


PARTS: dict[str, Callable[[Found, str], str]] = {"robustness": robustness, "robustness losses": losses}
