"""A photo's analysis -> HTML: the annotated photo and a card per face. Pictures are inside as data URLs, so nothing is
written to disk; it follows the light or dark theme of the page around it."""

import base64
import html
import io

from PIL import Image

from .analyzer import FaceMap, PhotoAnalysis, Prediction
from .visualize import draw_faces, draw_map

PHOTO_SIDE = 1280  # longest side of the photo on the page, in pixels
PICTURE_SIDE = 232  # of crops and maps on the page, in pixels

# Gradio's variables where there are any, so that the cards look at home in its themes.
CSS = """
.fer { color: var(--body-text-color, #1f2937); font-size: 15px; line-height: 1.45; }
.fer .photo { display: block; max-width: 100%; max-height: 380px; margin: 0 auto; border-radius: 8px; }
.fer .message { padding: 18px; text-align: center; }
.fer .timing { opacity: 0.75; font-size: 12.5px; margin: 6px 0 0; text-align: center; }
.fer .face { margin-top: 16px; padding: 14px 16px; border: 1px solid var(--border-color-primary, #e5e7eb);
  border-radius: 10px; background: var(--block-background-fill, #fff); }
.fer .face h3 { margin: 0 0 8px; font-size: 15px; font-weight: 600; }
.fer .models { display: flex; flex-wrap: wrap; gap: 20px; }
.fer .model { flex: 1 1 230px; min-width: 0; }
.fer .model h4 { margin: 0; font-size: 12.5px; font-weight: 500; opacity: 0.75; }
.fer .answer { font-size: 24px; font-weight: 650; margin: 0; }
.fer .sure { margin: 0 0 8px; opacity: 0.75; }
.fer .parts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(140px, 100%), 1fr)); gap: 16px; }
.fer table.bars { width: 100%; margin: 0; border-collapse: collapse; font-size: 13.5px; height: fit-content; }
.fer table.bars, .fer table.bars :is(tr, th, td) { border: 0 !important; background: none !important; }
.fer table.bars th { text-align: left; font-weight: 400; padding: 2px 8px 2px 0; width: 1%; white-space: nowrap; }
.fer table.bars td { padding: 2px 0; }
.fer table.bars td.share { width: 1%; padding-left: 8px; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.fer table.bars tr.top th, .fer table.bars tr.top td { font-weight: 650; }
.fer .track { height: 10px; border-radius: 5px; background: var(--border-color-primary, #e5e7eb); overflow: hidden; }
.fer .fill { height: 100%; border-radius: 5px; background: #3b6fb6; }
.fer tr.top .fill { background: #e08a1e; }
.fer figure { margin: 0; }
.fer figure img { width: 100%; max-width: 232px; border-radius: 8px; display: block; }
.fer figcaption { font-size: 12.5px; margin-top: 5px; max-width: 300px; }
@media (max-width: 640px) { .fer table.bars { grid-column: 1 / -1; } }
.fer figcaption b { display: block; font-size: 13.5px; }
"""


def data_url(picture: Image.Image, quality: int = 85) -> str:
    """A picture as a JPEG data URL."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def how_sure(prediction: Prediction) -> str:
    """The highest probability in a word: below the model's threshold it is "not sure", whatever its height."""
    if not prediction.sure:
        return "not sure"
    words = ((0.9, "very sure"), (0.7, "sure"), (0.5, "fairly sure"))
    return next((word for least, word in words if prediction.probability >= least), "little more than a guess")


def _bars(prediction: Prediction) -> str:
    rows = []
    for expression, share in sorted(prediction.probabilities.items(), key=lambda item: -item[1]):
        top = ' class="top"' if expression == prediction.expression else ""
        rows.append(
            f'<tr{top}><th scope="row">{html.escape(expression)}</th>'
            f'<td><div class="track"><div class="fill" style="width:{100 * share:.1f}%"></div></div></td>'
            f'<td class="share">{100 * share:.1f} %</td></tr>'
        )
    return f'<table class="bars" aria-label="probability of each expression">{"".join(rows)}</table>'


def _figure(picture: Image.Image, name: str, text: str, alt: str) -> str:
    return (
        f'<figure data-map="{html.escape(name)}"><img src="{data_url(picture)}" alt="{html.escape(alt)}">'
        f"<figcaption><b>{html.escape(name)}</b>{html.escape(text)}</figcaption></figure>"
    )


def _map_figure(crop: Image.Image, shown: FaceMap, prediction: Prediction, face: int) -> str:
    picture = draw_map(crop, shown.values, shown.kind, shown.profiles)
    return _figure(
        picture,
        shown.name,
        shown.meaning,
        f"{shown.name}, {prediction.model}, face {face}",
    )


def _model(prediction: Prediction, face: int) -> str:
    crop = prediction.crop.resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BICUBIC)
    figures = "".join(_map_figure(crop, shown, prediction, face) for shown in prediction.maps)
    return (
        f'<div class="model" data-model="{html.escape(prediction.model)}"><h4>{html.escape(prediction.model)}</h4>'
        f'<p class="answer">{html.escape(prediction.expression)}</p>'
        f'<p class="sure">{how_sure(prediction)}, {100 * prediction.probability:.0f} %</p>'
        f'<div class="parts">{_bars(prediction)}'
        f"{_figure(crop, 'What the model saw', 'The face as it was cut out and turned upright.', f'face {face}')}"
        f"{figures}</div></div>"
    )


def _shrunk(photo: Image.Image) -> Image.Image:
    photo = photo.copy()
    photo.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    return photo


def message_html(text: str, photo: Image.Image | None = None) -> str:
    """A sentence, under the photo if there is one."""
    picture = f'<img class="photo" src="{data_url(_shrunk(photo))}" alt="the photo">' if photo is not None else ""
    return f'<div class="fer">{picture}<p class="message" role="status">{html.escape(text)}</p></div>'


def analysis_html(analysis: PhotoAnalysis) -> str:
    """The annotated photo, the time it took, and a card per face, from left to right."""
    if not analysis.faces:
        return message_html(
            "No face found. Try a photo in which a face is larger, sharper or turned to you.", analysis.photo
        )
    labels = [next(iter(answers.values())).expression if len(answers) == 1 else "" for answers in analysis.predictions]
    annotated = draw_faces(analysis.photo, [face.box for face in analysis.faces], labels)
    cards = "".join(
        f'<section class="face" aria-label="face {number}"><h3>Face {number}</h3>'
        f'<div class="models">{"".join(_model(answer, number) for answer in answers.values())}</div></section>'
        for number, answers in enumerate(analysis.predictions, start=1)
    )
    timing = ", ".join(f"{name} {value:.0f} ms" for name, value in analysis.milliseconds.items())
    return (
        f'<div class="fer"><img class="photo" src="{data_url(_shrunk(annotated))}" '
        f'alt="the photo with {len(analysis.faces)} numbered faces">'
        f'<p class="timing">{html.escape(timing)}</p>{cards}</div>'
    )


__all__ = ["CSS", "analysis_html", "data_url", "how_sure", "message_html"]
