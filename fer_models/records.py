"""The answers for many pictures as JSON lines or CSV, in a file that a later run of the same command goes on with."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fer_models.pictures import PictureAnswers, PictureFile
from fer_models.schema import Answer, FaceResult, Origin, face_result
from fer_models.tables import csv_header, csv_lines, without_mark
from fer_models.words import yes_or_no

PLACE = ("left", "top", "right", "bottom", "score")
ANSWER = ("model", "expression", "probability", "sure")
MORE = ("agreed", "how_sure", "conditions", "notes")
TRUST = (
    "map",
    "gain",
    "beats",
    "random_maps",
    "likeness",
    "gain_over_mean_map",
    "verdict",
)  # of the model's first map that could be measured
STEADY = ("same_degraded", "lowest_degraded")  # of the six degraded faces
SOURCE = ("software", "weights", "settings")
ORIGIN = (*SOURCE, "bytes", "modified")

_EARLIER = "was written by an earlier version, which did not note weights and settings"


class RecordError(RuntimeError):
    """A file that cannot be written or gone on with; the message is one sentence that says what to do."""


def face_records(answers: PictureAnswers) -> list[FaceResult]:
    """The faces of a picture as plain data, numbered in reading order."""
    trusts = answers.trusts or [{} for _ in answers.faces]
    return [
        face_result(number, face, list(predictions.values()), list(measured.values()))
        for number, (face, predictions, measured) in enumerate(
            zip(answers.faces, answers.predictions, trusts, strict=True), start=1
        )
    ]


def require_origin(path: Path, settings: str, weights: Mapping[str, str], origin: Origin) -> None:
    """Nothing, if answers in a file come from where new ones would.

    Args:
        settings: theirs, as `settings_text` has them. weights: SHA-256 by model, as far as it is known.

    Raises:
        RecordError: other options, or other weights of a model.
    """
    now = settings_text(origin)
    if settings != now:
        raise RecordError(
            f"{path} was written with other options ({settings}; now {now}); choose another file, or those options"
        )
    for model, sha256 in weights.items():
        if sha256 != origin["weights"].get(model, sha256):
            raise RecordError(f"{path} holds answers of other weights of {model}; choose another file")


def settings_text(origin: Origin) -> str:
    """The settings on one line."""
    return ", ".join(f"{name}: {value}" for name, value in origin["settings"].items())


def source_cells(origin: Origin, model: str) -> dict[str, str]:
    """Where an answer of this model comes from, under the names of `SOURCE`."""
    return {
        "software": origin["software"],
        "weights": origin["weights"][model],
        "settings": settings_text(origin),
    }


@dataclass(frozen=True)
class Written:
    """A picture in a file: its name, its lines, whether they are all there and without an error; which models answered,
    by which weights and with which settings; and the picture's file as it was then. What an earlier version did not
    write is `None`."""

    photo: str
    lines: str
    whole: bool
    models: frozenset[str]
    weights: dict[str, str] | None
    settings: str | None
    file: PictureFile | None


class JsonLines:
    """One JSON object per picture: `{"photo": …, "faces": [{"face": 1, "box": …, "score": …, "agreed": …, "answers":
    […]}], "origin": …, "file": …}`, with `"notes": […]` where there is something to say about the search; or with
    `"error": …` instead of the faces for one that could not be read."""

    header = ""

    def __init__(self, origin: Origin):
        self.origin = origin

    def encode(self, answers: PictureAnswers) -> str:
        """A picture's answers as whole lines."""
        told: dict[str, object] = {"error": answers.error} if answers.error else {"faces": face_records(answers)}
        if answers.notes:
            told["notes"] = answers.notes
        file = None if answers.file is None else answers.file.__dict__
        return json.dumps({"photo": str(answers.path), **told, "origin": self.origin, "file": file}) + "\n"

    def decode(self, text: str) -> Iterator[Written]:
        """The pictures in the text of a file, which may end within a line."""
        for line in io.StringIO(text):
            if line.endswith("\n"):
                record = json.loads(line)
                origin, file = record.get("origin"), record.get("file")
                if not isinstance(record["photo"], str) or (origin and not isinstance(origin["weights"], dict)):
                    raise TypeError("none of our records")
                yield Written(
                    photo=record["photo"],
                    lines=line,
                    whole="error" not in record,
                    models=frozenset(answer["model"] for face in record.get("faces", []) for answer in face["answers"]),
                    weights=origin and origin["weights"],
                    settings=origin and settings_text(origin),
                    file=file and PictureFile(**file),
                )


class Csv:
    """One row per face and model, with a column per expression, empty where a model does not know it. `faces` says how
    many the picture has; a picture with none, or that could not be read, has one row.

    Args:
        origin: of the answers; its weights name the models.
        expressions: of all models.
        trust: whether how far the maps can be trusted is measured.
    """

    def __init__(self, origin: Origin, expressions: list[str], trust: bool = False):
        self.origin = origin
        measured = (*TRUST, *STEADY) if trust else ()
        self.columns = ["photo", "faces", "face", *PLACE, *ANSWER, *expressions, "error", *MORE, *measured, *ORIGIN]
        self.header = csv_header(self.columns)

    def encode(self, answers: PictureAnswers) -> str:
        """A picture's answers as whole lines."""
        faces = face_records(answers)
        picture = {"photo": str(answers.path), "faces": len(faces), "software": self.origin["software"]}
        picture |= {"notes": " ".join(answers.notes), "settings": settings_text(self.origin)} | (
            answers.file.__dict__ if answers.file else {}
        )
        rows = [
            picture
            | {
                "face": face["face"],
                "agreed": face["agreed"],
                "conditions": ", ".join(face["conditions"]),
                "score": face["score"],
            }
            | dict(zip(PLACE[:4], face["box"] or [None] * 4, strict=True))
            | {key: answer[key] for key in (*ANSWER, "how_sure")}
            | {"sure": yes_or_no(answer["sure"])}
            | source_cells(self.origin, answer["model"])
            | answer["probabilities"]
            | _first_trust(answer)
            | _steadiness(answer)
            for face in faces
            for answer in face["answers"]
        ]
        return csv_lines(self.columns, rows or [picture | {"error": answers.error}])

    def decode(self, text: str) -> Iterator[Written]:
        """The pictures in the text of a file, which may end within a line."""
        lines = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1]))  # a row that ends is followed by a new line
        if lines.fieldnames and set(lines.fieldnames) == set(self.columns) - {*MORE, *TRUST, *STEADY, *ORIGIN}:
            raise RecordError(_EARLIER)
        if lines.fieldnames != self.columns:
            raise ValueError("other columns")
        pictures: dict[str, list[dict]] = {}
        for row in lines:
            if row[self.columns[-1]] is not None:  # else the row ends before its last column
                pictures.setdefault(row["photo"], []).append(row)
        for photo, rows in pictures.items():
            answered = [row for row in rows if row["model"]]
            rows_of_whole = max(1, int(rows[0]["faces"]) * len(self.origin["weights"]))
            size, modified = rows[0]["bytes"], rows[0]["modified"]
            yield Written(
                photo=without_mark(photo),
                lines=csv_lines(self.columns, rows, mark=False),
                whole=len(rows) == rows_of_whole and not rows[0]["error"],
                models=frozenset(without_mark(row["model"]) for row in answered),
                weights={without_mark(row["model"]): row["weights"] for row in answered},
                settings=rows[0]["settings"],
                file=PictureFile(int(size), modified) if size else None,
            )


def _first_trust(answer: Answer) -> dict:
    for name, measured in answer.get("trust", {}).items():
        return {"map": name} | {key: measured[key] for key in TRUST[1:]}
    return {}


def _steadiness(answer: Answer) -> dict:
    measured = answer.get("steadiness")
    return dict(zip(STEADY, (measured["same"], measured["lowest"]), strict=True)) if measured else {}


class RecordFile:
    """An output file that only ever holds whole pictures, opened to go on after those that it has.

    What an interrupted run left of a last picture is removed, and so are pictures that could not be read, so that they
    get another try. `done` holds the names of the pictures that stay.

    A picture that was replaced since, by its size or time of change, is asked about again.

    Args:
        asked: the names of the pictures that this run asks about.

    Raises:
        RecordError: it cannot be written, was not written by this command, for other models, or with other weights or
            settings.
    """

    def __init__(self, path: Path, layout: JsonLines | Csv, asked: Collection[str] = ()):
        self.path, self.layout = path, layout
        try:
            text = path.read_bytes().decode(errors="surrogateescape") if path.exists() else ""
            pictures = [] if layout.header.startswith(text) else list(layout.decode(text))
        except OSError as error:
            raise self._not_writable(error) from error
        except RecordError as error:
            raise RecordError(f"{path} {error}; choose another file") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:  # of a record that is none of ours
            raise RecordError(
                f"{path} holds something else, or answers of other models; choose another file"
            ) from error
        for index, picture in enumerate(pictures):
            self._check(picture, last=index == len(pictures) - 1)
        asked = frozenset(asked)
        kept = {
            picture.photo: picture.lines
            for picture in pictures
            if picture.whole and not (picture.photo in asked and PictureFile.of(Path(picture.photo)) != picture.file)
        }
        self.done = frozenset(kept)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(layout.header + "".join(kept.values()), text)
            # Unbuffered: a picture's lines reach the file in one call, so that an end at any moment leaves them whole.
            self._stream = path.open("ab", buffering=0)
        except OSError as error:
            raise self._not_writable(error) from error

    def _check(self, picture: Written, last: bool) -> None:
        weights = self.layout.origin["weights"]
        cut_off = last and picture.models < weights.keys()
        if picture.models and picture.models != weights.keys() and not cut_off:
            names = ", ".join(sorted(picture.models))
            raise RecordError(f"{self.path} holds answers of {names}; choose another file, or those models")
        if picture.settings is None or picture.weights is None:
            raise RecordError(f"{self.path} {_EARLIER}; choose another file")
        require_origin(self.path, picture.settings, picture.weights, self.layout.origin)

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


__all__ = [
    "SOURCE",
    "Csv",
    "JsonLines",
    "RecordError",
    "RecordFile",
    "Written",
    "face_records",
    "require_origin",
    "settings_text",
    "source_cells",
]
