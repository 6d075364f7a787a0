"""Face pictures made harder on purpose: occlusion, rotation, blur, low light and JPEG, each at five strengths.

All act on the picture as it is stored (48 x 48 in FER2013), before the image processor enlarges it. Places and
lengths are fractions of the side, so that a larger picture gets the same corruption.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SEVERITIES = (0, 1, 2, 3, 4, 5)

# What severity 1 to 5 means for each kind; severity 0 is the picture itself.
_EYES = (0.10, 0.14, 0.18, 0.22, 0.28)  # height of a band of 0.8 of the width
_MOUTH = (0.12, 0.18, 0.24, 0.30, 0.40)  # height of a block twice as wide
_ANYWHERE = (0.05, 0.10, 0.20, 0.30, 0.45)  # area of a square
_DEGREES = (10, 20, 30, 45, 60)
_BLUR = (0.01, 0.02, 0.03, 0.045, 0.065)  # standard deviation; 0.02 is about one pixel of 48
_LIGHT = (0.60, 0.40, 0.25, 0.15, 0.08)  # what is left of the light
_NOISE = (2.0, 3.0, 4.0, 5.0, 6.0)  # standard deviation of the sensor's noise, of 255
_JPEG = (50, 30, 20, 10, 5)  # quality

GREY = 128
EYES_AT = (0.5, 0.37)  # x, y in an upright, centred face crop, as FER2013's are on average
MOUTH_AT = (0.5, 0.79)


def _grey_rectangle(picture: Image.Image, centre: tuple[float, float], width: float, height: float) -> Image.Image:
    picture = picture.copy()
    left, right = ((centre[0] + half * width) * picture.width for half in (-0.5, 0.5))
    top, bottom = ((centre[1] + half * height) * picture.height for half in (-0.5, 0.5))
    # Pillow draws the last row and column too.
    box = [round(left), round(top), round(right) - 1, round(bottom) - 1]
    ImageDraw.Draw(picture).rectangle(box, fill=GREY if picture.mode == "L" else (GREY,) * 3)
    return picture


def cover_eyes(picture: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A grey band over both eyes, like dark glasses."""
    return _grey_rectangle(picture, EYES_AT, 0.8, _EYES[severity - 1])


def cover_mouth(picture: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A grey block over the mouth, like a mask or a hand."""
    return _grey_rectangle(picture, MOUTH_AT, 2 * _MOUTH[severity - 1], _MOUTH[severity - 1])


def cover_anywhere(picture: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A grey square at a random place that grows from the same centre; it is moved to lie inside the picture."""
    side = _ANYWHERE[severity - 1] ** 0.5
    x, y = np.clip(rng.uniform(size=2), side / 2, 1 - side / 2)
    return _grey_rectangle(picture, (x, y), side, side)


def rotate(picture: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A turn to a random side. The edge pixels go on outside, so that no black corners tell the angle."""
    pixels = np.asarray(picture)
    border = max(picture.size)
    padded = np.pad(pixels, [(border, border), (border, border)] + [(0, 0)] * (pixels.ndim - 2), mode="edge")
    angle = _DEGREES[severity - 1] * (1 if rng.random() < 0.5 else -1)
    turned = Image.fromarray(padded).rotate(angle, resample=Image.Resampling.BILINEAR)
    return turned.crop((border, border, border + picture.width, border + picture.height))


def blur(picture: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Gaussian blur, like a face out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(_BLUR[severity - 1] * min(picture.size)))


def low_light(picture: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Less light, and the sensor's noise on top of it."""
    pixels = np.asarray(picture, dtype=np.float64) * _LIGHT[severity - 1]
    noise = rng.normal(size=pixels.shape[:2]) * _NOISE[severity - 1]  # the same on all channels: a grey picture stays
    pixels += noise if pixels.ndim == 2 else noise[..., None]
    return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))


def jpeg(picture: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Saved as JPEG and opened again. At 48 x 48 a picture is 36 blocks, so this is harsher than on a photo."""
    file = io.BytesIO()
    picture.save(file, format="JPEG", quality=_JPEG[severity - 1])
    return Image.open(file).convert(picture.mode)


CORRUPTIONS: dict[str, Callable[[Image.Image, int, np.random.Generator], Image.Image]] = {
    "eyes covered": cover_eyes,
    "mouth covered": cover_mouth,
    "square anywhere": cover_anywhere,
    "rotation": rotate,
    "blur": blur,
    "low light": low_light,
    "jpeg": jpeg,
}


def corrupt(kind: str, severity: int, seed: int, picture: Image.Image, row: int) -> Image.Image:
    """One picture, corrupted. The same arguments always give the same pixels.

    Args:
        kind: a key of `CORRUPTIONS`.
        severity: 0 (the picture itself, unchanged) to 5.
        seed: of the experiment.
        picture: any mode; grey stays grey ("L"), everything else becomes RGB.
        row: of the picture, so that each gets its own place, side and noise, whatever the order.

    Raises:
        ValueError: an unknown kind or severity.
    """
    if kind not in CORRUPTIONS:
        raise ValueError(f"unknown corruption {kind!r}; known: {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise ValueError(f"severity must be 0 to 5, not {severity!r}")
    if severity == 0:
        return picture
    if picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    return CORRUPTIONS[kind](picture, severity, np.random.default_rng([seed, row]))
