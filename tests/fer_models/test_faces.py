"""Photo -> faces: decoding, detection, alignment, crop."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_models.faces import (
    MAX_PIXELS,
    Face,
    FaceDetector,
    FaceNotFoundError,
    PhotoError,
    crop_face,
    crop_square,
    read_photo,
)


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.fixture(scope="module")
def portrait_face(detector, portrait):
    (face,) = detector.detect(portrait)
    return face


@pytest.fixture(scope="module")
def small(portrait):
    """The portrait at 96 x 80, not square so that a rotation shows."""
    return portrait.resize((96, 80))


def make_face(landmarks):
    return Face((0.0, 0.0, 1.0, 1.0), np.asarray(landmarks, dtype=float), 1.0)


def upright_face(x, y, eye_distance):
    """A face with the usual proportions whose eyes' middle is at x, y."""
    offsets = np.array([[-0.5, 0], [0.5, 0], [0, 0.58], [-0.41, 1.08], [0.41, 1.08]])
    return make_face(np.array([x, y]) + offsets * eye_distance)


def roll_degrees(face):
    x, y = face.landmarks[1] - face.landmarks[0]
    return np.degrees(np.arctan2(y, x))


def mean_difference(first, second):
    return np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean()


# ---- decoding


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


# ---- detection


def test_the_box_lies_on_the_face(portrait_face):
    expected = np.array([179, 61, 269, 176])  # by eye: ear to ear, hair line to chin
    assert np.abs(np.array(portrait_face.box) - expected).max() < 10
    assert portrait_face.score > 0.99


def test_the_landmarks_lie_on_eyes_nose_and_mouth(portrait_face):
    expected = [[205, 101], [246, 103], [224, 130], [204, 145], [244, 147]]  # by eye
    assert np.abs(portrait_face.landmarks - expected).max() < 8


def test_the_detector_is_given_rgb_in_that_order(detector, monkeypatch):
    seen = []
    monkeypatch.setattr(
        detector._mtcnn, "detect", lambda pixels, landmarks: (seen.append(pixels), (None, [None], None))[1]
    )
    detector.detect(Image.new("RGB", (300, 300), (250, 20, 10)))
    height, width, _ = seen[0].shape
    assert seen[0][height // 2, width // 2].tolist() == [250, 20, 10]


def test_every_face_of_a_group_is_found_the_largest_first(detector, several_faces):
    faces = detector.detect(several_faces)
    assert len(faces) == 3
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (face.box for face in faces)]
    assert areas == sorted(areas, reverse=True)
    thirds = {int(face.landmarks[:, 0].mean() // (several_faces.width / 3)) for face in faces}
    assert thirds == {0, 1, 2}


def test_a_tilted_face_in_hard_light_is_found(detector, hard_light):
    (face,) = detector.detect(hard_light)
    assert 12 < roll_degrees(face) < 30


def test_a_photo_without_a_face_has_none(detector, no_face):
    assert detector.detect(no_face) == []


@pytest.mark.parametrize("size", [(1, 1), (5, 2000), (2000, 5), (40, 40), (1, 300)])
def test_tiny_and_narrow_pictures_have_no_face(detector, size):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert detector.detect(Image.fromarray(noise)) == []
    assert detector.detect(Image.new("RGB", size)) == []


@pytest.mark.parametrize("scale", [0.5, 5])
def test_boxes_and_landmarks_are_in_the_photos_own_pixels(detector, portrait, portrait_face, scale):
    (face,) = detector.detect(portrait.resize([round(side * scale) for side in portrait.size]))
    assert np.abs(face.landmarks / scale - portrait_face.landmarks).max() < 5
    assert np.abs(np.array(face.box) / scale - portrait_face.box).max() < 10


def test_a_face_that_fills_its_picture_keeps_its_landmarks(detector, portrait, portrait_face):
    left, top, right, bottom = (round(edge) for edge in portrait_face.box)
    (face,) = detector.detect(portrait.crop((left, top, right, bottom)))
    # Without a border around the picture they are off by up to a fifth of the face.
    assert np.abs(face.landmarks + np.array([left, top]) - portrait_face.landmarks).max() < 0.06 * (bottom - top)
    assert min(face.box) >= 0 and face.box[2] <= right - left and face.box[3] <= bottom - top


# ---- crop


def gradient(width, height):
    """A picture whose red grows from left to right and whose green from top to bottom, 0 to 255."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return Image.fromarray(np.rint(np.stack([x * 255, y * 255, x * 0], axis=-1)).astype(np.uint8))


@pytest.mark.parametrize("eye_distance", [10, 60, 300])  # enlarged, as it is, and shrunk
@pytest.mark.parametrize("roll", [0, 25])
def test_each_pixel_of_a_crop_comes_from_its_place_in_the_photo(eye_distance, roll):
    photo = gradient(1500, 1400)
    upright = upright_face(0, 0, eye_distance).landmarks
    angle = np.radians(roll)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    face = make_face(upright @ turn + [740, 620])
    centre, side, found = crop_square(face)
    assert found == pytest.approx(angle)
    crop = np.asarray(crop_face(photo, face), dtype=float) + 0.5  # Pillow's transform rounds down
    pixels = len(crop)
    u, v = np.meshgrid(*[((np.arange(pixels) + 0.5) / pixels - 0.5) * side] * 2)
    source = np.stack([u, v], axis=-1) @ turn + centre
    np.testing.assert_allclose(crop[..., 0], source[..., 0] / 1500 * 255, atol=1.1)
    np.testing.assert_allclose(crop[..., 1], source[..., 1] / 1400 * 255, atol=1.1)


def test_a_crop_is_as_large_as_the_face_within_limits():
    photo = gradient(1500, 1400)
    assert crop_face(photo, upright_face(700, 600, 5)).size == (48, 48)
    assert crop_face(photo, upright_face(700, 600, 300)).size == (512, 512)
    face = upright_face(700, 600, 60)
    assert crop_face(photo, face).width == round(crop_square(face)[1])


def test_the_margin_widens_around_the_same_centre():
    face = upright_face(700, 600, 60)
    centre, side, _ = crop_square(face)
    wider_centre, wider_side, _ = crop_square(face, margin=0.1)
    assert wider_side == pytest.approx(1.1 * side)
    np.testing.assert_allclose(wider_centre, centre)


def test_eyes_and_mouth_lie_where_they_do_in_fer2013():
    face = upright_face(700, 600, 60)
    centre, side, _ = crop_square(face)
    inside = (face.landmarks - centre) / side + 0.5
    eyes, mouth = inside[:2].mean(axis=0), inside[3:].mean(axis=0)
    # Medians of the measurement; a face with average proportions must land on them.
    assert inside[1, 0] - inside[0, 0] == pytest.approx(0.37, abs=0.02)
    np.testing.assert_allclose(eyes, [0.506, 0.390], atol=0.02)
    np.testing.assert_allclose(mouth, [0.509, 0.785], atol=0.02)


def test_the_crop_of_a_crop_is_the_crop(detector, portrait, portrait_face):
    crop = crop_face(portrait, portrait_face)
    (face,) = detector.detect(crop)
    centre, side, _ = crop_square(face)
    assert side / crop.width == pytest.approx(1, abs=0.08)
    assert np.abs(centre / crop.width - 0.5).max() < 0.04


def test_a_rotated_photo_gives_crops_with_level_eyes(detector, several_faces):
    left_over = []
    for left in (0, 336, 672):
        for angle in (25, -25):
            person = several_faces.crop((left, 0, left + 336, 420))
            photo = person.rotate(angle, Image.Resampling.BICUBIC, center=(168, 140))
            face = detector.detect(photo)[0]
            (level,) = detector.detect(crop_face(photo, face))
            left_over.append(abs(roll_degrees(level)))
    # MTCNN itself is some two degrees off at such a tilt.
    assert np.mean(left_over) < 2 and max(left_over) < 4, left_over


def test_without_alignment_the_crop_stays_as_the_photo_is():
    tilted = make_face([[650, 590], [700, 620], [670, 640], [630, 655], [672, 680]])
    assert crop_square(tilted, align=False)[2] == 0
    assert crop_square(tilted)[2] == pytest.approx(np.arctan2(30, 50))


def test_alignment_turns_by_45_degrees_at_most():
    upside_down = make_face([[700, 600], [640, 600], [670, 565], [695, 535], [645, 535]])
    assert abs(crop_square(upside_down)[2]) == pytest.approx(np.radians(45))


def shifted(photo: Image.Image, x: int, y: int) -> Image.Image:
    moved = Image.new("RGB", photo.size, "gray")
    moved.paste(photo, (x, y))
    return moved


def side_of(face) -> float:
    return face.box[3] - face.box[1]


def test_a_face_that_moved_a_little_is_followed_to_where_a_search_finds_it(detector, portrait, portrait_face):
    side = side_of(portrait_face)
    for x, y in ((0.15, 0), (-0.15, 0), (0, 0.15), (0, -0.15)):
        frame = shifted(portrait, round(x * side), round(y * side))
        (followed,) = detector.follow(frame, [portrait_face])
        searched = detector.detect(frame)[0]
        assert np.abs(np.subtract(followed.box, searched.box)).max() < 0.08 * side
        assert np.abs(followed.landmarks - searched.landmarks).max() < 0.04 * side


def test_a_face_that_stays_is_not_drifted_away_from(detector, several_faces):
    faces = detector.detect(several_faces)
    followed = faces
    for _ in range(100):
        followed = detector.follow(several_faces, followed)
    for before, after in zip(faces, followed, strict=True):
        assert np.abs(after.landmarks - before.landmarks).max() < 0.04 * side_of(before)


def test_a_face_that_left_is_not_followed(detector, portrait, portrait_face, no_face):
    assert detector.follow(no_face.resize(portrait.size), [portrait_face]) == [None]
    assert detector.follow(shifted(portrait, 0, 2 * round(side_of(portrait_face))), [portrait_face]) == [None]
    assert detector.follow(portrait, []) == []


def test_a_face_is_followed_over_the_edge_of_the_photo(detector, portrait, portrait_face):
    left, top = round(portrait_face.box[0]), round(portrait_face.box[1])
    cut = portrait.crop((left, top, portrait.width, portrait.height))
    moved = Face(
        tuple(np.subtract(portrait_face.box, [left, top] * 2)),
        portrait_face.landmarks - [left, top],
        portrait_face.score,
    )
    (followed,) = detector.follow(cut, [moved])
    assert followed.box[0] == pytest.approx(0, abs=0.05 * side_of(moved)) and followed.box[0] >= 0
    assert np.abs(followed.landmarks - moved.landmarks).max() < 0.06 * side_of(moved)


@pytest.mark.parametrize("place", [(0, 0), (99, 5), (50, 99), (-500, -500)])
def test_the_edge_is_repeated_outside_the_photo(place):
    crop = crop_face(Image.new("RGB", (100, 100), (200, 150, 100)), upright_face(*place, 40))
    assert crop.getextrema() == ((200, 200), (150, 150), (100, 100))
