"""Photo -> faces: detection, alignment, crop."""

import numpy as np
import pytest
from PIL import Image

from fer_models.detector import FaceDetector
from fer_models.faces import Face, crop_face, crop_square, reading_order


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.fixture(scope="module")
def portrait_face(detector, portrait):
    (face,) = detector.detect(portrait)
    return face


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


def test_the_box_lies_on_the_face(portrait_face):
    expected = np.array([179, 61, 269, 176])  # by eye: ear to ear, hair line to chin
    assert np.abs(np.array(portrait_face.box) - expected).max() < 10
    assert portrait_face.score > 0.99


def test_the_landmarks_lie_on_eyes_nose_and_mouth(portrait_face):
    expected = [[205, 101], [246, 103], [224, 130], [204, 145], [244, 147]]  # by eye
    assert np.abs(portrait_face.landmarks - expected).max() < 8


def test_the_networks_are_given_rgb_in_that_order(detector):
    seen = []

    def first(pixels):
        seen.append(pixels)
        return detector._networks.first(pixels)

    FaceDetector(networks=detector._networks._replace(first=first)).detect(Image.new("RGB", (300, 300), (250, 20, 10)))
    _, _, height, width = seen[-1].shape
    np.testing.assert_allclose(seen[-1][0, :, height // 2, width // 2] * 128 + 127.5, [250, 20, 10])


def test_faces_lie_on_a_grid_so_that_rounding_in_a_network_changes_no_crop(detector, portrait, portrait_face):
    def third(pixels):
        shifts, points, scores = detector._networks.third(pixels)
        return shifts + np.float32(1e-6), points - np.float32(1e-6), scores

    other = FaceDetector(networks=detector._networks._replace(third=third))
    for found in (other.detect(portrait)[0], *other.follow(portrait, [portrait_face])):
        assert (found.landmarks * 16 % 1 == 0).all() and (np.array(found.box) * 16 % 1 == 0).all()
    (face,) = other.detect(portrait)
    assert face.box == portrait_face.box
    np.testing.assert_array_equal(face.landmarks, portrait_face.landmarks)
    assert crop_face(portrait, face).tobytes() == crop_face(portrait, portrait_face).tobytes()


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


# ---- order


def faces_at(*places: tuple[float, float, float]) -> list[Face]:
    """Faces by left, top and side."""
    return [Face((left, top, left + side, top + side), np.zeros((5, 2)), 1.0) for left, top, side in places]


@pytest.mark.parametrize(
    "places",
    [
        [(0, 10, 100), (150, 0, 100), (300, 20, 100)],  # one row, not quite level
        [(0, 0, 100), (200, 30, 60), (300, 10, 90)],  # a child among grown-ups
        [(200, 0, 80), (300, 0, 80), (0, 120, 80), (100, 120, 80)],  # two rows, the lower one further left
        [(50, 0, 40), (10, 90, 100), (130, 95, 90)],  # someone small behind two in front
        [(0, 0, 100), (120, 30, 100), (240, 45, 100), (0, 160, 100)],  # a slanting row above another face
    ],
)
def test_faces_are_read_row_after_row_and_each_row_from_left_to_right(places):
    faces = faces_at(*places)
    shuffled = [faces[index] for index in np.random.default_rng(0).permutation(len(faces))]
    assert [face.box for face in reading_order(shuffled)] == [face.box for face in faces]


def test_a_row_does_not_creep_down_the_photo():
    stairs = faces_at(*((300 - 60 * step, 40 * step, 100) for step in range(6)))  # each 40 % lower, further left
    tops = [face.box[1] for face in reading_order(stairs)]
    assert tops != sorted(tops, reverse=True) and tops[-1] > 100  # not one row from left to right


def test_no_faces_are_in_order():
    assert reading_order([]) == []
