"""Result files -> the generated parts of README.md and docs/*.md; no measured number is typed in there.

python train/write_pages.py            writes them again
python train/write_pages.py --check    changes nothing, and fails if a page does not say what the result files say

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; `train/pages/` has a function per name.
What follows the name is its argument: `<!-- generated: ablation hfc-filter-reduced -->`.
"""

import argparse
import sys
from pathlib import Path

from fer_models.files import write_faults_told, write_text
from fer_models.paths import RESULTS, ROOT
from fer_models.results import ResultError
from train.config.recipe import ConfigError
from train.pages import (
    ablations,
    archives,
    conditions,
    explanations,
    models,
    robustness,
    siege,
    smoothing,
    speed,
    training,
)
from train.pages.found import Found
from train.pages.markdown import PageError, rewritten

PARTS = (
    models.PARTS
    | conditions.PARTS
    | ablations.PARTS
    | robustness.PARTS
    | smoothing.PARTS
    | speed.PARTS
    | explanations.PARTS
    | siege.PARTS
    | archives.PARTS
    | training.PARTS
)


def part(found: Found, called: str) -> str:
    """What belongs between the markers.

    Args:
        called: the name of a part, or the name and its argument.

    Raises:
        PageError: there is no such part, or no result for it.
    """
    if called in PARTS:
        return PARTS[called](found, "")
    name, _, argument = called.rpartition(" ")
    if name not in PARTS:
        raise PageError(f"there is no part {called!r}; known: {', '.join(PARTS)}")
    return PARTS[name](found, argument)


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--pages", type=Path, nargs="+", default=[ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))])
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if a page is stale")
    options = parser.parse_args(arguments)
    stale = []
    for page in options.pages:
        try:
            present = page.read_text(encoding="utf-8")
            found = Found.in_folder(options.results)
            wanted = rewritten(present, lambda called, found=found: part(found, called))
        except OSError as error:
            sys.exit(f"error: no page at {page}: {error.strerror}")
        except (PageError, ResultError, ConfigError) as error:
            sys.exit(f"error: {page}: {error}")
        if present != wanted:
            stale.append(page.name)
            if not options.check:
                write_text(page, wanted)
    if options.check and stale:
        sys.exit(f"error: {', '.join(stale)} stale: run python train/write_pages.py")


if __name__ == "__main__":
    main()
