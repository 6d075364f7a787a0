"""Which files are videos, by their names."""

from collections.abc import Iterable
from pathlib import Path

VIDEO_SUFFIXES = frozenset(
    [".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".flv", ".ogv", ".3gp"]
)


def find_videos(sources: Iterable[Path]) -> list[Path]:
    """The videos (by suffix, in any case) among `sources` and in the folders among them and their sub-folders, in order
    of their names; what starts with a dot inside a folder is none."""
    found: dict[Path, None] = {}
    for source in sources:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            hidden = path != source and any(part.startswith(".") for part in path.relative_to(source).parts)
            if path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir() and not hidden:
                found[path] = None
    return list(found)


__all__ = ["VIDEO_SUFFIXES", "find_videos"]
