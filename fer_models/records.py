"""The answers for many pictures as JSON lines or CSV, in a file that a later run of the same command goes on with."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_models.pictures import PictureAnswers

PLACE = ("left", "top", "right", "bottom", "score")
ANSWER = ("model", "expression", "probability", "sure")


class RecordError(RuntimeError):
    """A file that cannot be written or gone on with; the message is one sentence that says what to do."""


def face_records(answers: PictureAnswers) -> list[dict]:
    """The faces of a picture as plain data, numbered in reading order; `box` and `score` are `None` where the picture
    is the face."""
    return [
        {
            "face": number,
            "box": None if face is None else [round(value, 1) for value in face.box],
            "score": None if face is None else round(face.score, 4),
            "answers": [
                {
                    "model": answer.model,
                    "expression": answer.expression,
                    "probability": round(answer.probability, 4),
                    "sure": answer.sure,
                    "probabilities": {name: round(share, 4) for name, share in answer.probabilities.items()},
                }
                for answer in predictions.values()
            ],
        }
        for number, (face, predictions) in enumerate(zip(answers.faces, answers.predictions, strict=True), start=1)
    ]


@dataclass(frozen=True)
class Written:
    """A picture in a file: its name, its lines, which models answered, whether the lines are all there and without an
    error."""

    photo: str
    lines: str
    models: frozenset[str]
    whole: bool


class JsonLines:
    """One JSON object per picture: `{"photo": …, "faces": [{"face": 1, "box": …, "score": …, "answers": […]}]}`, or
    `{"photo": …, "error": …}` for one that could not be read."""

    header = ""

    def encode(self, answers: PictureAnswers) -> str:
        """A picture's answers as whole lines."""
        told = {"error": answers.error} if answers.error else {"faces": face_records(answers)}
        return json.dumps({"photo": str(answers.path), **told}) + "\n"

    def decode(self, text: str) -> Iterator[Written]:
        """The pictures in the text of a file, which may end within a line."""
        for line in io.StringIO(text):
            if line.endswith("\n"):
                record = json.loads(line)
                models = frozenset(answer["model"] for face in record.get("faces", []) for answer in face["answers"])
                yield Written(record["photo"], line, models, whole="error" not in record)


class Csv:
    """One row per face and model, with a column per expression, empty where a model does not know it. `faces` says how
    many the picture has; a picture with none, or that could not be read, has one row.

    Args:
        expressions: of all models.
        models: how many answer.
    """

    def __init__(self, expressions: list[str], models: int):
        self.columns = ["photo", "faces", "face", *PLACE, *ANSWER, *expressions, "error"]
        self.models = models
        self.header = self._text([dict(zip(self.columns, self.columns, strict=True))])

    def _text(self, rows: list[dict]) -> str:
        text = io.StringIO()
        csv.DictWriter(text, self.columns, lineterminator="\n").writerows(rows)
        return text.getvalue()

    def encode(self, answers: PictureAnswers) -> str:
        """A picture's answers as whole lines."""
        faces = face_records(answers)
        picture = {"photo": str(answers.path), "faces": len(faces)}
        rows = [
            picture
            | {"face": face["face"]}
            | dict(zip(PLACE, [*(face["box"] or [None] * 4), face["score"]], strict=True))
            | {key: answer[key] for key in ANSWER}
            | answer["probabilities"]
            for face in faces
            for answer in face["answers"]
        ]
        return self._text(rows or [picture | {"error": answers.error}])

    def decode(self, text: str) -> Iterator[Written]:
        """The pictures in the text of a file, which may end within a line."""
        lines = csv.DictReader(io.StringIO(text))
        if lines.fieldnames != self.columns:
            raise ValueError("other columns")
        pictures: dict[str, list[dict]] = {}
        for row in lines:
            if row["error"] is not None:  # else the row ends before its last column
                pictures.setdefault(row["photo"], []).append(row)
        for photo, rows in pictures.items():
            rows_of_whole = max(1, int(rows[0]["faces"]) * self.models)
            models = frozenset(row["model"] for row in rows if row["model"])
            yield Written(photo, self._text(rows), models, len(rows) == rows_of_whole and not rows[0]["error"])


class RecordFile:
    """An output file that only ever holds whole pictures, opened to go on after those that it has.

    What an interrupted run left of a last picture is removed, and so are pictures that could not be read, so that they
    get another try. `done` holds the names of the pictures that stay.

    Args:
        models: the names of all models that answer; a file with other answers is refused.

    Raises:
        RecordError: it cannot be written, was not written by this command, or for other models.
    """

    def __init__(self, path: Path, layout: JsonLines | Csv, models: set[str]):
        self.path, self.layout = path, layout
        try:
            text = path.read_bytes().decode(errors="surrogateescape") if path.exists() else ""
            pictures = [] if layout.header.startswith(text) else list(layout.decode(text))
        except OSError as error:
            raise self._not_writable(error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(
                f"{path} holds something else, or answers of other models; choose another file"
            ) from error
        for index, picture in enumerate(pictures):
            cut_off = index == len(pictures) - 1 and picture.models < models
            if picture.models and picture.models != models and not cut_off:
                names = ", ".join(sorted(picture.models))
                raise RecordError(f"{path} holds answers of {names}; choose another file, or those models")
        kept = {picture.photo: picture.lines for picture in pictures if picture.whole}
        self.done = frozenset(kept)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(layout.header + "".join(kept.values()), text)
            # Unbuffered: a picture's lines reach the file in one call, so that an end at any moment leaves them whole.
            self._stream = path.open("ab", buffering=0)
        except OSError as error:
            raise self._not_writable(error) from error

    def _replace(self, wanted: str, present: str) -> None:
        if wanted != present:
            new = self.path.with_name(self.path.name + ".new")
            new.write_bytes(wanted.encode(errors="surrogateescape"))
            new.replace(self.path)

    def write(self, answers: PictureAnswers) -> None:
        """Add a picture.

        Raises:
            RecordError: there is no room, or the file may not be written.
        """
        content = self.layout.encode(answers).encode(errors="surrogateescape")
        try:
            while content:  # a disk that is nearly full takes a part
                content = content[self._stream.write(content) :]
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> RecordError:
        return RecordError(f"{self.path} cannot be written: {error.strerror or error}; make room or choose another")

    def close(self) -> None:
        self._stream.close()


__all__ = ["Csv", "JsonLines", "RecordError", "RecordFile", "face_records"]
