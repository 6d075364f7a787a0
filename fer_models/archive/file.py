"""The file that answers about an archive are added to, of any length: a later run goes on with it."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TextIO

from fer_models.archive.layouts import Layout
from fer_models.archive.listing import Item
from fer_models.records import RecordError, require_origin, settings_text
from fer_models.tables import csv_lines, without_mark


@dataclass(frozen=True)
class Unit:
    """The rows of one picture or video.

    whole: they are all there, and without an error. weights: by model, as far as they are told. settings: `None` where
    the rows end before they are told. state: bytes and last change of its file.
    """

    name: str
    text: str
    whole: bool
    weights: dict[str, str]
    settings: str | None
    state: tuple[str, str]


class ArchiveFile:
    """Holds whole pictures and videos when it was opened: what an interrupted run left of the last ones is removed, and
    so is what could not be read and is asked about again. It is read row by row, and of each name 16 bytes are
    remembered.

    Raises:
        RecordError: it cannot be read, was not written by this command, or with other weights or settings.
    """

    def __init__(self, path: Path, layout: Layout):
        self.path, self.layout = path, layout
        self._done: set[bytes] = set()
        self._stream: io.FileIO | None = None
        try:
            for unit in self._units():
                self._check(unit)
                if unit.whole:
                    self._done.add(_mark(unit.name, *unit.state))
        except OSError as error:
            raise self._not_writable(error) from error
        except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
            raise RecordError(
                f"{path} holds something else, or answers of other models or of another kind of archive; choose "
                "another file"
            ) from error

    def is_done(self, item: Item, nanoseconds: bool) -> bool:
        """Whether it is there, of the file as it is now."""
        return bool(self._done) and _mark(item.name, *map(_text, item.state(nanoseconds))) in self._done

    def begin(self, asked: Iterable[str]) -> None:
        """Leave only what is whole and not among `asked`, and open the file for `write`.

        Raises:
            RecordError: it cannot be written.
        """
        again = {_mark(name) for name in asked}
        new = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out:
                out.write(self.layout.header)
                for unit in self._units():
                    if unit.whole and _mark(unit.name) not in again:
                        out.write(unit.text)
            new.replace(self.path)
            # Unbuffered: a picture's lines reach the file in one call, so that an end at any moment leaves them whole.
            self._stream = self.path.open("ab", buffering=0)
        except OSError as error:
            raise self._not_writable(error) from error

    def write(self, lines: str) -> None:
        """Add whole lines.

        Raises:
            RecordError: there is no room, or the file may not be written.
        """
        content = lines.encode(errors="surrogateescape")
        try:
            while content and self._stream is not None:  # a disk that is nearly full takes a part
                content = content[self._stream.write(content) :]
        except OSError as error:
            raise self._not_writable(error) from error

    def _units(self) -> Iterator[Unit]:
        header = self.layout.header.encode()
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            if header.startswith(file.read(len(header) + 1)):  # nothing yet, or a part of the header
                return
        with self.path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            if header:
                (columns,) = csv.reader([self.layout.header])
                yield from _csv_units(file, columns, len(self.layout.origin["weights"]))
            else:
                yield from _json_units(file)

    def _check(self, unit: Unit) -> None:
        if unit.settings is None:
            return
        weights = self.layout.origin["weights"]
        require_origin(self.path, unit.settings, unit.weights, self.layout.origin)
        if unit.whole and unit.weights and unit.weights.keys() != weights.keys():
            names = ", ".join(sorted(unit.weights))
            raise RecordError(f"{self.path} holds answers of {names}; choose another file, or those models")

    def _not_writable(self, error: OSError) -> RecordError:
        return RecordError(f"{self.path} cannot be written: {error.strerror or error}; make room or choose another")


def _csv_units(file: TextIO, columns: list[str], models: int) -> Iterator[Unit]:
    rows = csv.DictReader(file)
    if rows.fieldnames != columns:
        raise ValueError("other columns")
    key = next(name for name in ("file", "photo", "video") if name in columns)
    ended = (row for row in rows if row[columns[-1]] is not None)  # a row that was cut off lacks its last column
    for name, group in groupby(ended, key=lambda row: row[key]):
        some = list(group)
        last = some[-1]
        of_video = bool(last.get("seconds"))
        whole = last["end"] == "yes" if of_video else len(some) == max(1, int(last["faces"]) * models)
        told = {without_mark(row["model"]): row["weights"] for row in some if row["model"] and row["weights"]}
        if last["weights"].startswith("{"):  # of all models, in the last row of a table of videos
            told = json.loads(last["weights"])
        yield Unit(
            name=without_mark(name),
            text=csv_lines(columns, some, mark=False),
            whole=whole and not last["error"],
            weights=told,
            settings=last["settings"] or None,
            state=(last["bytes"], last["modified"]),
        )


def _json_units(file: TextIO) -> Iterator[Unit]:
    records = ((json.loads(line), line) for line in file if line.endswith("\n"))
    for name, group in groupby(records, key=lambda one: one[0].get("photo") or one[0]["video"]):
        some = list(group)
        last = some[-1][0]
        origin, is_photo = last.get("origin"), "photo" in last
        state = last.get("file") or {} if is_photo else last
        yield Unit(
            name=name,
            text="".join(line for _, line in some),
            whole="error" not in last if is_photo else bool(last.get("end")) and not last["error"],
            weights=dict(origin["weights"]) if origin else {},
            settings=settings_text(origin) if origin else None,
            state=(_text(state.get("bytes")), _text(state.get("modified"))),
        )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _mark(*words: str) -> bytes:
    return hashlib.blake2b("\0".join(words).encode(errors="surrogateescape"), digest_size=16).digest()


__all__ = ["ArchiveFile", "Unit"]
