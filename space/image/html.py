"""The parts of the Image tab as HTML: the photo with its faces, where the models agree, a model's answer and maps."""

import html
import math
from pathlib import Path

from PIL import Image, ImageOps

from fer_models.analyzer import Prediction
from space.face_results import agreed_expression
from space.image.maps import figures
from space.image.recent import SeenPhoto
from space.page.html import data_url, how_sure

CROP_SIDE = 256  # pixels of a crop on the page
START = "Upload a photo, paste one, take one with the webcam, or choose an example."
SPREAD = 0.1  # a difference in probability that is worth a sentence


def start_html() -> str:
    """What stands where the photo will be."""
    return (
        f'<div class="fer start"><p class="notice" role="status">{START}</p><ol>'
        "<li><b>Faces</b> are found and numbered; choose one.</li>"
        "<li><b>Answers</b> of every model stand side by side, with how sure each is.</li>"
        "<li><b>Maps</b> show where it looked, each with a sentence that says what the map means.</li>"
        "<li><b>Trust</b> is measured: is a map better than a random one, and about what was learned?</li></ol></div>"
    )


def notice_html(text: str, photo: Image.Image | None = None) -> str:
    """A sentence, under the photo if there is one."""
    picture = f'<div class="stage"><img src="{data_url(photo)}" alt="the photo"></div>' if photo is not None else ""
    return f'<div class="fer">{picture}<p class="notice" role="status">{html.escape(text)}</p></div>'


def examples_html(examples: dict[str, Path]) -> str:
    """A button with a small picture for each example."""
    buttons = []
    for index, (name, path) in enumerate(examples.items()):
        with Image.open(path) as picture:
            thumbnail = ImageOps.fit(picture.convert("RGB"), (160, 120))
        label = html.escape(name.replace("_", " "))
        buttons.append(
            f'<button type="button" data-index="{index}" aria-label="example: {label}" title="{label}">'
            f'<img src="{data_url(thumbnail)}" alt=""></button>'
        )
    return f'<div class="fer examples" role="group" aria-label="example photos">{"".join(buttons)}</div>'


def photo_html(photo: SeenPhoto, labels: list[str], chosen: int) -> str:
    """The photo with a button over each face; clicking or pressing one chooses it.

    Args:
        labels: what to write beside each number.
        chosen: the face that is shown in detail, from 0.
    """
    width, height = photo.found.size
    faces = photo.found.faces
    buttons = []
    for index, (face, label) in enumerate(zip(faces, labels, strict=True)):
        left, top, right, bottom = face.box
        place = (
            f"left:{100 * left / width:.2f}%;top:{100 * top / height:.2f}%;"
            f"width:{100 * (right - left) / width:.2f}%;height:{100 * (bottom - top) / height:.2f}%"
        )
        low = " low" if top < 0.09 * height else ""  # no room for the tag above the box
        buttons.append(
            f'<button type="button" class="box{low}" style="{place}" data-index="{index}" '
            f'aria-pressed="{str(index == chosen).lower()}" aria-label="Face {index + 1}: {html.escape(label)}">'
            f"<span><b>{index + 1}</b> <i>{html.escape(label)}</i></span></button>"
        )
    count = f"{len(faces)} faces; choose one" if len(faces) > 1 else "one face"
    return (
        f'<div class="fer"><div class="stage" role="group" aria-label="the photo: {count}">'
        f'<img src="{data_url(photo.found.photo)}" alt="">{"".join(buttons)}</div></div>'
    )


def face_label(answers: list[Prediction]) -> str:
    """A face in a word or two."""
    agreed = agreed_expression(answers)
    if agreed is None:
        return "models differ"
    return agreed if all(answer.sure for answer in answers) else f"{agreed}?"


def agreement_html(number: int, count: int, answers: list[Prediction], timing: str) -> str:
    """Where the models agree about a face and where not."""
    which = f"Face {number}" if count == 1 else f"Face {number} of {count}"
    state = "same" if agreed_expression(answers) else "differ"
    return (
        f'<div class="fer"><div class="agreement {state}" role="status"><h2>{which}</h2>'
        f"<p><b>{html.escape(_verdict(answers))}</b> {html.escape(_largest_difference(answers))}</p>"
        f'<p class="timing">{html.escape(timing)}</p></div></div>'
    )


def _verdict(answers: list[Prediction]) -> str:
    agreed, unsure = agreed_expression(answers), [answer.model for answer in answers if not answer.sure]
    if len(answers) == 1:
        return f"{answers[0].model} says {agreed}{', but is not sure' if unsure else ''}."
    if agreed:
        many = "Both models say" if len(answers) == 2 else f"All {len(answers)} models say"
        return f"{many} {agreed}{', though ' + _listed(unsure) + ' not sure' if unsure else ''}."
    named: dict[str, list[str]] = {}
    for answer in answers:
        named.setdefault(answer.expression, []).append(answer.model)
    parts = [f"{expression} ({', '.join(models)})" for expression, models in named.items()]
    return f"The models differ: {'; '.join(parts)}{'; ' + _listed(unsure) + ' not sure' if unsure else ''}."


def _listed(models: list[str]) -> str:
    return f"{' and '.join(models)} {'is' if len(models) == 1 else 'are'}"


def _largest_difference(answers: list[Prediction]) -> str:
    """The expression whose probability differs most between two models."""
    shared = [e for e in answers[0].probabilities if all(e in answer.probabilities for answer in answers)]
    spreads = {}
    for expression in shared:
        ordered = sorted(answers, key=lambda answer: answer.probabilities[expression])
        low, high = ordered[0], ordered[-1]
        spread = round(high.probabilities[expression] - low.probabilities[expression], 4)
        spreads[expression] = (spread, low, high)
    if len(answers) < 2 or not spreads:
        return ""
    expression, (spread, low, high) = max(spreads.items(), key=lambda item: item[1][0])
    if spread < SPREAD:
        points = max(1, math.ceil(round(100 * spread, 2)))  # "no more than" must hold
        return f"No probability differs by more than {points} point{'s' if points > 1 else ''}."
    return (
        f"They differ most on {expression}: {100 * low.probabilities[expression]:.0f} % ({low.model}) "
        f"to {100 * high.probabilities[expression]:.0f} % ({high.model})."
    )


def column_html(answer: Prediction, asked: str | None, key: str = "") -> str:
    """A model's answer, bars and maps. `asked` is the expression that a visitor wants explained; `key` tells these maps
    from others."""
    crop = data_url(answer.crop.resize((CROP_SIDE, CROP_SIDE), Image.Resampling.BICUBIC))
    name = html.escape(answer.model)
    missing = ""
    if asked is not None and asked not in answer.probabilities:
        missing = (
            f'<p class="note">This model does not know {html.escape(asked)}; its maps are about its own answer.</p>'
        )
    unsure = "" if answer.sure else " unsure"
    return (
        f'<section class="fer model" data-model="{name}" data-key="{html.escape(key)}" '
        f'aria-label="{name}"><h3 title="{name}">{name}</h3><header>'
        f'<img src="{crop}" alt="the face as the model saw it, cut out and turned upright"><div>'
        f'<p class="answer">{html.escape(answer.expression)}</p>'
        f'<p class="sure{unsure}">{how_sure(answer)}, {100 * answer.probability:.0f} %</p></div></header>'
        f'<div class="body"><div>{_bars(answer)}{missing}</div>'
        f'<div class="maps">{figures(answer.maps, crop)}</div></div></section>'
    )


def _bars(answer: Prediction) -> str:
    """In the model's own order, so that the columns can be compared row by row."""
    rows = []
    for expression, share in answer.probabilities.items():
        top = ' class="top"' if expression == answer.expression else ""
        rows.append(
            f'<tr{top}><th scope="row">{html.escape(expression)}</th>'
            f'<td><div class="track"><div class="fill" style="width:{100 * share:.1f}%"></div></div></td>'
            f'<td class="share">{100 * share:.1f} %</td></tr>'
        )
    return f'<table class="bars" aria-label="probability of each expression">{"".join(rows)}</table>'


__all__ = [
    "START",
    "agreement_html",
    "column_html",
    "examples_html",
    "face_label",
    "notice_html",
    "photo_html",
    "start_html",
]
