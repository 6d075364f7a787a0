"""A map -> what the page and the downloads show of it.

On the page a map is a grey picture over the crop, and the browser does the rest: an SVG filter gives it colours and CSS
its opacity, so that both change at once and nothing is computed again.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

import numpy as np
from matplotlib import colormaps
from PIL import Image

from fer_models.analyzer import FaceMap

# The first three grow evenly in brightness and can be read by colour-blind people; the last is for those used to it.
COLORMAPS = {
    "viridis": "viridis",
    "cividis": "cividis",
    "gray": "grey",
    "turbo": "rainbow (not safe for colour blindness)",
}
DEFAULT_COLORMAP = "viridis"
DEFAULT_OPACITY = 0.5

LAYER_SIDE = 112  # pixels of a heat map's picture; the browser enlarges it
MAPS_ACROSS = 4  # of those that share a sentence
_FILTER_NODES = 256  # one for every grey
_MOST_WRITTEN_CELLS = 36  # of a map of shares; more numbers would not be read
_PROFILE = 100 / 6  # percent of the picture that a profile's bar of 1 takes


def colormap_filters() -> str:
    """SVG filters `#colormap-NAME` from grey to colours; they have to stand once in the page."""
    filters = []
    for name in COLORMAPS:
        colors = colormaps[name](np.linspace(0, 1, _FILTER_NODES))[:, :3]
        functions = "".join(
            f'<feFunc{channel} type="table" tableValues="{" ".join(f"{value:.3f}" for value in values)}"/>'
            for channel, values in zip("RGB", colors.T, strict=True)
        )
        filters.append(
            f'<filter id="colormap-{name}" color-interpolation-filters="sRGB" x="0" y="0" width="1" height="1">'
            f"<feComponentTransfer>{functions}</feComponentTransfer></filter>"
        )
    return (
        '<svg width="0" height="0" style="position:absolute" aria-hidden="true" focusable="false">'
        f"<defs>{''.join(filters)}</defs></svg>"
    )


def layers(shown: FaceMap, crop_url: str, side: int = LAYER_SIDE) -> str:
    """The crop with the map over it, as HTML; a map whose axes are no places stands alone."""
    text = html.escape(f"{shown.name}, {strongest_place(shown)}")
    crop = "" if shown.kind == "ranks" else f'<img src="{crop_url}" alt="">'
    heat = heat_image(shown, side=side)
    return f'<div class="layers" role="img" aria-label="{text}">{crop}{heat}{_numbers(shown)}{_profiles(shown)}</div>'


def heat_image(shown: FaceMap, attributes: str = "", side: int = LAYER_SIDE) -> str:
    """The map alone as a grey picture, which the browser colours; nothing for a map of zeros."""
    if not shown.values.any():
        return ""
    return f'<img class="heat {shown.kind}" {attributes} src="{_png_url(_greys(shown, side))}" alt="">'


@dataclass(frozen=True)
class MapGroup:
    """Maps that mean the same, such as the heads of one attention.

    title: the name, or the words that the names begin with. rests: what is left of each name.
    """

    title: str
    meaning: str
    maps: list[FaceMap]
    rests: list[str]


def map_groups(maps: Sequence[FaceMap]) -> list[MapGroup]:
    """The maps of an answer, those together that stand side by side and mean the same."""
    groups = []
    for meaning, alike in groupby(maps, key=lambda shown: shown.meaning):
        members = list(alike)
        names = [shown.name for shown in members]
        words = zip(*(name.split() for name in names), strict=False)
        title = " ".join(same[0] for same in takewhile(lambda same: len(set(same)) == 1, words))
        groups.append(MapGroup(title, meaning, members, [name.removeprefix(title).strip() for name in names]))
    return groups


def figures(
    maps: Sequence[FaceMap], crop_url: str, side: int = LAYER_SIDE, found: Mapping[str, str] | None = None
) -> str:
    """The maps of an answer over its crop, each with its name and a sentence, which those of a group share.

    Args:
        found: by a map's name what was found about such maps, in words.
        side: pixels of a heat map's picture, which the browser enlarges.
    """
    return "".join(_figure(group, crop_url, side, found or {}) for group in map_groups(maps))


def _figure(group: MapGroup, crop_url: str, side: int, found: Mapping[str, str]) -> str:
    pictures = ""
    for shown, rest in zip(group.maps, group.rests, strict=True):
        words = "; ".join(filter(None, (rest, evenness(shown), found.get(shown.name))))
        told = f"<small>{html.escape(words)}</small>" if words else ""
        pictures += f'<div data-map="{html.escape(shown.name)}">{layers(shown, crop_url, side)}{told}</div>'
    across = min(len(group.maps), MAPS_ACROSS)
    several = f' class="group" style="--across:{across}"' if len(group.maps) > 1 else ""
    return (
        f'<figure{several}><div class="pictures">{pictures}</div>'
        f"<figcaption><b>{html.escape(group.title)}</b> {html.escape(group.meaning)}</figcaption></figure>"
    )


def evenness(shown: FaceMap) -> str:
    """What the colours of a map of places hide, being drawn against its highest value: that it differs little between
    them. Empty where it does differ."""
    if shown.kind == "ranks":
        return ""
    if shown.flat:
        return f"{strongest_place(shown)}: it marks no place of this face"
    lowest, highest = float(shown.values.min()), float(shown.values.max())
    if lowest < 0.8 * highest:
        return ""
    return f"{lowest:.2f} to {highest:.2f}: much the same everywhere"


def strongest_place(shown: FaceMap) -> str:
    """Where a map is highest, in words, for whoever cannot see it."""
    if shown.kind == "ranks":
        return "no places of the face"
    if not shown.values.any():
        return "zero everywhere"
    if shown.flat:
        return "the same everywhere"
    rows, columns = shown.values.shape
    row, column = np.unravel_index(int(shown.values.argmax()), shown.values.shape)
    height = ("top", "middle", "bottom")[int(3 * (row + 0.5) / rows)]
    side = ("left", "centre", "right")[int(3 * (column + 0.5) / columns)]
    return f"highest at the {height} {side}"


def _greys(shown: FaceMap, side: int) -> Image.Image:
    """The map in 8 bits: a heat map against its own highest value, any other as it is, so that faces compare."""
    highest = float(shown.values.max()) if shown.kind == "heat" else 1.0
    values = Image.fromarray(np.clip(shown.values / highest, 0, 1).astype(np.float32))
    if shown.kind == "heat":
        values = values.resize((side, side), Image.Resampling.BILINEAR)
    return Image.fromarray(np.rint(np.asarray(values) * 255).astype(np.uint8))


def _numbers(shown: FaceMap) -> str:
    """The percentage in each cell of a map of shares."""
    if shown.kind != "shares" or shown.values.size > _MOST_WRITTEN_CELLS:
        return ""
    cells = "".join(f"<span>{100 * value:.0f} %</span>" for value in shown.values.ravel())
    return f'<div class="cells" style="grid-template-columns:repeat({shown.values.shape[1]},1fr)">{cells}</div>'


def _profiles(shown: FaceMap) -> str:
    """The two profiles of a map that is their product, as bars from the left edge and from the top edge."""
    if shown.profiles is None:
        return ""
    vertical, horizontal = shown.profiles
    high, wide = 100 / len(vertical), 100 / len(horizontal)
    rows = "".join(
        f'<rect x="0" y="{index * high + 1:.2f}" width="{_PROFILE * share:.2f}" height="{high - 2:.2f}"/>'
        for index, share in enumerate(vertical)
    )
    columns = "".join(
        f'<rect x="{index * wide + 1:.2f}" y="0" width="{wide - 2:.2f}" height="{_PROFILE * share:.2f}"/>'
        for index, share in enumerate(horizontal)
    )
    return f'<svg class="profiles" viewBox="0 0 100 100" aria-hidden="true">{rows}{columns}</svg>'


def _png_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


__all__ = [
    "COLORMAPS",
    "DEFAULT_COLORMAP",
    "DEFAULT_OPACITY",
    "MAPS_ACROSS",
    "MapGroup",
    "colormap_filters",
    "evenness",
    "figures",
    "heat_image",
    "layers",
    "map_groups",
    "strongest_place",
]
