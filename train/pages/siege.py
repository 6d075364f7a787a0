"""The siege of the running Space -> a table."""

from collections.abc import Callable
from dataclasses import astuple

from fer_models.results.honest_users import HonestUsers
from fer_models.results.siege import Siege
from train.pages.found import Found
from train.pages.markdown import table


def siege(found: Found, _: str) -> str:
    """What hostile visitors got, and what became of the others."""
    result = found.one(Siege, "siege")
    kinds = [[kind, *map(str, astuple(sent))] for kind, sent in result.files.items()]
    sums = [sum(column) for column in zip(*(astuple(sent) for sent in result.files.values()), strict=True)]
    files = table(
        ["files", "tried", "answered", "refused in a sentence", "neither"], [*kinds, ["all", *map(str, sums)]]
    )
    before, after = result.megabytes
    rows = [
        ["uploads broken off", f"{result.cut_uploads}"],
        ["odd requests", f"{result.odd_requests}"],
        ["exceptions that reached the end of a handler or a route", f"{result.exceptions}"],
        ["sentences that show a path of the server", f"{result.paths_shown}"],
        ["files left after " + ", ".join(result.files_left), ", ".join(map(str, result.files_left.values()))],
        ["faults of a stand-in Hub that ended in one sentence", f"{result.hub_sentences} of {result.hub_faults}"],
        ["memory before and after", f"{before:,.0f} MB, {after:,.0f} MB ({100 * (after / before - 1):+.1f} %)"],
        [
            "an honest visitor's answer, alone and beside all this",
            f"{result.quiet:.2f} s, {result.beside:.2f} s ({result.beside / result.quiet:.1f} x)",
        ],
        [
            f"a visitor's answer beside a client with {result.greedy.jobs} jobs",
            f"{result.greedy.waited:.2f} s ({result.greedy.waited / result.greedy.answer:.1f} answers' time)",
        ],
        [
            f"{result.crowd.visitors} visitors at once: answered, told that it is busy, lost",
            f"{result.crowd.answered}, {result.crowd.busy}, {result.crowd.lost}",
        ],
    ]
    on = f"Seed {result.seed}; {result.cores} cores (`results/siege.json`)."
    return f"{files}\n\n{table(['what', 'how much'], rows)}\n\n{on}"


def honest_users(found: Found, _: str) -> str:
    """What honest users wait for today, beside an earlier commit."""
    result = found.one(HonestUsers, "honest-users")
    rows = [
        [what, f"{1000 * one.today:,.0f} ms", f"{1000 * one.earlier:,.0f} ms", f"{one.today / one.earlier:.2f} x"]
        for what, one in result.timed.items()
    ]
    on = (
        f"Medians of {result.starts} starts and {result.rounds} rounds in which both took turns; served: "
        f"{', '.join(result.models)}. Measured on {result.hardware['device']} (`results/honest-users.json`)."
    )
    return f"{table(['', 'today', f'`{result.earlier}`', 'ratio'], rows)}\n\n{on}"


PARTS: dict[str, Callable[[Found, str], str]] = {"siege": siege, "honest users": honest_users}
