"""What a visitor can take home: the picture as shown, the raw maps, the answers as JSON and CSV."""

import io
import json
import re
import textwrap
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from fer_models.analyzer import Prediction
from fer_models.looks import looks
from fer_models.records import ANSWER, PLACE, SOURCE, source_cells
from fer_models.schema import FaceResult, Origin
from fer_models.tables import csv_header, csv_lines
from fer_models.visualize import draw_faces, draw_map, draw_ranks
from fer_models.words import how_sure, yes_or_no
from space.image.check import Check
from space.image.maps import MAPS_ACROSS, map_groups

COLUMN, GAP, LINE = 300, 24, 20  # pixels
INK, QUIET, PAPER, TRACK, FILL = "#1f2937", "#6b7280", "#ffffff", "#e5e7eb", "#4f46e5"


@dataclass(frozen=True)
class MapNote:
    """place: where a map is brightest, in words. check: its verdict; `None` where it was not measured."""

    place: str
    check: Check | None

    @property
    def lines(self) -> list[str]:
        """The same as on the page."""
        told = [f"Looked most at: {self.place}"]
        if self.check is not None:
            told.append(f"Map check: {self.check.word or 'nothing to check'}. {self.check.sentence}")
        return told


def results_json(
    faces: list[FaceResult], number: int, answers: list[Prediction], notes: Mapping[str, MapNote], made_by: Origin
) -> bytes:
    """All faces' answers, for the chosen face, `number`, what is said about each model's map, and where they come from,
    `made_by`."""
    maps = [
        {
            "model": answer.model,
            "map": answer.maps[0].name,
            "meaning": answer.maps[0].meaning,
            "looked_most_at": notes[answer.model].place,
            "check": asdict(check) if (check := notes[answer.model].check) else None,
        }
        for answer in answers
    ]
    told = {"faces": faces, "shown": {"face": number, "maps": maps}, "origin": made_by}
    return json.dumps(told, indent=2, ensure_ascii=False).encode()


def results_csv(faces: list[FaceResult], made_by: Origin, checks: Mapping[tuple[int, str], str] | None = None) -> bytes:
    """All faces' answers, one row per face and model; a model that does not know an expression has an empty cell.

    Args:
        made_by: where the answers come from.
        checks: by number of the face and model, the verdict on the map, where it was measured.
    """
    return _table(["face"], [({}, face) for face in faces], made_by, checks or {})


def photos_csv(photos: dict[str, list[FaceResult]], made_by: Origin) -> bytes:
    """The same of several photos, by their names."""
    rows = [({"photo": name}, face) for name, faces in photos.items() for face in faces]
    return _table(["photo", "face"], rows, made_by, {})


def _table(
    first: list[str],
    rows: list[tuple[dict[str, str], FaceResult]],
    made_by: Origin,
    checks: Mapping[tuple[int, str], str],
) -> bytes:
    expressions = list(dict.fromkeys(e for _, face in rows for a in face["answers"] for e in a["probabilities"]))
    columns = [*first, *PLACE, *ANSWER, "map_check", *expressions, *SOURCE]
    cells = [
        named
        | {"face": face["face"], "score": face["score"]}
        | dict(zip(PLACE[:4], face["box"] or [None] * 4, strict=True))
        | {key: answer[key] for key in ANSWER}
        | {"sure": yes_or_no(answer["sure"]), "map_check": checks.get((face["face"], answer["model"]), "")}
        | answer["probabilities"]
        | source_cells(made_by, answer["model"])
        for named, face in rows
        for answer in face["answers"]
    ]
    return (csv_header(columns) + csv_lines(columns, cells)).encode()


def raw_maps_zip(
    number: int, answers: list[Prediction], made_by: Origin, notes: Mapping[str, MapNote] | None = None
) -> bytes:
    """Every map of a face as a float32 `.npy` at its own resolution, in a folder per model, with a list of what they
    mean, the first one of each model with what the page says about it; and where they come from, `made_by`."""
    buffer, listed = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for answer in answers:
            for index, shown in enumerate(answer.maps):
                file = f"{_file_name(answer.model)}/{_file_name(shown.name)}.npy"
                with archive.open(file, "w") as stream:
                    np.save(stream, shown.values)
                profiles = {}
                for side, profile in zip(("vertical", "horizontal"), shown.profiles or (), strict=False):
                    profiles[side] = file.replace(".npy", f"-{side}.npy")
                    with archive.open(profiles[side], "w") as stream:
                        np.save(stream, profile)
                listed.append(
                    {
                        "file": file,
                        "model": answer.model,
                        "face": number,
                        "map": shown.name,
                        "meaning": shown.meaning,
                        "shape": list(shown.values.shape),
                    }
                    | ({"profiles": profiles} if profiles else {})
                    | ({"notes": notes[answer.model].lines} if notes and index == 0 else {})
                )
        archive.writestr("origin.json", json.dumps(made_by, indent=2, ensure_ascii=False))
        archive.writestr("maps.json", json.dumps(listed, indent=2, ensure_ascii=False))
    return buffer.getvalue()


def picture_png(
    photo: Image.Image,
    boxes: list[tuple[float, float, float, float]],
    number: int,
    answers: list[Prediction],
    opacity: float,
    colormap: str,
    made_by: Origin,
    notes: Mapping[str, MapNote] | None = None,
) -> bytes:
    """The page as one picture: the photo with its faces, and for the chosen face a column per model with bars and maps.

    Args:
        photo, boxes: the boxes are in pixels of this photo.
        number: of the chosen face, from 1; 0 where there is none.
        answers: for that face.
        made_by: where they come from; a text of the file, `origin`, as JSON.
        notes: what the page says about each model's map.
    """
    titles = looks(answer.model for answer in answers)
    columns = [
        _column(answer, titles[answer.model].title, opacity, colormap, notes[answer.model].lines if notes else [])
        for answer in answers
    ]
    width = max(len(columns) * (COLUMN + GAP) + GAP, 2 * COLUMN)
    annotated = draw_faces(photo, boxes)
    annotated.thumbnail((width - 2 * GAP, 480))
    height = annotated.height + 2 * GAP + (2 * LINE if columns else 0)
    height += max((column.height for column in columns), default=0) + GAP
    height += LINE if columns else 0
    page = Image.new("RGB", (width, height), PAPER)
    page.paste(annotated, ((width - annotated.width) // 2, GAP))
    top = annotated.height + 2 * GAP
    if columns:
        ImageDraw.Draw(page).text((GAP, top), f"Face {number}", INK, _font(18))
        top += 2 * LINE
    for index, column in enumerate(columns):
        page.paste(column, (GAP + index * (COLUMN + GAP), top))
    if columns:
        _scale(page, GAP, height - LINE - GAP // 2, colormap)
    buffer = io.BytesIO()
    texts = PngInfo()
    texts.add_text("Software", made_by["software"])
    texts.add_itxt("origin", json.dumps(made_by, ensure_ascii=False))
    page.save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()


def _scale(page: Image.Image, left: int, top: int, colormap: str) -> None:
    """What the colours of the maps mean."""
    draw = ImageDraw.Draw(page)
    draw.text((left, top), "less", QUIET, _font(12))
    ramp = draw_ranks(np.linspace(0, 1, 120)[None].repeat(120, axis=0), 120, colormap).crop((0, 0, 120, 12))
    page.paste(ramp, (left + 34, top + 2))
    draw.text((left + 162, top), "more", QUIET, _font(12))


def _column(answer: Prediction, title: str, opacity: float, colormap: str, notes: list[str]) -> Image.Image:
    """A model's column, cut off below its last line."""
    column = Image.new("RGB", (COLUMN, 400 + 30 * len(answer.probabilities) + 500 * len(answer.maps)), PAPER)
    draw = ImageDraw.Draw(column)
    draw.text((0, 0), title, QUIET, _font(14))
    draw.text((0, 20), answer.expression, INK, _font(26))
    draw.text((0, 54), f"{how_sure(answer)}, {100 * answer.probability:.0f} %", QUIET, _font(14))
    top = 84
    for expression, share in answer.probabilities.items():
        draw.text((0, top), expression, INK, _font(13))
        draw.rounded_rectangle((90, top + 3, 240, top + 13), 5, TRACK)
        draw.rounded_rectangle((90, top + 3, 90 + round(150 * share), top + 13), 5, FILL)
        draw.text((COLUMN, top), f"{100 * share:.1f} %", INK, _font(13), anchor="ra")
        top += LINE
    top += 12
    for group in map_groups(answer.maps):
        across = min(len(group.maps), MAPS_ACROSS)
        side = (COLUMN - (across - 1) * GAP // 4) // across
        crop = answer.crop.resize((side, side), Image.Resampling.BICUBIC)
        for index, (shown, rest) in enumerate(zip(group.maps, group.rests, strict=True)):
            left = index % across * (side + GAP // 4)
            picture = draw_map(crop, shown.values, shown.kind, shown.profiles, opacity, colormap)
            column.paste(picture, (left, top))
            draw.text((left + side / 2, top + side + 2), rest, QUIET, _font(11), anchor="ma")
            if index % across == across - 1 or index == len(group.maps) - 1:
                top += side + (LINE if rest else 6)
        draw.text((0, top), group.title, INK, _font(14))
        top += LINE
        for line in textwrap.wrap(group.meaning, 46):
            draw.text((0, top), line, QUIET, _font(12))
            top += 16
        top += 14
    for line in (part for note in notes for part in textwrap.wrap(note, 46)):
        draw.text((0, top), line, INK, _font(12))
        top += 16
    return column.crop((0, 0, COLUMN, top))


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _file_name(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


__all__ = ["MapNote", "photos_csv", "picture_png", "raw_maps_zip", "results_csv", "results_json"]
