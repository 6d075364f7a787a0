"""Places of a face: a map's brightest spot gets the name of what lies there, and what is hidden is blurred."""

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import FaceMap
from fer_models.faces import Face, crop_face, crop_square
from space.image.regions import PARTS, corners, hide, landmarks, looked_at, part_box, place_words, to_crop

MARKS = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.38, 0.72], [0.62, 0.72]])
TURNED = Face((0, 0, 1, 1), np.array([[80.0, 100.0], [130.0, 120.0], [95.0, 140.0], [70.0, 160.0], [110.0, 176.0]]), 1)


@pytest.mark.parametrize(
    "point, words",
    [
        ((0.36, 0.38), "the eye on the left"),
        ((0.64, 0.42), "the eye on the right"),
        ((0.5, 0.56), "the nose"),
        ((0.5, 0.73), "the mouth"),
        ((0.5, 0.2), "the forehead"),
        ((0.5, 0.01), "above the face"),
        ((0.5, 0.92), "the chin"),
        ((0.28, 0.62), "the cheek on the left"),
        ((0.97, 0.5), "beside the face, on the right"),
        ((0.5, 0.4), "between the eyes"),
    ],
)
def test_a_point_is_called_by_the_part_of_the_face_that_it_lies_on(point, words):
    assert place_words(point, MARKS) == words


def test_a_map_is_told_by_its_brightest_place_unless_it_has_none():
    def told(values):
        return looked_at(FaceMap("m", np.asarray(values, dtype=np.float32), "Bright.", "heat"), MARKS)

    spot = np.zeros((10, 10))
    spot[7, 5] = 1
    assert told(spot) == "the mouth"
    assert told(np.full((4, 4), 0.3)) == told([[0.9, 1.0], [0.85, 0.8]]) == "much the same everywhere"
    assert told(np.zeros((4, 4))) == "nothing: it found no evidence"


def test_points_of_the_photo_are_found_again_in_the_turned_crop():
    centre, _, roll = crop_square(TURNED)
    assert roll > 0.3
    assert to_crop(TURNED, 0.0, [centre]) == pytest.approx(np.array([[0.5, 0.5]]))
    marks = landmarks(TURNED, 0.0)
    assert marks[0, 1] == pytest.approx(marks[1, 1])  # upright eyes are level
    photo = Image.new("RGB", (240, 240))
    x, y = (round(value) for value in TURNED.landmarks[2])
    photo.paste((255, 255, 255), (x - 3, y - 3, x + 4, y + 4))
    crop = np.asarray(crop_face(photo, TURNED).convert("L"))
    row, column = np.unravel_index(crop.argmax(), crop.shape)
    assert (column / crop.shape[1], row / crop.shape[0]) == pytest.approx(tuple(marks[2]), abs=0.05)


def test_the_parts_lie_around_their_landmarks():
    for part, inside in zip(PARTS, (MARKS[:2], MARKS[2:3], MARKS[3:]), strict=True):
        left, top, right, bottom = part_box(part, MARKS)
        assert all(left < x < right and top < y < bottom for x, y in inside)
    assert part_box("eyes", MARKS)[3] < MARKS[2][1] < part_box("mouth", MARKS)[1]


def test_what_is_hidden_loses_its_detail_and_the_rest_keeps_it():
    rng = np.random.default_rng(0)
    crop = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    after = np.asarray(hide(crop, corners((0.25, 0.25, 0.75, 0.75)))).astype(float)
    before = np.asarray(crop).astype(float)
    assert after[24:40, 24:40].std() < 0.3 * before[24:40, 24:40].std()
    assert (after[:8] == before[:8]).all() and (after[:, 56:] == before[:, 56:]).all()
