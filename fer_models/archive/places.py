"""Files that fsspec reaches (`s3://…`, `hf://datasets/…`): their names, and their content."""

import datetime
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from fer_models.archive.faults import PlaceError
from fer_models.extras import needed_for
from fer_models.photo import PhotoError
from fer_models.pictures import PictureFile

MAX_BYTES = 2**28  # of a picture, which is in memory as a whole
# What tells a file from one that replaces it, the surest first, as the file systems call it.
_MARKS = (
    "ETag",
    "etag",
    "blob_id",
    "md5Hash",
    "LastModified",
    "last_modified",
    "mtime",
    "modified",
    "updated",
    "created",
)


def is_address(source: object) -> bool:
    """Whether a source of the command line is read by fsspec."""
    return "://" in str(source)


@dataclass(frozen=True)
class Remote:
    """A file that fsspec reads. file: as the search found it."""

    address: str
    file: PictureFile | None = None

    def __str__(self) -> str:
        return self.address

    def read(self) -> tuple[PictureFile | None, bytes]:
        """The file as it was found, and its content.

        Raises:
            PhotoError: it cannot be read, or is larger than a picture may be.
        """
        if self.file is not None and self.file.bytes > MAX_BYTES:
            raise PhotoError(f"The file has more than {MAX_BYTES >> 20} MB; make it smaller and try again.")
        try:
            system, path = _system(self.address)
            return self.file, system.cat_file(path)
        except Exception as error:  # each file system has classes of its own
            raise PhotoError(_unreadable(error)) from error

    @contextmanager
    def open(self) -> Generator[BinaryIO]:
        """The file, for reading anywhere in it.

        Raises:
            PhotoError: it cannot be opened.
        """
        try:
            system, path = _system(self.address)
            file = system.open(path, "rb")
        except Exception as error:
            raise PhotoError(_unreadable(error)) from error
        with file:
            yield file


def _unreadable(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "There is no such file or folder."
    return f"The file could not be fetched ({reason(error)}); see whether it may be read, and ask again."


def reason(error: BaseException) -> str:
    """What an error of a file system says, on one line."""
    if isinstance(error, PermissionError):
        return "access denied"
    return " ".join(str(error).split())[:200] or type(error).__name__


def walk_addresses(source: str, suffixes: Collection[str], not_tried: Counter[str]) -> Iterator[Remote]:
    """The file at an address, or those with these suffixes in the folder there and its sub-folders, in order of their
    names, by the rules of `pictures.walk_files`; links there are those of the file system.

    Raises:
        PlaceError: it cannot be searched.
        MissingExtraError: fsspec is not installed.
    """
    try:
        system, path = _system(source)
        found = system.info(path)
        if found["type"] == "directory":
            yield from _walk(system, path, suffixes, not_tried)
        else:
            yield Remote(source, _state(found))
    except PlaceError:
        raise
    except FileNotFoundError as error:
        raise PlaceError(f"there is nothing at {source}; check the address") from error
    except PermissionError as error:
        raise PlaceError(
            f"{source} may not be read (access denied); log in with an account that may, or ask its owner"
        ) from error
    except Exception as error:  # no credentials, no network: each file system has classes of its own
        raise PlaceError(f"{source} cannot be searched ({reason(error)}); check the address and your login") from error


def _walk(system, folder: str, suffixes: Collection[str], not_tried: Counter[str]) -> Iterator[Remote]:
    for found in sorted(system.ls(folder, detail=True), key=lambda one: one["name"]):
        name = PurePosixPath(found["name"].rstrip("/"))
        if found["name"].rstrip("/") == folder.rstrip("/"):  # object stores have an entry for the folder itself
            continue
        if name.name.startswith("."):
            not_tried["hidden (the name starts with a dot)"] += 1
        elif found["type"] == "directory":
            yield from _walk(system, found["name"], suffixes, not_tried)
        elif name.suffix.lower() in suffixes:
            yield Remote(system.unstrip_protocol(found["name"]), _state(found))
        else:
            kind = f"({name.suffix.lower()})" if name.suffix else "(no suffix)"
            not_tried[f"no picture or video by name {kind}"] += 1


def _state(found: Mapping) -> PictureFile:
    mark = next((found[key] for key in _MARKS if found.get(key)), "")
    if isinstance(mark, int | float):
        mark = datetime.datetime.fromtimestamp(mark, datetime.UTC)
    text = mark.isoformat(timespec="microseconds") if isinstance(mark, datetime.datetime) else str(mark).strip('"')
    return PictureFile(int(found.get("size") or 0), text)


def _system(address: str):
    """The file system of an address, and the path in it.

    Raises:
        PlaceError: no file system has that name, or its package is not installed.
    """
    with needed_for(f"reading {address}"):
        from fsspec.core import url_to_fs
    try:
        return url_to_fs(address, use_listings_cache=False)  # a listing that is kept grows with the archive
    except ImportError as error:  # "Install s3fs to access S3"
        raise PlaceError(f"{address} cannot be read: {error}") from error
    except ValueError as error:
        raise PlaceError(f"{address} is no address that fsspec knows ({reason(error)})") from error


__all__ = ["MAX_BYTES", "Remote", "is_address", "reason", "walk_addresses"]
