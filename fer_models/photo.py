"""Any photo, whatever it comes in -> an upright RGB picture with 8 bits per channel."""

import os
import struct
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_models.models.pixel_depth import is_even, to_uint8

MAX_PIXELS = 40_000_000

# How files of these formats are named; the JPEG family has many names.
_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".pjpeg", ".pjp", ".mpo")
_OTHER_SUFFIXES = (".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".avif")
_NETPBM_SUFFIXES = (".ppm", ".pgm", ".pbm", ".pnm")
PICTURE_SUFFIXES = frozenset((*_JPEG_SUFFIXES, *_OTHER_SUFFIXES, *_NETPBM_SUFFIXES))

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")

_DAMAGED = "The picture is damaged or incomplete; save or download it again, or choose another one."
_TOO_LARGE = f"The photo has more than {MAX_PIXELS // 10**6} megapixels; make it smaller and try again."

# Pillow knows more, but some of those start other programs (EPS) or are never photos.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")


class PhotoError(ValueError):
    """A photo that cannot be used; the message is one sentence for the person who chose it, without a path."""


class FaceNotFoundError(PhotoError):
    """A photo without the face that was asked for; the message says what to do next."""


class EmptyPictureError(FaceNotFoundError):
    """A picture in which there is nothing to see."""

    def __init__(self):
        super().__init__("The picture is nearly the same everywhere, so it shows no face; choose another one.")


def read_photo(source: str | Path | bytes | BinaryIO | Image.Image | np.ndarray) -> Image.Image:
    """Any photo as an upright RGB picture with 8 bits per channel and no metadata.

    EXIF rotation is applied, transparency is laid on white, an animation gives its first frame. Values that are not
    8-bit are scaled from their own range: 16-bit ones from 0 to 65535; 32-bit integers and floats from 0 to the
    smallest of 1 (floats only), 255 and 65535 that holds them all, else from their minimum to their maximum.

    Args:
        source: path of a file, its bytes, a binary stream (read from its start), a Pillow image, or an array `(H, W)`,
            `(H, W, 1)`, `(H, W, 3)` RGB or `(H, W, 4)` RGBA.

    Raises:
        PhotoError: no photo, a missing or empty file, not a picture, a damaged one, or more than `MAX_PIXELS` pixels
            (told from the header, before anything is decoded).
        TypeError: `source` is none of the above.
    """
    if source is None:
        raise PhotoError("There is no photo yet; choose one or turn on the camera.")
    if isinstance(source, np.ndarray):
        return _decode(_from_array(source))
    if isinstance(source, Image.Image):
        return _decode(source)
    if isinstance(source, (str, Path)):
        with _file(Path(source)) as stream:
            return _read(stream)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read(BytesIO(source))
    if hasattr(source, "read"):
        return _read(source if source.seekable() else BytesIO(source.read()))
    raise TypeError(f"a photo is a path, bytes, a stream, a Pillow image or an array, not {type(source).__name__}")


def upright(photo: str | Path | bytes | BinaryIO | Image.Image | np.ndarray) -> Image.Image:
    """The same, but an RGB picture without metadata is taken as it is, which spares a copy of each frame of a video."""
    if isinstance(photo, Image.Image) and photo.mode == "RGB" and not photo.info and photo.width * photo.height > 0:
        return photo
    return read_photo(photo)


def _file(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise PhotoError("The photo could not be opened; choose it again.") from error


def has_contrast(picture: Image.Image) -> bool:
    """Whether there is anything to see in it (`pixel_depth.is_even`)."""
    return not is_even(np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.BOX)))


def _read(stream: BinaryIO) -> Image.Image:
    try:
        return _decode(_open(stream))
    except PhotoError as error:
        pixels = None if str(error) == _TOO_LARGE else _png_pixels(stream)
        if pixels is None:
            raise
        return _decode(_open(pixels))


def _png_pixels(stream: BinaryIO) -> BytesIO | None:
    """A PNG without what is not needed for its pixels (texts, profiles), which may be broken or huge; `None` if it
    is no PNG, or has nothing of that kind."""
    stream.seek(0)
    if stream.read(len(_PNG)) != _PNG:
        return None
    kept, dropped = BytesIO(), False
    kept.write(_PNG)
    while len(head := stream.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        body = stream.read(size + 4)  # and the checksum
        if kind in _PNG_PIXELS:
            kept.write(head + body)
        else:
            dropped = True
    return kept if dropped else None


def _open(stream: BinaryIO) -> Image.Image:
    if stream.seek(0, os.SEEK_END) == 0:
        raise PhotoError("The file is empty; save or download the photo again, or choose another one.")
    stream.seek(0)
    try:
        return Image.open(stream, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError(_TOO_LARGE) from error
    except UnidentifiedImageError as error:
        raise PhotoError(
            "The file is not a picture that can be read; use JPEG, PNG, WebP, GIF, BMP or TIFF "
            "(save a HEIC photo as JPEG first)."
        ) from error
    except Exception as error:  # on broken data Pillow's readers raise nearly anything
        raise PhotoError(_DAMAGED) from error


def _decode(image: Image.Image) -> Image.Image:
    if image.width * image.height > MAX_PIXELS:
        raise PhotoError(_TOO_LARGE)
    if image.width * image.height == 0:
        raise PhotoError(_DAMAGED)
    try:
        image.load()
        rgb = _to_rgb(_turned(image))
    except Exception as error:
        raise PhotoError(_DAMAGED) from error
    rgb.info = {}  # where and when it was taken is nobody's business once the photo is upright
    return rgb


def _turned(image: Image.Image) -> Image.Image:
    """Upright, as its EXIF says; as it is where that cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the pixels are fine, and broken metadata makes Pillow raise nearly anything
        return image.copy()


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        image = Image.fromarray(to_uint8(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _from_array(values: np.ndarray) -> Image.Image:
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.size == 0 or not (values.ndim == 2 or (values.ndim == 3 and values.shape[2] in (3, 4))):
        raise PhotoError(f"A photo is (H, W), (H, W, 3) or (H, W, 4) values, not {values.shape}; pass one such array.")
    if values.shape[0] * values.shape[1] > MAX_PIXELS:
        raise PhotoError(_TOO_LARGE)
    return Image.fromarray(to_uint8(values))


__all__ = [
    "MAX_PIXELS",
    "PICTURE_SUFFIXES",
    "EmptyPictureError",
    "FaceNotFoundError",
    "PhotoError",
    "has_contrast",
    "read_photo",
    "upright",
]
