import numpy as np
import pytest
from PIL import Image

from train.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt


@pytest.fixture(scope="module")
def face(portrait) -> Image.Image:
    return portrait.crop((140, 20, 320, 200)).resize((48, 48))


def changes(kind: str, picture: Image.Image) -> list[float]:
    """Mean absolute change of a pixel at severity 0 to 5, over a few rows."""
    original = np.asarray(picture, dtype=float)
    return [
        float(np.mean([np.abs(np.asarray(corrupt(kind, s, 0, picture, row)) - original).mean() for row in range(3)]))
        for s in SEVERITIES
    ]


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_severity_0_is_the_picture_itself(kind, face):
    assert corrupt(kind, 0, 0, face, 0) is face


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_the_change_grows_with_the_severity(kind, face):
    assert np.all(np.diff(changes(kind, face)) > 0)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_the_same_seed_and_row_give_the_same_pixels(kind, face):
    assert corrupt(kind, 3, 7, face, 5).tobytes() == corrupt(kind, 3, 7, face, 5).tobytes()


@pytest.mark.parametrize("kind", ["square anywhere", "low light"])
def test_another_row_gets_another_place_and_noise(kind, face):
    assert corrupt(kind, 3, 7, face, 5).tobytes() != corrupt(kind, 3, 7, face, 6).tobytes()


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_grey_picture_stays_grey_whichever_mode_it_has(kind, face):
    grey = face.convert("L")
    assert corrupt(kind, 4, 0, grey, 0).mode == "L"
    pixels = np.asarray(corrupt(kind, 4, 0, grey.convert("RGB"), 0), dtype=int)
    assert np.ptp(pixels, axis=2).max() == 0


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_the_size_stays(kind, face):
    picture = face.resize((60, 40))
    assert corrupt(kind, 5, 0, picture, 0).size == (60, 40)


def test_the_square_covers_its_share_of_the_picture():
    white = Image.new("L", (100, 100), 255)
    for row in range(5):
        covered = (np.asarray(corrupt("square anywhere", 3, 0, white, row)) == 128).mean()
        assert covered == pytest.approx(0.20, abs=0.01)


def test_the_mouth_is_covered_and_the_eyes_are_not():
    white = Image.new("L", (48, 48), 255)
    covered = np.asarray(corrupt("mouth covered", 5, 0, white, 0)) == 128
    assert covered[38, 24]
    assert not covered[:24].any()


def test_a_rotated_picture_has_no_black_corners():
    white = Image.new("L", (48, 48), 255)
    assert np.asarray(corrupt("rotation", 4, 0, white, 0)).min() == 255


def test_an_unknown_kind_is_an_error_that_lists_the_known_ones(face):
    with pytest.raises(ValueError, match="unknown corruption 'fog'; known: eyes covered"):
        corrupt("fog", 1, 0, face, 0)


def test_a_severity_beyond_5_is_an_error(face):
    with pytest.raises(ValueError, match="severity must be 0 to 5"):
        corrupt("blur", 6, 0, face, 0)
