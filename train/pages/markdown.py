"""Markdown tables, and pages whose generated parts stand between markers.

A part that is made from result files begins with `<!-- generated: NAME -->` and ends with `<!-- end -->`; each
marker has a line of its own.
"""

import re
from collections.abc import Callable, Iterable, Sequence

MARKED = re.compile(r"^<!-- generated: (?P<name>[^\n]+?) -->\n(?:.*?\n)??<!-- end -->$", re.M | re.S)
MARKER = re.compile(r"^<!-- (?:generated: .*|end) -->$", re.M)


class PageError(ValueError):
    """A page that cannot be made; the message says why, in a sentence."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int = 1) -> str:
    """Columns from `numbers_from` on are flush right."""
    rule = ["---"] * numbers_from + ["--:"] * (len(header) - numbers_from)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, rule, *rows])


def rewritten(page: str, content: Callable[[str], str]) -> str:
    """The page with each generated part made again: name -> Markdown.

    Raises:
        PageError: a marker without its other one.
    """
    if len(MARKER.findall(page)) != 2 * len(MARKED.findall(page)):
        raise PageError("a part needs the lines <!-- generated: NAME --> and <!-- end -->, in this order")
    return MARKED.sub(
        lambda part: f"<!-- generated: {part['name']} -->\n{content(part['name'])}\n<!-- end -->",
        page,
    )


def written_by_hand(page: str) -> str:
    """The page without its generated parts."""
    return MARKED.sub("", page)
