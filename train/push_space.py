"""Send the Space to the Hub as one commit: app, library, checkpoints, results and example photos; nothing else.

python train/push_space.py NAME/SPACE --dry-run
python train/push_space.py NAME/SPACE
"""

import argparse
import re
import sys
from pathlib import Path

from fer_models.files import write_faults_told
from fer_models.paths import ROOT
from train.hub.push import PushError, account, listing, push_files

# What the Space runs from, and what people see of it: README.md holds its settings, requirements.txt its versions.
PARTS = (
    *("README.md", "LICENSE", "requirements.txt", "app.py", "space", "fer_models"),
    *("checkpoints", "results", "examples", "docs"),
)
# Left out of those: what Python or gradio writes, and what the Space does not run.
LEFT_OUT = ("__pycache__/*", "*.pyi", "results/*.png", "examples/*.py")


def space_files(root: Path = ROOT) -> dict[str, Path]:
    """Path in the Space -> file, of every file that the Space needs.

    Raises:
        PushError: one of them is missing.
    """
    files = {}
    for part in PARTS:
        place = root / part
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        chosen = {file.relative_to(root).as_posix(): file for file in found if file.is_file() and _wanted(file, root)}
        if not chosen:
            raise PushError(f"the Space needs {place}, which is not there")
        files |= chosen
    return files


def _wanted(file: Path, root: Path) -> bool:
    name = file.relative_to(root)
    hidden = any(part.startswith(".") for part in name.parts)
    return not hidden and not any(name.match(pattern) for pattern in LEFT_OUT)


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", help="NAME/SPACE: the account that owns it, and what it is called")
    parser.add_argument("--private", action="store_true", help="a new Space is private")
    parser.add_argument("--create-pr", action="store_true", help="open a pull request instead of changing main")
    parser.add_argument("--dry-run", action="store_true", help="list what would be sent, and do nothing else")
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", options.space):
        parser.error(f"expected NAME/SPACE, found {options.space!r}")
    try:
        files = space_files()
        if options.dry_run:
            print(listing(files, f"the Space {options.space}"))
            return
        account(options.space.partition("/")[0], options.create_pr)
        pushed = push_files(
            files,
            options.space,
            "The Space with its models",
            kind="space",
            private=options.private,
            create_pr=options.create_pr,
            space_sdk="gradio",
        )
    except PushError as error:
        sys.exit(f"error: {error}")
    print(
        f"{pushed.url}: {len(files)} files, checksums compared" if pushed.changed else "the Space has all this already"
    )
    if pushed.others:
        print(f"also there, left as they are: {', '.join(pushed.others)}")


if __name__ == "__main__":
    main()
