"""Answers over time as JSON lines or CSV, of any length: in a file that a later run goes on with, video by video."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from fer_models.records import RecordError, settings_text
from fer_models.schema import FaceResult, Origin
from fer_models.tables import csv_header, csv_lines, without_mark
from fer_models.words import yes_or_no

SIDES = ("left", "top", "right", "bottom")
# the columns that only a video's last row fills; a row that was cut off lacks the last one
ENDS = ("end", "frames", "damaged", "left_out", "error", "bytes", "modified", "weights", "settings", "software")


@dataclass(frozen=True)
class End:
    """What is known of a video when all of it was read.

    seconds: its length. frames: that were read. damaged: pieces that could not be decoded. left_out: how many faces at
    a time, at most, were too many to follow. error: why it could not be read, in one sentence. bytes, modified: of its
    file, the second in nanoseconds since 1970, or as its file system or the table of an archive has it.
    """

    video: str
    seconds: float
    frames: int
    damaged: int
    left_out: int
    error: str | None
    bytes: int | None
    modified: int | str | None


class JsonLines:
    """`{"video": …, "seconds": 1.2, "faces": […]}` for each moment that was answered; at the end of a video what is
    known of all of it, with `"end": true`, weights and settings."""

    header = ""

    def __init__(self, origin: Origin):
        self.origin = origin

    def moment(self, video: str, seconds: float, faces: list[FaceResult]) -> str:
        """One moment's answers as a line."""
        return json.dumps({"video": video, "seconds": round(seconds, 3), "faces": faces}) + "\n"

    def end(self, end: End) -> str:
        """The last line of a video."""
        return json.dumps(end.__dict__ | {"end": True, "origin": self.origin}) + "\n"

    def lines(self, file: TextIO) -> Iterator[tuple[str, str, dict | None]]:
        """Of each whole line of a file: its video, itself, and of a last line its content."""
        for line in file:
            if line.endswith("\n"):
                record = json.loads(line)
                yield record["video"], line, self._end(record) if record.get("end") else None

    def _end(self, record: dict) -> dict:
        origin = record["origin"]
        return record | {"settings": settings_text(origin), "weights": origin["weights"]}


class Csv:
    """A row for each answer, of one model about one face at one moment, with a column per expression; the last row of a
    video, with `end` "yes", has what is known of all of it.

    Args:
        origin: of the answers. expressions: of all models.
    """

    def __init__(self, origin: Origin, expressions: list[str]):
        self.origin = origin
        self.columns = ["video", "seconds", "face", *SIDES, "score", "model", "expression", "probability", "sure"]
        self.columns += ["how_sure", "conditions", *expressions, *ENDS]
        self.header = csv_header(self.columns)

    def moment(self, video: str, seconds: float, faces: list[FaceResult]) -> str:
        """One moment's answers as lines."""
        rows = [
            {"video": video, "seconds": f"{seconds:.3f}", "face": face["face"], "score": face["score"]}
            | dict(zip(SIDES, face["box"] or [], strict=False))
            | {key: answer[key] for key in ("model", "expression", "probability", "how_sure")}
            | {"sure": yes_or_no(answer["sure"]), "conditions": ", ".join(face["conditions"])}
            | answer["probabilities"]
            for face in faces
            for answer in face["answers"]
        ]
        return csv_lines(self.columns, rows)

    def end(self, end: End) -> str:
        """The last line of a video."""
        origin = {"software": self.origin["software"], "settings": settings_text(self.origin)}
        weights = json.dumps(self.origin["weights"])
        row = end.__dict__ | origin | {"end": "yes", "seconds": f"{end.seconds:.3f}", "weights": weights}
        return csv_lines(self.columns, [row])

    def lines(self, file: TextIO) -> Iterator[tuple[str, str, dict | None]]:
        """Of each whole row of a file: its video, itself, and of a last row its content."""
        rows = csv.DictReader(file)
        if rows.fieldnames != self.columns:
            raise ValueError("other columns")
        for row in rows:
            if row["software"] is None:  # cut off
                continue
            end = None
            if row["end"] == "yes":
                numbers = {key: int(row[key]) if row[key] else None for key in ("bytes", "modified")}
                end = row | numbers | {"error": row["error"] or None, "weights": json.loads(row["weights"])}
            yield without_mark(row["video"]), csv_lines(self.columns, [row], mark=False), end


class RecordFile:
    """An output file, opened to go on after the videos that it has to their end; what an interrupted run left of
    another is removed, and so are videos that could not be read or were replaced since. `done` names those that stay.

    Raises:
        RecordError: it cannot be written, was not written by this command, or with other weights or settings.
    """

    def __init__(self, path: Path, layout: JsonLines | Csv):
        self.path, self.layout = path, layout
        try:
            self.done = self._finished()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._keep()
            self._stream = path.open("a", encoding="utf-8", errors="surrogateescape", newline="")
        except OSError as error:
            raise RecordError(f"{path} cannot be written: {error.strerror or error}; choose another") from error

    def _finished(self) -> frozenset[str]:
        if not self.path.exists() or self.path.stat().st_size <= len(self.layout.header.encode()):
            return frozenset()
        done = set()
        try:
            with self._reading() as file:
                for video, _, end in self.layout.lines(file):
                    if end is None:
                        continue
                    wanted = self.layout.origin
                    if end["settings"] != settings_text(wanted) or end["weights"] != wanted["weights"]:
                        reason = "holds answers of other weights or settings"
                        raise RecordError(f"{self.path} {reason}; choose another file")
                    if end["error"] is None and (end["bytes"], end["modified"]) == file_state(Path(video)):
                        done.add(video)
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise RecordError(f"{self.path} holds something else; choose another file") from error
        return frozenset(done)

    def _keep(self) -> None:
        """Leave only whole videos in the file, whatever its length: a line is read at a time."""
        new = self.path.with_name(self.path.name + ".new")
        with new.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out:
            out.write(self.layout.header)
            if self.done:
                with self._reading() as file:
                    out.writelines(line for video, line, _ in self.layout.lines(file) if video in self.done)
        new.replace(self.path)

    def _reading(self) -> TextIO:
        return self.path.open(encoding="utf-8", errors="surrogateescape", newline="")

    def write(self, lines: str) -> None:
        """Add whole lines.

        Raises:
            RecordError: there is no room.
        """
        try:
            self._stream.write(lines)
            self._stream.flush()
        except OSError as error:
            raise RecordError(f"{self.path} cannot be written: {error.strerror or error}; make room") from error


def file_state(video: Path) -> tuple[int | None, int | None]:
    """Bytes and time of the last change of a file; nothing of what is none."""
    try:
        state = video.stat()
    except OSError:
        return None, None
    return state.st_size, state.st_mtime_ns


__all__ = ["Csv", "End", "JsonLines", "RecordFile", "file_state"]
