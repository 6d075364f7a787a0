"""Maps and face boxes -> pictures."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_models.extras import needed_for
from fer_models.viridis import VIRIDIS

BOX_COLOR = (255, 221, 0)
INK = (0, 0, 0)
PAPER = (255, 255, 255)


def overlay(
    crop: Image.Image,
    values: np.ndarray,
    opacity: float = 0.5,
    colormap: str = "viridis",
    smooth: bool = True,
    scale: float | None = None,
) -> Image.Image:
    """The map in colours over the picture.

    Colour follows the value linearly, so that weak evidence stays visible. A map of zeros has nothing to show and
    leaves the picture as it is.

    Args:
        crop: the picture, RGB; it is not changed.
        values: the map, `(h, w)`, non-negative, any range and resolution.
        opacity: 0 shows only the picture, 1 only the colours.
        colormap: a name that matplotlib knows; the default can be read by colour-blind people and in grey.
        smooth: enlarge bilinearly (feature maps), or else in blocks (maps whose cells are patches).
        scale: the value that gets the colormap's last colour, larger ones are cut to it. `None` divides by the map's
            own maximum: good to see where, but two maps cannot be compared.

    Raises:
        ValueError: for an opacity outside [0, 1], an unknown colormap, a scale that is not positive, or a map that is
            not two-dimensional or has negative or non-finite values.
    """
    values = np.asarray(values, dtype=np.float32)
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be in [0, 1], not {opacity}")
    if values.ndim != 2 or not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(f"map must be (h, w), finite and non-negative; this one has shape {values.shape}")
    if scale is not None and not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")
    colors = _colors(colormap)
    crop = crop.convert("RGB")
    if not values.any():
        return crop
    values = np.minimum(values / (values.max() if scale is None else scale), 1)
    resample = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    values = np.asarray(Image.fromarray(values).resize(crop.size, resample))
    heat = Image.fromarray(colors[np.rint(values * 255).astype(np.uint8)])
    return Image.blend(crop, heat, opacity)


def overlay_shares(
    crop: Image.Image, shares: np.ndarray, opacity: float = 0.5, colormap: str = "viridis"
) -> Image.Image:
    """Shares of a whole, `(rows, columns)` in [0, 1], as coloured blocks over the picture with the percentage written
    in each. The colour is that of the share itself, so pictures of several faces can be compared. Errors as in
    `overlay`."""
    picture = overlay(crop, shares, opacity, colormap, smooth=False, scale=1.0)
    draw = ImageDraw.Draw(picture)
    rows, columns = np.shape(shares)
    height, width = picture.height / rows, picture.width / columns
    font = _font(max(8, round(min(height, width) / 5)))
    for row in range(rows):
        for column in range(columns):
            draw.text(
                ((column + 0.5) * width, (row + 0.5) * height),
                f"{shares[row][column] * 100:.0f} %",
                fill=PAPER,
                font=font,
                anchor="mm",
                stroke_width=max(1, font.size // 10),
                stroke_fill=INK,
            )
    return picture


def draw_ranks(values: np.ndarray, side: int, colormap: str = "viridis") -> Image.Image:
    """A map whose axes are no places, `(n, n)` in [0, 1], as a square picture of its own, `side` pixels wide."""
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(_colors(colormap)[levels]).resize((side, side), Image.Resampling.NEAREST)


def add_profiles(picture: Image.Image, vertical: np.ndarray, horizontal: np.ndarray) -> Image.Image:
    """A copy of a map's picture with its vertical profile `(h,)` as bars along the left edge and its horizontal one
    `(w,)` along the top edge, from 0 at the edge to 1 at a sixth of the picture."""
    picture = picture.convert("RGB")
    draw = ImageDraw.Draw(picture, "RGBA")
    width, height = picture.size
    for index, share in enumerate(vertical):
        top, bottom = height * index / len(vertical), height * (index + 1) / len(vertical)
        draw.rectangle((0, top + 1, width / 6 * float(share), bottom - 1), fill=(*PAPER, 200), outline=INK)
    for index, share in enumerate(horizontal):
        left, right = width * index / len(horizontal), width * (index + 1) / len(horizontal)
        draw.rectangle((left + 1, 0, right - 1, height / 6 * float(share)), fill=(*PAPER, 200), outline=INK)
    return picture


def draw_map(
    crop: Image.Image,
    values: np.ndarray,
    kind: str,
    profiles: tuple[np.ndarray, np.ndarray] | None = None,
    opacity: float = 0.5,
    colormap: str = "viridis",
) -> Image.Image:
    """A map's picture as its kind (a key of `KINDS`) demands, with the map's profiles if it has any."""
    picture = KINDS[kind](crop, values, opacity, colormap)
    return picture if profiles is None else add_profiles(picture, *profiles)


# How a map is drawn: over the face as a smooth heat map, over it as shares of a whole, or beside it.
KINDS = {
    "heat": overlay,
    "shares": overlay_shares,
    "ranks": lambda crop, values, opacity, colormap: draw_ranks(values, crop.width, colormap),
}


def draw_on_face(
    photo: Image.Image,
    values: np.ndarray,
    square: tuple[np.ndarray, float, float],
    opacity: float = 0.5,
    colormap: str = "viridis",
) -> Image.Image:
    """A copy of the photo with a map of places drawn where the model saw the face.

    Args:
        photo: RGB. values: the map, as in `overlay`.
        square: centre `(2,)` in pixels, side and roll in radians, of what the model saw (`faces.crop_square`).
    """
    centre, side, roll = square
    pixels = max(1, round(side))
    plain = Image.new("RGB", (pixels, pixels))
    heat = overlay(plain, values, 1.0, colormap).convert("RGBA")
    heat.putalpha(round(255 * opacity) if np.any(values) else 0)
    heat = heat.rotate(-np.degrees(roll), Image.Resampling.BICUBIC, expand=True)  # Pillow turns counter-clockwise
    drawn = photo.convert("RGB")
    drawn.paste(heat, (round(centre[0] - heat.width / 2), round(centre[1] - heat.height / 2)), heat)
    return drawn


def draw_faces(
    photo: Image.Image,
    boxes: Sequence[Sequence[float]],
    labels: Sequence[str] | None = None,
    numbers: Sequence[int] | None = None,
) -> Image.Image:
    """A copy of the photo with a numbered box around each face.

    Args:
        photo: RGB; it is not changed.
        boxes: left, top, right, bottom in pixels, the last ones exclusive as in PIL; what lies outside of the photo is
            drawn on its border.
        labels: a short text per box, written behind its number.
        numbers: of the boxes; from 1 on by default.

    Raises:
        ValueError: if there is not one label or number per box, or if a box has its sides swapped.
    """
    if labels is not None and len(labels) != len(boxes):
        raise ValueError(f"{len(boxes)} boxes need as many labels, not {len(labels)}")
    if numbers is None:
        numbers = range(1, len(boxes) + 1)
    if len(numbers) != len(boxes):
        raise ValueError(f"{len(boxes)} boxes need as many numbers, not {len(numbers)}")
    photo = photo.convert("RGB")
    draw = ImageDraw.Draw(photo)
    line = max(2, round(min(photo.size) / 200))
    font = _font(max(12, round(min(photo.size) / 28)))
    for index, box in enumerate(boxes):
        left, top, right, bottom = _within(box, photo.size)
        # A dark line around the bright one: one of the two stands out from any background.
        draw.rectangle((left, top, right, bottom), outline=INK, width=line + 1)
        if min(right - left, bottom - top) > 2:
            draw.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=BOX_COLOR, width=line)
        text = str(numbers[index]) if labels is None else f"{numbers[index]} {labels[index]}"
        _tag(draw, photo.size, text, left, top, font)
    return photo


def _tag(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], text: str, left: float, top: float, font: ImageFont.FreeTypeFont
) -> None:
    """The text on a plain ground: above the box, or inside its top edge where the photo ends there."""
    photo_width, photo_height = size
    padding = font.size // 4
    width = round(font.getlength(text)) + 2 * padding
    height = font.size + 2 * padding
    left = max(0, min(left, photo_width - width))
    top = top - height if top >= height else min(top, max(0, photo_height - height))
    draw.rectangle((left, top, left + width - 1, top + height - 1), fill=BOX_COLOR)
    draw.text((left + padding, top + height / 2), text, fill=INK, font=font, anchor="lm")


def _within(box: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box's outermost pixels, inside a photo of that size."""
    left, top, right, bottom = (round(float(side)) for side in box)
    if right <= left or bottom <= top:
        raise ValueError(f"a box is (left, top, right, bottom) with right > left and bottom > top, not {tuple(box)}")
    last_x, last_y = size[0] - 1, size[1] - 1
    return (
        min(max(left, 0), last_x),
        min(max(top, 0), last_y),
        min(max(right - 1, 0), last_x),
        min(max(bottom - 1, 0), last_y),
    )


@cache
def _colors(colormap: str) -> np.ndarray:
    """`(256, 3)` uint8."""
    if colormap == "viridis":
        return VIRIDIS
    with needed_for(f"the colormap {colormap}"):
        from matplotlib import colormaps
    if colormap not in colormaps:
        raise ValueError(
            f"matplotlib has no colormap {colormap!r}; a few that it has: viridis, cividis, magma, inferno"
        )
    return np.round(colormaps[colormap](np.linspace(0, 1, 256))[:, :3] * 255).astype(np.uint8)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's wheels have FreeType
    return font


__all__ = ["KINDS", "add_profiles", "draw_faces", "draw_map", "draw_on_face", "draw_ranks", "overlay", "overlay_shares"]
