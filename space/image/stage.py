"""The photo as HTML: the picture itself, and over it the faces with the maps of every model, of which one is seen."""

import html
import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.faces import Face, crop_square
from fer_models.schema import agreed_expression
from space.image.maps import heat_image
from space.image.recent import SeenPhoto
from space.image.regions import is_even
from space.page.html import data_url

FEW = 6  # faces whose tags say their expressions; of more only the numbers can be read
SMALL = 0.09  # of the photo's width: a face that is narrower has no room for a word


def frame_style(size: tuple[int, int]) -> str:
    """What the style sheet needs to give the photo and what lies over it the same place."""
    return f"--w:{size[0]};--h:{size[1]}"


def picture_html(photo: SeenPhoto) -> str:
    """The photo."""
    return (
        f'<div class="fer frame" style="{frame_style(photo.found.size)}" data-photo="{photo.digest[:16]}">'
        f'<img class="photo" src="{data_url(photo.found.photo)}" alt="the photo"></div>'
    )


def label(answers: Sequence[Prediction]) -> str:
    """A face in a word or two."""
    agreed = agreed_expression(list(answers))
    if agreed is None:
        return "models differ" if answers else ""
    return agreed if all(answer.sure for answer in answers) else f"{agreed}?"


def overlay_html(
    photo: SeenPhoto,
    labels: Sequence[str],
    face: int,
    answers: Sequence[Prediction],
    margins: Mapping[str, float],
    shown: str,
    hidden: Mapping[float, Sequence[Sequence[float]]],
) -> str:
    """Boxes, tags and maps.

    Args:
        labels: what each face's tag says.
        face: the chosen one, from 0.
        answers: for that face, with maps.
        margins: of each model's crop.
        shown: the model whose map is seen.
        hidden: by margin, the corners of what is hidden, in shares of the crop.
    """
    chosen = photo.found.faces[face]
    together: dict[float, list[Prediction]] = {}
    for answer in answers:
        together.setdefault(margins[answer.model], []).append(answer)
    size = photo.found.size
    squares = "".join(
        _square(size, chosen, margin, alike, shown, hidden.get(margin)) for margin, alike in together.items()
    )
    boxes = "".join(_box(photo, index, text, index == face) for index, text in enumerate(labels))
    count = f"{len(photo.found.faces)} faces; choose one" if len(photo.found.faces) > 1 else "one face"
    many = " many" if len(photo.found.faces) > FEW else ""
    return (
        f'<div class="fer frame over{many}" style="{frame_style(photo.found.size)}" role="group" '
        f'aria-label="the photo: {count}">{squares}{boxes}</div>'
    )


def _square(
    size: tuple[int, int],
    face: Face,
    margin: float,
    answers: Sequence[Prediction],
    shown: str,
    hidden: Sequence[Sequence[float]] | None,
) -> str:
    """What the models with this margin see, at its place in the photo, with their maps."""
    place = square_style(crop_square(face, margin), size)
    heats = "".join(
        heat_image(
            answer.maps[0], f'data-model="{html.escape(answer.model)}"{"" if answer.model == shown else " hidden"}'
        )
        for answer in answers
        if answer.maps and not is_even(answer.maps[0])
    )
    patch = ""
    if hidden is not None and answers:
        points = ",".join(f"{100 * x:.1f}% {100 * y:.1f}%" for x, y in hidden)
        patch = f'<div class="veil" style="clip-path:polygon({points})"></div>'
    return f'<div class="square" style="{place}" aria-hidden="true">{patch}{heats}</div>'


def square_style(square: tuple[np.ndarray, float, float], size: tuple[int, int]) -> str:
    """Where a crop's square (`faces.crop_square`) lies on a picture of this size, as CSS."""
    centre, side, roll = square
    left, top = centre - side / 2
    return (
        f"left:{100 * left / size[0]:.2f}%;top:{100 * top / size[1]:.2f}%;width:{100 * side / size[0]:.2f}%;"
        f"height:{100 * side / size[1]:.2f}%;transform:rotate({math.degrees(roll):.1f}deg)"
    )


def _box(photo: SeenPhoto, index: int, text: str, chosen: bool) -> str:
    width, height = photo.found.size
    left, top, right, bottom = photo.found.faces[index].box
    place = (
        f"left:{100 * left / width:.2f}%;top:{100 * top / height:.2f}%;"
        f"width:{100 * (right - left) / width:.2f}%;height:{100 * (bottom - top) / height:.2f}%"
    )
    classes = ["box"]
    if top < 0.09 * height:
        classes.append("low")  # no room for the tag above the box
    if right - left < SMALL * width:
        classes.append("small")
    if left > 0.7 * width:
        classes.append("late")  # its tag grows to the left
    words = html.escape(text)
    return (
        f'<button type="button" class="{" ".join(classes)}" style="{place}" data-face="{index}" '
        f'aria-pressed="{str(chosen).lower()}" aria-label="Face {index + 1}: {words}">'
        f"<span><b>{index + 1}</b> <i>{words}</i></span></button>"
    )


def strip_html(photo: SeenPhoto, labels: Sequence[str], face: int, crops: Sequence[Image.Image]) -> str:
    """A row of all faces to choose from; nothing where there is one."""
    if len(crops) < 2:
        return ""
    buttons = "".join(
        f'<button type="button" data-face="{index}" aria-pressed="{str(index == face).lower()}" '
        f'aria-label="Face {index + 1} in the row: {html.escape(text)}">'
        f'<img src="{data_url(crop.resize((64, 64), Image.Resampling.BICUBIC), 80)}" alt=""><b>{index + 1}</b>'
        f"<i>{html.escape(text)}</i></button>"
        for index, (crop, text) in enumerate(zip(crops, labels, strict=True))
    )
    return f'<div class="strip" role="group" aria-label="all {len(crops)} faces">{buttons}</div>'


def plain_overlay(photo: SeenPhoto) -> str:
    """Nothing over the photo."""
    return f'<div class="fer frame over" style="{frame_style(photo.found.size)}"></div>'


__all__ = ["frame_style", "label", "overlay_html", "picture_html", "plain_overlay", "square_style", "strip_html"]
