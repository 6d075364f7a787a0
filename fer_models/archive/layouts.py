"""How the answers about an archive are written: as today's tables of pictures or of videos, or, of both, as one table.

The table of both has the columns of either, `file` in place of `photo` and `video`; `seconds` is empty for photos.
"""

from typing import Protocol, cast

from fer_models import records
from fer_models.pictures import PictureAnswers
from fer_models.schema import FaceResult, Origin
from fer_models.tables import csv_header, csv_lines
from fer_models.video import records as video_records
from fer_models.video.records import ENDS, End
from fer_models.words import yes_or_no


class BothJsonLines(records.JsonLines, video_records.JsonLines):
    """The lines of pictures, `{"photo": …}`, and those of videos, `{"video": …}`."""


class BothCsv:
    """A row for each face, model and, of a video, moment. A picture without a face or that could not be read has one
    row; a video has a last one, with `end` "yes", of what is known of all of it.

    Args:
        origin: of the answers. expressions: of all models.
    """

    def __init__(self, origin: Origin, expressions: list[str]):
        self.origin = origin
        self.columns = ["file", "seconds", "faces", "face", *records.PLACE, *records.ANSWER, *expressions]
        self.columns += [*records.MORE, *ENDS[:4], "error", *records.ORIGIN]
        self.header = csv_header(self.columns)

    def encode(self, answers: PictureAnswers) -> str:
        """A picture's answers as whole lines."""
        faces = records.face_records(answers)
        picture = self._of(str(answers.path)) | {"faces": len(faces), "notes": " ".join(answers.notes)}
        picture |= answers.file.__dict__ if answers.file else {}
        rows = [picture | row for face in faces for row in self._rows(face)]
        return csv_lines(self.columns, rows or [picture | {"error": answers.error}])

    def moment(self, video: str, seconds: float, faces: list[FaceResult]) -> str:
        """One moment's answers as lines."""
        moment = self._of(video) | {"seconds": f"{seconds:.3f}", "faces": len(faces)}
        return csv_lines(self.columns, [moment | row for face in faces for row in self._rows(face)])

    def end(self, end: End) -> str:
        """The last line of a video."""
        known = {key: value for key, value in end.__dict__.items() if key not in ("video", "seconds")}
        row = self._of(end.video) | known | {"end": "yes", "seconds": f"{end.seconds:.3f}"}
        return csv_lines(self.columns, [row])

    def _of(self, name: str) -> dict:
        return {
            "file": name,
            "software": self.origin["software"],
            "settings": records.settings_text(self.origin),
        }

    def _rows(self, face: FaceResult) -> list[dict]:
        where = {key: face[key] for key in ("face", "score", "agreed")}
        where |= dict(zip(records.PLACE[:4], face["box"] or [None] * 4, strict=True))
        where["conditions"] = ", ".join(face["conditions"])
        return [
            where
            | {key: answer[key] for key in (*records.ANSWER, "how_sure")}
            | {"sure": yes_or_no(answer["sure"])}
            | records.source_cells(self.origin, answer["model"])
            | answer["probabilities"]
            for answer in face["answers"]
        ]


class Layout(Protocol):
    """What the answers about an archive are written with. A table of pictures alone has no `moment` and no `end`, one
    of videos alone no `encode`: an archive of that kind asks for none."""

    header: str
    origin: Origin

    def encode(self, answers: PictureAnswers) -> str:
        """A picture's answers as whole lines."""
        ...

    def moment(self, video: str, seconds: float, faces: list[FaceResult]) -> str:
        """One moment's answers as lines."""
        ...

    def end(self, end: End) -> str:
        """The last line of a video."""
        ...


def layout_of(kind: str, as_csv: bool, origin: Origin, expressions: list[str], trust: bool = False) -> Layout:
    """The layout for what an archive holds (`Listing.kind`); trust: as in `records.Csv`."""
    layout: object = BothCsv(origin, expressions) if as_csv else BothJsonLines(origin)
    if kind == "pictures":
        layout = records.Csv(origin, expressions, trust) if as_csv else records.JsonLines(origin)
    elif kind == "videos":
        layout = video_records.Csv(origin, expressions) if as_csv else video_records.JsonLines(origin)
    return cast(Layout, layout)


__all__ = ["BothCsv", "BothJsonLines", "Layout", "layout_of"]
