"""One camera frame's faces and answers -> HTML, made for being shown many times a second.

The picture goes back as the bytes that came, with boxes and maps laid over it by the browser: nothing is drawn or
encoded again. Gradio changes only those parts of the page that differ from the frame before.
"""

import base64
import html

from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.faces import crop_square
from fer_models.looks import Look, looks
from fer_models.video.stream import FaceStream, FollowedFace
from fer_models.video.timeline import Sample
from fer_models.words import doubt, how_sure
from space.image.maps import heat_image
from space.image.regions import is_even
from space.image.stage import frame_style, square_style
from space.image.words import share_words
from space.live.timeline_html import timeline_html

LAYER_SIDE = 28  # pixels of a map's picture; the browser enlarges it
MOST_FACES = 4  # whose answers stand beside the picture
NOBODY = '<p class="notice">No face in the picture. Look into the camera, with light on your face.</p>'
PLOT_EVERY = 0.25  # seconds between two drawings of the timelines


class LiveView:
    """What one visitor's camera shows. It remembers the last plots, as they need not be new in every frame."""

    def __init__(self, stream: FaceStream):
        self.stream = stream
        self._plotted = float("-inf")
        self._plots: dict[int, str] = {}

    def html(self, frame: Image.Image, encoded: bytes, faces: list[FollowedFace], at: float, shown: str = "") -> str:
        """The page for one frame.

        Args:
            frame: the picture. encoded: the JPEG that it was read from.
            faces: as `FaceStream.feed` gave them. at: the frame's time.
            shown: the model whose map lies on the faces; the first one by default.
        """
        if at - self._plotted >= PLOT_EVERY or self._plots.keys() != {face.number for face in faces}:
            self._plotted = at
            gap = max(1.0, 4 / max(self.stream.rate, 0.1))  # a slow machine's line is a line all the same
            ends = (f"{self.stream.window:.0f} s ago", "now")
            self._plots = {
                face.number: timeline_html(self._samples(face.number), at - self.stream.window, at, gap, ends)
                for face in faces
            }
        drawn = looks(self.stream.models)
        shown = shown if shown in self.stream.models else next(iter(self.stream.models), "")
        count = {0: "no face", 1: "one face"}.get(len(faces), f"{len(faces)} faces")
        boxes = "".join(self._map(face, frame.size, shown) + _box(face, frame.size) for face in faces)
        picture = base64.b64encode(encoded).decode()
        plots = "".join(
            f'<section aria-label="face {number} over time"><h3>Face {number} over time</h3>{plot}</section>'
            for number, plot in self._plots.items()
        )
        left_out = self.stream.left_out
        more = (
            f'<p class="hint">{left_out} more in the picture, not followed: there are too many.</p>' if left_out else ""
        )
        answers = "".join(_answers(face, drawn, len(faces)) for face in faces[:MOST_FACES])
        return (
            f'<div class="fer live"><div class="view"><div class="frame over" style="{frame_style(frame.size)}" '
            f'role="img" aria-label="the camera\'s picture: {count}"><img class="photo shown" '
            f'src="data:image/jpeg;base64,{picture}" alt="">{boxes}</div>{more}</div>'
            f'<div class="fer panel">{answers or NOBODY}</div><div class="plots">{plots}</div>'
            f"{self._timing(drawn)}</div>"
        )

    def _samples(self, number: int) -> list[Sample]:
        """A face's timeline, of the models that are chosen now."""
        chosen = self.stream.models
        return [
            Sample(sample.at, {name: sample.probabilities[name] for name in chosen if name in sample.probabilities})
            for sample in self.stream.timeline(number)
        ]

    def _map(self, face: FollowedFace, size: tuple[int, int], shown: str) -> str:
        """The shown model's map at its place on the face."""
        answer = face.shown.get(shown)
        if answer is None or not answer.maps or is_even(answer.maps[0]):
            return ""
        margin = self.stream.analyzer.checkpoint(shown).face_margin
        place = square_style(crop_square(face.face, margin), size)
        return f'<div class="square" style="{place}">{heat_image(answer.maps[0], side=LAYER_SIDE)}</div>'

    def _timing(self, drawn: dict[str, Look]) -> str:
        stream, taken = self.stream, self.stream.milliseconds
        stages = ", ".join(f"{stage} {value:.0f} ms" for stage, value in taken.items() if stage not in stream.models)
        models = ", ".join(
            f"{html.escape(drawn[name].title)} {taken[name]:.0f} ms, {stream.answers_per_second(name):.1f} a second"
            for name in stream.models
            if name in taken
        )
        return (
            f'<p class="timing hint">{stream.rate:.1f} frames per second; per frame: {stages}; '
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


def _answers(face: FollowedFace, drawn: dict[str, Look], count: int) -> str:
    heading = f"<h3>Face {face.number}</h3>" if count > 1 else ""
    rows = "".join(_row(face.number, answer, drawn[name]) for name, answer in face.shown.items())
    return f'<section class="rows" aria-label="face {face.number}">{heading}{rows}</section>'


def _row(number: int, answer: Prediction, look: Look) -> str:
    unsure = f' <em class="unsure">{words}</em>' if (words := doubt(answer)) else ""
    return (
        f'<div class="row" data-face="{number}" data-model="{html.escape(answer.model)}" '
        f'data-expression="{html.escape(answer.expression)}" data-probability="{answer.probability:.4f}" '
        f'data-sure="{"yes" if answer.sure else "no"}" style="--model:var(--model-{look.number})" '
        f'title="{how_sure(answer)}"><div class="label"><span class="name">{html.escape(look.title)}</span>'
        f'<span class="answer">{html.escape(answer.expression)}{unsure}</span><span class="track" aria-hidden="true">'
        f'<span style="width:{100 * answer.probability:.0f}%"></span></span>'
        f'<span class="share">{share_words(answer.probability)}</span></div></div>'
    )


__all__ = ["LiveView"]
