"""What explanations are worth -> a table per checkpoint, and which method to believe for which."""

from collections.abc import Callable, Sequence

from fer_models.methods import method_title
from fer_models.results import comparable, percent
from fer_models.results.explanations import Explanations, Mean, Worth, best_method
from fer_models.results.other_yardsticks import OtherYardsticks
from fer_models.trust.verdict import FAILS, PASSES
from train.pages.found import Found
from train.pages.markdown import table

COLUMNS = {
    "random": "random maps",
    "centre": "a bump in the centre",
    "mean map": "the mean map",
    "mean map of the answer": "that of the answer",
    "another face, same answer": "another face, same answer",
    "another face": "another face",
}


def _gain(mean: Mean | None) -> str:
    if mean is None:
        return "-"
    text = f"{mean.value:+.3f} ± {mean.margin:.3f}"
    return f"**{text}**" if mean.above_zero else text


def _share(worth: Worth, word: str) -> str:
    return percent(worth.verdicts.get(word, 0.0), 0) if worth.verdicts else "-"


def _cost(worth: Worth) -> str:
    return "-" if worth.passes is None else f"{worth.passes:.1f}"


def gains(found: Found, name: str) -> str:
    """A row per method of one checkpoint: its maps' gain over each kind of map that never saw the face."""
    results = [result for result in found.all(Explanations) if result.checkpoint.name == name]
    if not results:
        return "No results yet."
    result = max(results, key=lambda one: one.n_samples)
    rows = [
        [
            method_title(method),
            *(_gain(worth.gains.get(column)) for column in COLUMNS),
            _share(worth, PASSES),
            _share(worth, FAILS),
            _cost(worth),
        ]
        for method, worth in result.worth.items()
        if worth.gains
    ]
    head = ["gain over", *COLUMNS.values(), "pass", "fail", "passes"]
    on = (
        f"{result.n_samples:,} faces ({result.data.words}), verdicts and references on {result.dear} of them; "
        f"{result.steps} steps a curve. Bold: the 95 % interval lies above zero. "
        "The last column: plain forward passes on one thread."
    )
    return f"{table(head, rows)}\n\n{on}"


def yardsticks(found: Found, name: str) -> str:
    """A row per method of one checkpoint: the dearer yardsticks."""
    results = [result for result in found.all(Explanations) if result.checkpoint.name == name]
    if not results:
        return "No results yet."
    result = max(results, key=lambda one: one.n_samples)
    names = list(dict.fromkeys(key for worth in result.worth.values() for key in worth.yardsticks))
    rows = [
        [method_title(method), *(_gain(worth.yardsticks.get(key)) for key in names)]
        for method, worth in result.worth.items()
        if worth.yardsticks
    ]
    return table(["", *names], rows)


def believed(found: Found, _: str) -> str:
    """Which method to believe for which checkpoint."""
    results: Sequence[Explanations] = comparable(found.all(Explanations))
    if not results:
        return "No results yet."
    rows = []
    for result in results:
        method = best_method(result)
        if method is None:
            rows.append(
                [
                    f"`{result.checkpoint.name}`",
                    "none: no method tells more than its mean map and a bump in the centre",
                    "-",
                    "-",
                    "-",
                ]
            )
            continue
        worth = result.worth[method]
        rows.append(
            [
                f"`{result.checkpoint.name}`",
                method_title(method),
                _gain(worth.gains["mean map"]),
                _gain(worth.gains.get("centre")),
                _gain(worth.beyond_gradcam.get("report")),
            ]
        )
    head = [
        "checkpoint",
        "method",
        "gain over its mean map",
        "over a bump in the centre",
        "more than Grad-CAM's, on the other half",
    ]
    return table(head, rows, numbers_from=2)


def others(found: Found, _: str) -> str:
    """Our yardsticks beside other packages', a row per checkpoint and way of asking."""
    results: Sequence[OtherYardsticks] = comparable(found.all(OtherYardsticks))
    if not results:
        return "No results yet."
    rows = [
        [
            what,
            way,
            f"`{result.checkpoint.name}`",
            f"{one.ours:.3f}",
            f"{one.theirs:.3f}",
            f"{one.largest:.1g}",
            "-" if one.correlation is None else f"{one.correlation:.2f}",
        ]
        for what, ways in results[0].compared.items()
        for way in ways
        for result in results
        for one in [result.compared[what][way]]
    ]
    versions = ", ".join(f"{name} {number}" for name, number in results[0].packages.items())
    head = ["yardstick", "beside", "checkpoint", "ours", "theirs", "largest difference", "correlation"]
    on = f"Means over {results[0].n_samples} faces ({results[0].data.words}) and their Grad-CAM maps; {versions}."
    return f"{table(head, rows, numbers_from=3)}\n\n{on}"


PARTS: dict[str, Callable[[Found, str], str]] = {
    "explanations": gains,
    "explanation yardsticks": yardsticks,
    "explanations believed": believed,
    "explanation yardsticks of others": others,
}
