"""What is against an answer, seen in the picture itself."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fer_models.analyzer import Prediction
from fer_models.conditions import DARK, PARTLY_HIDDEN, TURNED_AWAY, VERY_SMALL, conditions_of
from fer_models.detector import FaceDetector
from fer_models.faces import Face, crop_face
from fer_models.words import how_sure


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def face(detector, portrait) -> Face:
    return detector.detect(portrait)[0]


def of(photo: Image.Image, face: Face) -> tuple[str, ...]:
    return conditions_of(photo, face, crop_face(photo, face))


@pytest.mark.parametrize("name", ["portrait", "several_faces", "hard_light"])
def test_nothing_is_against_the_faces_of_the_examples(detector, name, request):
    photo = request.getfixturevalue(name)
    assert [of(photo, one) for one in detector.detect(photo)] == [()] * (3 if name == "several_faces" else 1)


def smaller(face: Face, scale: float) -> Face:
    return Face(tuple(scale * side for side in face.box), scale * face.landmarks, face.score)


def test_a_face_of_few_pixels_is_very_small(portrait, face):
    for scale, expected in ((0.5, ()), (0.15, (VERY_SMALL,))):
        photo = portrait.resize((round(420 * scale),) * 2, Image.Resampling.LANCZOS)
        assert of(photo, smaller(face, scale)) == expected


def test_a_picture_that_is_a_face_is_small_by_its_own_size(portrait, face):
    crop = crop_face(portrait, face)
    for side, expected in ((48, ()), (24, (VERY_SMALL,))):
        picture = crop.resize((side, side))
        assert conditions_of(picture, None, picture) == expected


def test_a_face_in_the_dark_is_dark(portrait, face):
    assert of(portrait.point(lambda value: value // 6), face) == (DARK,)


@pytest.mark.parametrize("part", ["mouth", "left eye", "right eye"])
@pytest.mark.parametrize("colour", ["black", "white", "#8090b0"])
def test_a_covered_mouth_or_eye_is_partly_hidden(portrait, face, part, colour):
    left_eye, right_eye, _, *mouth = face.landmarks
    x, y = {"mouth": np.mean(mouth, axis=0), "left eye": left_eye, "right eye": right_eye}[part]
    covered = portrait.copy()
    ImageDraw.Draw(covered).rectangle((x - 22, y - 14, x + 22, y + 14), fill=colour)
    assert of(covered, face) == (PARTLY_HIDDEN,)


@pytest.mark.parametrize(
    "nose, narrow, expected", [(0.0, 1.0, ()), (0.5, 1.0, (TURNED_AWAY,)), (0, 0.5, (TURNED_AWAY,))]
)
def test_a_face_that_looks_away_is_turned_away(portrait, face, nose, narrow, expected):
    shape = np.array([[-0.5, 0], [0.5, 0], [nose, 0.58], [-0.41, 1.08], [0.41, 1.08]]) * [narrow, 1]
    away = Face(face.box, np.array([224.0, 108.0]) + 40 * shape, 1.0)
    assert (TURNED_AWAY in of(portrait, away)) == bool(expected)


def test_what_is_against_an_answer_lowers_the_word_by_one_and_no_further_than_a_guess():
    for probability, clear, against in (
        (0.95, "very sure", "sure"),
        (0.8, "sure", "fairly sure"),
        (0.6, "fairly sure", "little more than a guess"),
        (0.4, "little more than a guess", "little more than a guess"),
    ):
        shares = {"happiness": probability, "fear": 1 - probability} if probability > 0.5 else {"happiness": 0.4}
        crop = Image.new("RGB", (8, 8))
        assert how_sure(Prediction("m", shares, True, crop)) == clear
        assert how_sure(Prediction("m", shares, True, crop, conditions=(DARK,))) == against
    assert how_sure(Prediction("m", {"happiness": 0.99}, False, crop, conditions=(DARK,))) == "not sure"
