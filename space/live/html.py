"""One camera frame's faces and answers -> HTML, made for being shown many times a second.

The picture goes back as the bytes that came, with the boxes laid over it by the browser: nothing is drawn or encoded
again. Gradio changes only those parts of the page that differ from the frame before.
"""

import base64
import html
from functools import partial
from itertools import groupby

from PIL import Image

from fer_models.analyzer import FaceMap, Prediction
from fer_models.video.stream import FaceStream, FollowedFace
from space.image.maps import layers
from space.live.timeline_html import timeline_html
from space.page.html import data_url, how_sure

CROP_SIDE = 144  # pixels of a crop on the page
LAYER_SIDE = 28  # pixels of a map's picture; the browser enlarges it
NOBODY = '<p class="notice">No face in the picture. Look into the camera, with light on your face.</p>'
PLOT_EVERY = 0.25  # seconds between two drawings of the timelines


class LiveView:
    """What one visitor's camera shows. It remembers the last plots, as they need not be new in every frame."""

    def __init__(self, stream: FaceStream):
        self.stream = stream
        self._plotted = float("-inf")
        self._plots: dict[int, str] = {}

    def html(self, frame: Image.Image, encoded: bytes, faces: list[FollowedFace], at: float) -> str:
        """The page for one frame.

        Args:
            frame: the picture. encoded: the JPEG that it was read from.
            faces: as `FaceStream.feed` gave them. at: the frame's time.
        """
        if at - self._plotted >= PLOT_EVERY or self._plots.keys() != {face.number for face in faces}:
            self._plotted = at
            gap = max(1.0, 4 / max(self.stream.rate, 0.1))  # a slow machine's line is a line all the same
            ends = (f"{self.stream.window:.0f} s ago", "now")
            self._plots = {
                face.number: timeline_html(self.stream.timeline(face.number), at - self.stream.window, at, gap, ends)
                for face in faces
            }
        count = {0: "no face", 1: "one face"}.get(len(faces), f"{len(faces)} faces")
        boxes = "".join(_box(face, frame.size) for face in faces)
        picture = base64.b64encode(encoded).decode()
        plots = "".join(
            f'<section aria-label="face {number} over time"><h3>Face {number}</h3>{plot}</section>'
            for number, plot in self._plots.items()
        )
        left_out = self.stream.left_out
        more = (
            f'<p class="hint">{left_out} more in the picture, not followed: there are too many.</p>' if left_out else ""
        )
        columns = "".join(
            f'<div class="columns" role="group" aria-label="face {face.number}">'
            f"{_heading(face.number, len(faces))}{''.join(map(_column, face.shown.values()))}</div>"
            for face in faces
        )
        return (
            f'<div class="fer live"><div class="view"><div class="stage" role="img" '
            f'aria-label="the camera\'s picture: {count}"><img class="frame" src="data:image/jpeg;base64,{picture}" '
            f'alt="">{boxes}</div>{self._timing()}{more}</div>'
            f'<div class="plots">{plots or NOBODY}</div>{columns}</div>'
        )

    def _timing(self) -> str:
        stream, taken = self.stream, self.stream.milliseconds
        stages = ", ".join(f"{stage} {value:.0f} ms" for stage, value in taken.items() if stage not in stream.models)
        models = ", ".join(
            f"{html.escape(name)} {taken[name]:.0f} ms, {stream.answers_per_second(name):.1f} a second"
            for name in stream.models
            if name in taken
        )
        return (
            f'<p class="timing"><b>{stream.rate:.1f} frames per second</b><br>per frame: {stages}<br>'
            f"per answer: {models or 'none yet'}</p>"
        )


def _box(face: FollowedFace, size: tuple[int, int]) -> str:
    left, top, right, bottom = face.face.box
    width, height = size
    place = (
        f"left:{100 * left / width:.1f}%;top:{100 * top / height:.1f}%;"
        f"width:{100 * (right - left) / width:.1f}%;height:{100 * (bottom - top) / height:.1f}%"
    )
    names = dict.fromkeys(answer.expression if answer.sure else "not sure" for answer in face.shown.values())
    label = next(iter(names)) if len(names) == 1 else "models differ"
    low = " low" if top < 0.09 * height else ""  # no room for the tag above the box
    return f'<div class="box{low}" style="{place}"><span><b>{face.number}</b> <i>{html.escape(label)}</i></span></div>'


def _heading(number: int, count: int) -> str:
    return f"<h3>Face {number}</h3>" if count > 1 else ""


def _column(answer: Prediction) -> str:
    crop = data_url(answer.crop.resize((CROP_SIDE, CROP_SIDE), Image.Resampling.BILINEAR), quality=75)
    name, unsure = html.escape(answer.model), "" if answer.sure else " unsure"
    across = 2 if len(answer.maps) <= 4 else 3
    tiles = "".join(map(partial(_tile, crop=crop), answer.maps))
    meanings = "".join(
        _meaning(meaning, list(alike)) for meaning, alike in groupby(answer.maps, key=lambda shown: shown.meaning)
    )
    return (
        f'<section class="fer model" data-model="{name}" aria-label="{name}"><h3 title="{name}">{name}</h3><header>'
        f'<img src="{crop}" alt="the face as the model saw it, cut out and turned upright"><div>'
        f'<p class="answer">{html.escape(answer.expression)}</p>'
        f'<p class="sure{unsure}">{how_sure(answer)}, {100 * answer.probability:.0f} %</p></div></header>'
        f'<div class="tiles" style="--across:{across}">{tiles}</div>{meanings}</section>'
    )


def _meaning(meaning: str, alike: list[FaceMap]) -> str:
    """The sentence that maps of one kind (the heads of one attention) share."""
    names = [shown.name for shown in alike]
    title = " and ".join(names) if len(names) <= 2 else f"{names[0]} and those like it"
    return f'<p class="meaning"><b>{html.escape(title)}:</b> {html.escape(meaning)}</p>'


def _tile(shown: FaceMap, crop: str) -> str:
    name = html.escape(shown.name)
    return f'<div data-map="{name}">{layers(shown, crop, LAYER_SIDE)}<b>{name}</b></div>'


__all__ = ["LiveView"]
