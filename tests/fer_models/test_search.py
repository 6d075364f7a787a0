"""Photos that are turned, and faces that are small in a large photo."""

import numpy as np
import pytest
from PIL import Image

from fer_models import search
from fer_models.detector import FaceDetector
from fer_models.search import search_photo

pytestmark = pytest.mark.slow  # searches large photos


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def centres(faces) -> np.ndarray:
    boxes = np.array([face.box for face in faces])
    return (boxes[:, :2] + boxes[:, 2:]) / 2


TURNS = {"left": Image.Transpose.ROTATE_90, "over": Image.Transpose.ROTATE_180, "right": Image.Transpose.ROTATE_270}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", ["portrait", "several_faces", "hard_light"])
def test_a_turned_photo_is_turned_back_and_its_faces_are_those_of_the_upright_one(detector, name, turn, request):
    photo = request.getfixturevalue(name)
    upright, faces, notes = search_photo(detector, photo)
    assert notes == () and upright is photo
    back, found, told = search_photo(detector, photo.transpose(TURNS[turn]))
    assert (np.asarray(back) == np.asarray(photo)).all()
    assert len(found) == len(faces)
    np.testing.assert_allclose(centres(found), centres(faces), atol=1)
    (note,) = told
    how = {"left": "a quarter turn to the right", "over": "upside down", "right": "a quarter turn to the left"}[turn]
    assert how in note and note.endswith("save it like that.")


def test_a_photo_without_a_face_stays_as_it_is(detector, no_face):
    photo, faces, notes = search_photo(detector, no_face)
    assert photo is no_face and faces == [] and notes == ()


def crowd(portrait, columns: int, rows: int, cell: int = 400, head: int = 60) -> tuple[Image.Image, np.ndarray]:
    """A large photo in which heads of about `head` pixels stand in a grid, and their centres."""
    face = portrait.crop((140, 30, 310, 240)).resize((round(head * 0.8), head), Image.Resampling.LANCZOS)
    photo = Image.new("RGB", (columns * cell, rows * cell), (120, 110, 100))
    places = [(column * cell + 170, row * cell + 150) for row in range(rows) for column in range(columns)]
    for place in places:
        photo.paste(face, place)
    return photo, np.array(places) + np.array([face.width, face.height]) / 2


@pytest.fixture
def patient(monkeypatch):
    """On a busy machine too."""
    monkeypatch.setattr(search, "TILE_SECONDS", 600.0)


def test_small_faces_in_a_large_photo_are_found_each_once_in_reading_order(detector, portrait, patient):
    photo, expected = crowd(portrait, columns=9, rows=4)
    assert len(detector.detect(photo)) < 4  # in the whole, shrunk
    _, faces, notes = search_photo(detector, photo)
    assert notes == () and len(faces) == 36
    np.testing.assert_allclose(centres(faces), expected, atol=12)


def test_a_strip_is_searched_along_its_length(detector, portrait, patient):
    photo, expected = crowd(portrait, columns=12, rows=1, cell=300)
    assert photo.size == (3600, 300)
    _, faces, _ = search_photo(detector, photo)
    np.testing.assert_allclose(centres(faces), expected, atol=12)


def test_a_large_face_in_a_large_photo_needs_no_tiles(detector, portrait, monkeypatch):
    monkeypatch.setattr(search, "_in_tiles", lambda *_: pytest.fail("searched in tiles"))
    _, faces, _ = search_photo(detector, portrait.resize((2600, 2600)))
    assert len(faces) == 1


def test_a_search_that_takes_too_long_stops_and_says_so(detector, portrait, monkeypatch):
    monkeypatch.setattr(search, "TILE_SECONDS", -1.0)
    photo, _ = crowd(portrait, columns=9, rows=4)
    _, faces, (note,) = search_photo(detector, photo)
    assert len(faces) < 4 and note.startswith("Only 0 of 8 parts of this large photo were searched")


def test_a_crowd_that_lies_on_its_side_is_turned_before_its_faces_are_told(detector, portrait, patient):
    photo, expected = crowd(portrait, columns=5, rows=3, head=70)
    back, faces, notes = search_photo(detector, photo.transpose(Image.Transpose.ROTATE_90))
    assert (np.asarray(back) == np.asarray(photo)).all()
    assert len(notes) == 1 and "a quarter turn to the right" in notes[0]
    np.testing.assert_allclose(centres(faces), expected, atol=14)


def test_a_large_photo_without_faces_is_searched_in_tiles_in_one_orientation_only(detector, monkeypatch):
    searched, plain = [], search._in_tiles
    monkeypatch.setattr(search, "_in_tiles", lambda *given: searched.append(given[1]) or plain(*given))
    large = Image.linear_gradient("L").resize((2000, 1500)).convert("RGB")
    photo, faces, notes = search_photo(detector, large)
    assert photo is large and faces == [] and notes == () and searched == [large]
