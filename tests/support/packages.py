"""An environment that holds some of the installed packages and nothing else."""

import importlib.metadata
import re
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement


def installed_with(wanted: Sequence[Requirement]) -> dict[str, importlib.metadata.Distribution]:
    """Every distribution that installing these brings, by its normalised name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    seen, todo = set(), [(one.name, frozenset(one.extras)) for one in wanted]
    while todo:
        name, extras = todo.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found[name] = importlib.metadata.distribution(name)
        for line in found[name].requires or ():
            requirement = Requirement(line)
            marks = requirement.marker
            if marks is None or any(marks.evaluate({"extra": extra}) for extra in ("", *extras)):
                todo.append((requirement.name, frozenset(requirement.extras)))
    return found


def clean_environment(folder: Path, wanted: Sequence[Requirement]) -> Path:
    """A folder with links to the packages that installing these brings, and to nothing else that is installed."""
    site = Path(sysconfig.get_path("purelib"))
    folder.mkdir()
    for distribution in installed_with(wanted).values():
        for part in {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (folder / part).exists():
                (folder / part).symlink_to(site / part)
    return folder
