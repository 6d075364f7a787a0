"""Files that no honest visitor sends, from a seed: noise, pictures and clips that were cut, changed, named wrongly or
promise more than they hold. All are made from our own examples and from nothing, and small."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image

from fer_models.paths import EXAMPLES

FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "TIFF": "tif", "BMP": "bmp"}
BEGINNINGS = (
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\x10\0\0\0WEBP",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"",
)
SUFFIXES = ("jpg", "png", "gif", "webp", "tif", "bmp", "svg", "html", "py", "exe", "mp4", "")
MODES = {"JPEG": ("RGB", "L", "CMYK"), "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"), "GIF": ("P", "L")}
SIDE = 160  # of the pictures that the others are made from: a face is still found in it


@dataclass(frozen=True)
class Hostile:
    """kind: which way it is bad. clip: it is sent as a clip, not as a photo."""

    kind: str
    name: str
    content: bytes
    clip: bool = False


@cache
def _face() -> Image.Image:
    with Image.open(EXAMPLES / "portrait.jpg") as photo:
        return photo.convert("RGB").resize((SIDE, SIDE))


@cache
def _encoded(kind: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    picture = _face().convert("L").convert("I;16") if mode == "I;16" else _face().convert(mode)
    picture.save(file, kind)
    return file.getvalue()


@cache
def _clip() -> bytes:
    return (EXAMPLES / "clip.mp4").read_bytes()


def _any(chance: random.Random) -> tuple[str, bytes]:
    kind = chance.choice(list(FORMATS))
    return FORMATS[kind], _encoded(kind)


def noise(chance: random.Random) -> Hostile:
    """Bytes that mean nothing, behind the first ones of a picture."""
    content = chance.choice(BEGINNINGS) + chance.randbytes(chance.randrange(3000))
    return Hostile("noise", f"a.{chance.choice(SUFFIXES)}", content)


def cut(chance: random.Random) -> Hostile:
    """The beginning of a picture."""
    suffix, content = _any(chance)
    return Hostile("cut picture", f"a.{suffix}", content[: chance.randrange(len(content))])


def changed(chance: random.Random) -> Hostile:
    """A picture in which some bytes are others."""
    suffix, content = _any(chance)
    other = bytearray(content)
    for _ in range(chance.choice((1, 3, 30, 300))):
        other[chance.randrange(len(other))] = chance.randrange(256)
    return Hostile("changed picture", f"a.{suffix}", bytes(other))


def mixed(chance: random.Random) -> Hostile:
    """The beginning of one picture and the end of another."""
    (suffix, one), (_, other) = _any(chance), _any(chance)
    return Hostile(
        "two in one", f"a.{suffix}", one[: chance.randrange(len(one))] + other[chance.randrange(len(other)) :]
    )


def misnamed(chance: random.Random) -> Hostile:
    """A picture under a name that is another kind's, or no file's."""
    _, content = _any(chance)
    names = ("a.txt", "a.mp4", "..", "a" * 300 + ".jpg", "=1+1.jpg", "a\u202egpj.exe", "a b;c|d.png", "", "ä€𝄞.png")
    return Hostile("misnamed picture", chance.choice(names), content)


def strange(chance: random.Random) -> Hostile:
    """A whole picture of a rare kind, or of a rare shape."""
    kind = chance.choice(list(MODES))
    if chance.random() < 0.5:
        return Hostile("rare kind", f"a.{FORMATS[kind]}", _encoded(kind, chance.choice(MODES[kind])))
    size = chance.choice(((1, 1), (1, 3000), (3000, 1), (2, 2), (17, 4000)))
    file = io.BytesIO()
    Image.new("RGB", size, "gray").save(file, "PNG")
    return Hostile("rare shape", "a.png", file.getvalue())


def promising(chance: random.Random) -> Hostile:
    """A PNG of a few bytes whose head says that it is enormous; what is too large is refused by the head alone."""
    width, height = (chance.choice((0, 1, 7000, 40_000, 2**31 - 1, 2**32 - 1)) for _ in range(2))
    head = struct.pack(">IIBBBBB", width, height, chance.choice((1, 8, 16)), chance.choice((0, 2, 3, 6)), 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    return Hostile("promises more", "a.png", b"\x89PNG\r\n\x1a\n" + body)


def turned(chance: random.Random) -> Hostile:
    """A photo with notes of a camera that make no sense."""
    exif = b"Exif\0\0" + chance.choice((b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"")) + chance.randbytes(200)
    content = _encoded("JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    return Hostile("camera's notes", "a.jpg", content[:2] + segment + content[2:])


def text(chance: random.Random) -> Hostile:
    """What is no picture at all."""
    content = chance.choice((b"", b"\0", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<b>1</b>", b"%PDF-1.7"))
    return Hostile("no picture", f"a.{chance.choice(SUFFIXES)}", content)


def clip(chance: random.Random) -> Hostile:
    """A clip that was cut or changed, or is none."""
    content = _clip()
    way = chance.randrange(4)
    if way == 0:
        content = content[: chance.randrange(len(content))]
    elif way == 1:
        other = bytearray(content)
        for _ in range(chance.choice((1, 10, 1000))):
            other[chance.randrange(len(other))] = chance.randrange(256)
        content = bytes(other[: chance.randrange(2000, 60_000)])
    elif way == 2:
        content = content[:64] + chance.randbytes(2000)
    else:
        content = _any(chance)[1]
    return Hostile("clip", "a.mp4", content, clip=True)


PICTURES: tuple[Callable[[random.Random], Hostile], ...] = (
    *(noise, cut, cut, cut, changed, changed, mixed, misnamed, strange, promising, turned, text),
)
CLIPS = 0.04  # of all


def hostile_files(count: int, seed: int = 0) -> Iterator[Hostile]:
    """So many of them; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield (clip if chance.random() < CLIPS else chance.choice(PICTURES))(chance)


__all__ = ["Hostile", "hostile_files"]
