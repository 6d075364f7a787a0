"""Any photo -> an upright RGB picture."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_models.photo import MAX_PIXELS, FaceNotFoundError, PhotoError, read_photo


@pytest.fixture(scope="module")
def small(portrait):
    """The portrait at 96 x 80, not square so that a rotation shows."""
    return portrait.resize((96, 80))


def mean_difference(first, second):
    return np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean()


def alpha(picture, value):
    picture = picture.copy()
    picture.putalpha(value)
    return picture


def sixteen_bit(picture):
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)


COLOURED = {
    "jpeg": lambda p, f: p.save(f, "JPEG", quality=95),
    "cmyk jpeg": lambda p, f: p.convert("CMYK").save(f, "JPEG", quality=95),
    "cmyk tiff": lambda p, f: p.convert("CMYK").save(f, "TIFF"),
    "png": lambda p, f: p.save(f, "PNG"),
    "opaque rgba png": lambda p, f: alpha(p, 255).save(f, "PNG"),
    "palette png": lambda p, f: p.quantize(256).save(f, "PNG"),
    "gif": lambda p, f: p.quantize(256).save(f, "GIF"),
    "animated gif": lambda p, f: p.quantize(256).save(
        f, "GIF", save_all=True, append_images=[Image.new("P", p.size)], duration=100
    ),
    "animated webp": lambda p, f: p.save(
        f, "WEBP", lossless=True, save_all=True, append_images=[Image.new("RGB", p.size)], duration=100
    ),
    "bmp": lambda p, f: p.save(f, "BMP"),
    "tiff": lambda p, f: p.save(f, "TIFF"),
    "ppm": lambda p, f: p.save(f, "PPM"),
    "avif": lambda p, f: p.save(f, "AVIF", quality=95),
}
GREY = {
    "grey png": lambda p, f: p.convert("L").save(f, "PNG"),
    "grey jpeg": lambda p, f: p.convert("L").save(f, "JPEG", quality=95),
    "grey with alpha png": lambda p, f: p.convert("LA").save(f, "PNG"),
    "16-bit png": lambda p, f: sixteen_bit(p).save(f, "PNG"),
    "16-bit tiff": lambda p, f: sixteen_bit(p).save(f, "TIFF"),
    "32-bit tiff": lambda p, f: Image.fromarray(np.asarray(sixteen_bit(p)).astype(np.int32)).save(f, "TIFF"),
    "float tiff, 0 to 1": lambda p, f: Image.fromarray(np.asarray(p.convert("L")) / np.float32(255)).save(f, "TIFF"),
    "float tiff, 0 to 255": lambda p, f: p.convert("F").save(f, "TIFF"),
}


@pytest.mark.parametrize("kind", COLOURED)
def test_every_colour_format_decodes_to_the_same_picture(kind, small, tmp_path):
    COLOURED[kind](small, tmp_path / "photo")
    photo = read_photo(tmp_path / "photo")
    assert photo.mode == "RGB" and photo.size == small.size
    assert mean_difference(photo, small) < 5


@pytest.mark.parametrize("kind", GREY)
def test_every_grey_format_decodes_to_the_same_picture(kind, small, tmp_path):
    GREY[kind](small, tmp_path / "photo")
    photo = read_photo(tmp_path / "photo")
    assert photo.mode == "RGB" and photo.size == small.size
    assert mean_difference(photo, small.convert("L").convert("RGB")) < 2


def test_a_1_bit_picture_stays_black_and_white(small, tmp_path):
    small.convert("1").save(tmp_path / "photo.png")
    expected = np.asarray(small.convert("1").convert("RGB"))
    np.testing.assert_array_equal(np.asarray(read_photo(tmp_path / "photo.png")), expected)


def test_16_bit_mid_grey_stays_mid_grey(tmp_path):
    Image.fromarray(np.full((4, 4), 32768, dtype=np.uint16)).save(tmp_path / "grey.png")
    assert read_photo(tmp_path / "grey.png").getpixel((0, 0)) == (128, 128, 128)


def test_integers_beyond_16_bits_are_stretched_from_lowest_to_highest():
    values = np.array([[-100_000, 0, 100_000]], dtype=np.int32)
    assert np.asarray(read_photo(values))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "PA"])
def test_what_is_transparent_becomes_white(mode, tmp_path):
    square = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    square.paste((0, 0, 0, 255), (4, 0, 8, 8))
    photo = read_photo(square.convert(mode))
    assert photo.getpixel((1, 4)) == (255, 255, 255)
    assert photo.getpixel((6, 4)) == (0, 0, 0)


def test_a_transparent_gif_colour_becomes_white(tmp_path):
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.paste(1, (4, 0, 8, 8))
    picture.save(tmp_path / "photo.gif", transparency=0)
    photo = read_photo(tmp_path / "photo.gif")
    assert photo.getpixel((1, 4)) == (255, 255, 255)
    assert photo.getpixel((6, 4)) == (200, 0, 0)


def test_exif_rotation_is_applied(small, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show this a quarter turn clockwise
    small.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "photo.png", exif=exif)
    photo = read_photo(tmp_path / "photo.png")
    assert photo.size == small.size
    assert mean_difference(photo, small) == 0


def test_metadata_is_dropped(small, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    small.save(tmp_path / "photo.jpg", exif=exif, comment="where it was taken")
    photo = read_photo(tmp_path / "photo.jpg")
    assert photo.info == {} and len(photo.getexif()) == 0


def test_a_red_square_stays_red(tmp_path):
    Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / "red.png")
    assert read_photo(tmp_path / "red.png").getpixel((4, 4)) == (255, 0, 0)
    assert read_photo(np.full((8, 8, 3), (255, 0, 0), dtype=np.uint8)).getpixel((4, 4)) == (255, 0, 0)


def test_every_source_of_one_file_gives_one_picture(small, tmp_path):
    path = tmp_path / "photo.png"
    small.save(path)
    with path.open("rb") as stream:
        stream.read(10)  # a stream that something else has looked at
        sources = [
            path,
            str(path),
            path.read_bytes(),
            stream,
            Image.open(path),
            np.asarray(small),
            np.asarray(small) / 255,
        ]
        for source in sources:
            np.testing.assert_array_equal(np.asarray(read_photo(source)), np.asarray(small))
        assert not stream.closed


def test_the_callers_picture_is_left_alone(small):
    original = alpha(small, 100)
    before = original.tobytes()
    read_photo(original).paste((0, 0, 0), (0, 0, 50, 50))
    assert original.mode == "RGBA" and original.tobytes() == before


def png_that_claims(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def encoded(picture, kind):
    stream = BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


FAULTS = {
    "empty": (lambda p: b"", "empty"),
    "text": (lambda p: b"This is a letter, not a picture.\n" * 50, "not a picture"),
    "cut jpeg": (lambda p: encoded(p, "JPEG")[:-200], "damaged"),
    "cut png": (lambda p: encoded(p, "PNG")[:-2000], "damaged"),
    "cut bmp": (lambda p: encoded(p, "BMP")[:-2000], "damaged"),
    "cut webp": (lambda p: encoded(p, "WEBP")[:-200], "damaged|not a picture"),
    "header only": (lambda p: png_that_claims(96, 80), "damaged"),
    "49 megapixels": (lambda p: png_that_claims(7000, 7000), "40 megapixels"),
    "121 megapixels": (lambda p: png_that_claims(11_000, 11_000), "40 megapixels"),
    "a bomb": (lambda p: png_that_claims(60_000, 60_000), "40 megapixels"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_each_fault_has_one_sentence_without_a_path_and_the_next_photo_is_read(fault, small, tmp_path):
    make, words = FAULTS[fault]
    bad, good = tmp_path / "private.jpg", tmp_path / "good.png"
    bad.write_bytes(make(small))
    small.save(good)
    for source in (bad, bad.read_bytes()):
        with pytest.raises(PhotoError, match=words) as error:
            read_photo(source)
        message = str(error.value)
        assert message[0].isupper() and message.endswith(".") and message.count(". ") == 0 and "\n" not in message
        assert "private" not in message and "/" not in message and "<" not in message
    assert mean_difference(read_photo(good), small) == 0


@pytest.mark.filterwarnings("error")
def test_a_bomb_is_refused_in_the_same_words_where_warnings_are_errors():
    with pytest.raises(PhotoError, match="40 megapixels"):
        read_photo(png_that_claims(11_000, 11_000))


@pytest.mark.parametrize("name", ["gone.jpg", "", "bad\0name.jpg", "x" * 5000])
def test_a_missing_file_is_told_without_its_path(name, tmp_path):
    with pytest.raises(PhotoError, match="could not be opened") as error:
        read_photo(f"{tmp_path}/{name}")
    assert str(tmp_path) not in str(error.value) and "/" not in str(error.value)


def test_no_photo_at_all_asks_for_one():
    with pytest.raises(PhotoError, match="choose one"):
        read_photo(None)


@pytest.mark.parametrize("shape", [(0, 0, 3), (5,), (4, 4, 2), (2, 4, 4, 3)])
def test_an_array_that_is_no_picture_is_refused(shape):
    with pytest.raises(PhotoError, match="pass one such array"):
        read_photo(np.zeros(shape, dtype=np.uint8))


def test_an_array_with_too_many_pixels_is_refused():
    with pytest.raises(PhotoError, match="40 megapixels"):
        read_photo(np.broadcast_to(np.uint8(0), (MAX_PIXELS // 1000 + 1, 1000)))


def test_no_face_is_an_error_of_the_photo():
    assert issubclass(FaceNotFoundError, PhotoError)


# ---- broken metadata


def png_with(picture: Image.Image, *chunks: tuple[bytes, bytes], checksum: int = 0) -> bytes:
    """The picture as PNG with more chunks after its header."""
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    content = buffer.getvalue()
    more = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ checksum)
        for kind, data in chunks
    )
    return content[:33] + more + content[33:]


HUGE = zlib.compress(b"a" * 3_000_000)
METADATA = {
    "broken EXIF": [(b"eXIf", b"\x00\x08\x00\x02junkjunk")],
    "huge compressed text": [(b"zTXt", b"k\0\0" + HUGE)],
    "huge international text": [(b"iTXt", b"k\0\1\0\0\0" + HUGE)],
    "much text": [(b"tEXt", b"k%d\0" % number + b"a" * 900_000) for number in range(80)],
    "huge colour profile": [(b"iCCP", b"k\0\0" + HUGE)],
    "cut resolution": [(b"pHYs", b"k")],
}


@pytest.mark.parametrize("kind", METADATA)
def test_broken_or_huge_metadata_of_a_png_does_not_hide_its_pixels(kind, small):
    expected = np.asarray(read_photo(png_with(small)))
    assert (np.asarray(read_photo(png_with(small, *METADATA[kind]))) == expected).all()


def test_a_text_with_a_wrong_checksum_does_not_hide_the_pixels(small):
    content = png_with(small, (b"tEXt", b"k\0abc"), checksum=1)
    assert (np.asarray(read_photo(content)) == np.asarray(read_photo(png_with(small)))).all()


def test_a_png_whose_pixels_are_damaged_is_still_told_about(small):
    content = png_with(small, (b"zTXt", b"k\0\0" + HUGE))
    with pytest.raises(PhotoError, match="damaged"):
        read_photo(content[:-3000])


@pytest.mark.parametrize("kind", ["WEBP", "JPEG", "TIFF"])
def test_broken_exif_does_not_hide_the_pixels(kind, small):
    plain, broken = BytesIO(), BytesIO()
    lossless = {"lossless": True} if kind == "WEBP" else {}
    small.save(plain, kind, **lossless)
    small.save(broken, kind, **lossless, **({"exif": b"Exif\0\0junkjunkjunk"} if kind != "TIFF" else {}))
    assert (np.asarray(read_photo(broken)) == np.asarray(read_photo(plain))).all()
