"""What on the Photo tab never changes, as HTML: the ways to choose a photo, the scale of the map, the examples."""

import html
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageOps

from space.image.maps import DEFAULT_OPACITY
from space.page.html import data_url

SHOWS = {
    "mouth_hidden": "mouth hidden",
    "portrait": "smile",
    "dark": "in the dark",
    "hard_light": "hard light",
    "several_faces": "three faces",
    "no_face": "no face",
}


def sources_html() -> str:
    """The ways to choose a photo, and what the camera needs."""
    return (
        '<div class="fer sources"><label class="button primary" for="photo-files">Choose photos</label>'
        '<input id="photo-files" type="file" accept="image/*" multiple aria-label="Choose photos">'
        '<button type="button" class="secondary" data-do="camera">Take a photo</button>'
        '<button type="button" class="secondary" data-do="paste">Paste</button>'
        '<span class="or">or drop them here</span></div>'
        '<dialog class="fer" id="camera-shot" aria-label="take a photo"><video muted playsinline></video>'
        '<div class="actions"><button type="button" class="primary" data-do="shoot">Take the photo</button>'
        '<button type="button" class="secondary" data-do="no-camera">Cancel</button></div></dialog>'
    )


def scale_html() -> str:
    """How strong the map is drawn, and what its colours mean."""
    percent = round(100 * DEFAULT_OPACITY)
    return (
        '<div class="fer scale"><label>Map strength <input type="range" id="opacity" min="0" max="100" step="5" '
        f'value="{percent}"></label><span class="legend" role="img" aria-label="colours of the map, from less to more">'
        '<span>less</span><i class="heat ramp"></i><span>more</span></span></div>'
    )


def examples_html(examples: Mapping[str, Path]) -> str:
    """A button with a small picture for each example."""
    buttons = []
    for name, path in examples.items():
        with Image.open(path) as picture:
            thumbnail = ImageOps.fit(picture.convert("RGB"), (144, 96))
        label = html.escape(SHOWS.get(name, name.replace("_", " ")))
        buttons.append(
            f'<button type="button" data-example="{name}" aria-label="example: {label}">'
            f'<img src="{data_url(thumbnail, 75)}" alt=""><span>{label}</span></button>'
        )
    return f'<div class="fer examples" role="group" aria-label="example photos">{"".join(buttons)}</div>'


__all__ = ["examples_html", "scale_html", "sources_html"]
