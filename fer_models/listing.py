"""Which pictures there are among files and folders."""

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_models.photo import PICTURE_SUFFIXES


@dataclass(frozen=True)
class Search:
    """pictures: the files that were found, each once. not_tried: how many others there were, by the reason."""

    pictures: list[Path]
    not_tried: dict[str, int]

    @property
    def left_out(self) -> str:
        """What was not tried and why, in words; empty where there is nothing to say."""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(self.not_tried.items()))
        return f"not tried: {reasons}" if reasons else ""


def search_pictures(sources: Iterable[str | Path], leave_out: Path | None = None) -> Search:
    """The files among `sources` as they are named, and the pictures (by suffix, in any case) in the folders among them
    and their sub-folders, in order of their names. Links are followed; a file or folder that is reached again by one is
    taken once. What starts with a dot inside a folder is not a picture.

    Args:
        leave_out: a folder that is not searched.
    """
    not_tried: Counter[str] = Counter()
    return Search(list(walk_files(sources, PICTURE_SUFFIXES, not_tried, leave_out)), dict(not_tried))


def walk_files(
    sources: Iterable[str | Path],
    suffixes: Collection[str],
    not_tried: Counter[str],
    leave_out: Path | None = None,
    wanted: str = "picture",
) -> Iterator[Path]:
    """What `search_pictures` finds, one after the other, of files with these suffixes; what it passes over is counted
    in `not_tried`. Of a file that it gave it remembers 16 bytes.

    Args:
        wanted: what such files are called in the reasons.
    """
    given: set[bytes] = set()  # where the files really lie
    folders: set[Path] = set()
    hidden_from = None if leave_out is None else leave_out.resolve()

    def is_new(path: Path) -> bool:
        place = hashlib.blake2b(os.fsencode(path.resolve()), digest_size=16).digest()
        if place in given:
            not_tried["reached again by a link or named twice"] += 1
            return False
        given.add(place)
        return True

    def search(folder: Path) -> Iterator[Path]:
        place = folder.resolve()
        if place == hidden_from:
            return
        if place in folders:
            not_tried["folders reached again by a link or named twice"] += 1
            return
        folders.add(place)
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                not_tried["hidden (the name starts with a dot)"] += 1
            elif path.is_dir():
                yield from search(path)
            elif path.suffix.lower() in suffixes and path.is_file():
                if is_new(path):
                    yield path
            else:
                kind = f"({path.suffix.lower()})" if path.suffix else "(no suffix)"
                not_tried[
                    "a broken link" if path.is_symlink() and not path.exists() else f"no {wanted} by name {kind}"
                ] += 1

    for source in map(Path, sources):
        if source.is_dir():
            yield from search(source)
        elif is_new(source):
            yield source


def find_pictures(sources: Iterable[str | Path], leave_out: Path | None = None) -> list[Path]:
    """The pictures that `search_pictures` finds."""
    return search_pictures(sources, leave_out).pictures


__all__ = ["Search", "find_pictures", "search_pictures", "walk_files"]
