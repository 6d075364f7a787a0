"""What an archive holds: pictures and videos, in folders here and at addresses, and how their files are."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fer_models.archive.places import Remote, is_address, walk_addresses
from fer_models.listing import Search, walk_files
from fer_models.photo import PICTURE_SUFFIXES
from fer_models.pictures import PictureFile
from fer_models.video.records import file_state
from fer_models.video.suffixes import VIDEO_SUFFIXES


class Item(NamedTuple):
    """A picture or video. name: its path or address, as its rows have it. bytes, modified: of a file at an address."""

    name: str
    is_video: bool
    bytes: int | None = None
    modified: str | None = None

    @property
    def place(self) -> Path | Remote:
        """Where it is read."""
        if not is_address(self.name):
            return Path(self.name)
        return Remote(self.name, None if self.bytes is None else PictureFile(self.bytes, self.modified or ""))

    def state(self, nanoseconds: bool = False) -> tuple[int | None, int | str | None]:
        """Bytes and last change of its file now, or of an address when it was found; nothing of what is none.

        Args:
            nanoseconds: the change in nanoseconds since 1970, as tables of videos have it.
        """
        place = self.place
        if isinstance(place, Remote):
            return self.bytes, self.modified
        if nanoseconds:
            return file_state(place)
        file = PictureFile.of(place)
        return (file.bytes, file.modified) if file else (None, None)


@dataclass
class Listing:
    """items: in order of the sources, in each by name. left_out: what was not tried and why, in words."""

    items: list[Item]
    not_tried: Counter[str] = field(default_factory=Counter)

    @property
    def left_out(self) -> str:
        """As `Search.left_out`."""
        return Search([], dict(self.not_tried)).left_out

    @property
    def kind(self) -> str:
        """What it holds: "pictures", "videos" or "both"."""
        videos = sum(item.is_video for item in self.items)
        return "pictures" if not videos else "videos" if videos == len(self.items) else "both"


def list_archive(sources: Iterable[Path | str], videos: bool = True) -> Listing:
    """The pictures and videos of the sources, each once.

    Args:
        videos: off to pass over the videos in folders.

    Raises:
        PlaceError: an address cannot be searched.
        MissingExtraError: it needs a package that is not installed.
    """
    not_tried: Counter[str] = Counter()
    suffixes = PICTURE_SUFFIXES | VIDEO_SUFFIXES if videos else PICTURE_SUFFIXES
    wanted = "picture or video" if videos else "picture"
    sources = list(sources)
    here = [Path(source) for source in sources if not is_address(source)]
    items = [_item(path) for path in walk_files(here, suffixes, not_tried, wanted=wanted)]
    for source in map(str, sources):
        if is_address(source):
            items += _remote_items(source, suffixes, not_tried)
    return Listing(items, not_tried)


def _item(path: Path) -> Item:
    return Item(str(path), path.suffix.lower() in VIDEO_SUFFIXES)


def _remote_items(source: str, suffixes: frozenset[str], not_tried: Counter[str]) -> Iterator[Item]:
    for found in walk_addresses(source, suffixes, not_tried):
        file, is_video = found.file, Path(found.address).suffix.lower() in VIDEO_SUFFIXES
        yield Item(found.address, is_video, *(file.bytes, file.modified) if file else ())


__all__ = ["Item", "Listing", "list_archive"]
