"""Whether an answer holds when the face is degraded a little."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from fer_models.checkpoint import Checkpoint
from fer_models.paths import CHECKPOINTS
from fer_models.prediction import Prediction
from fer_models.trust.found import Steadiness
from fer_models.trust.steadiness import degraded, steadiness
from fer_models.words import doubt, how_sure, steadiness_words


class Brightness:
    """Bright faces are happy."""

    def predict(self, crops, method=None, expression=None, balanced=False, mirror=False):
        shares = [float(np.asarray(crop).mean()) / 255 for crop in crops]
        both = [{"happiness": share, "sadness": 1 - share} for share in shares]
        return [Prediction("m", probabilities, True, crop) for probabilities, crop in zip(both, crops, strict=True)]


@pytest.mark.parametrize("side", [20, 48, 200])
def test_degraded_faces_are_as_large_as_the_face_and_each_is_another_picture(side, portrait):
    crop = portrait.crop((140, 60, 300, 220)).resize((side, side))
    made = degraded(crop)
    assert len(made) == 6 and all(one.size == crop.size and one.mode == "RGB" for one in made.values())
    pixels = [np.asarray(one).astype(int) for one in made.values()]
    assert all(abs(one - other).mean() > 0.5 for i, one in enumerate(pixels) for other in pixels[:i])
    assert np.asarray(made["half the light"]).mean() == pytest.approx(np.asarray(crop).mean() / 2, rel=0.05)


@pytest.mark.parametrize("shade, same", [(250, 5), (60, 6)])
def test_versions_that_are_answered_otherwise_are_counted(shade, same):
    """Half the light is what turns this one from happy to sad; what is sad already stays."""
    face = Image.new("RGB", (48, 48), (shade,) * 3)
    (own,) = Brightness().predict([face])
    found = steadiness(Brightness(), own)
    assert (found.same, found.of, found.steady) == (same, 6, same == 6)
    lowest = 125 / 255 if same == 5 else 1 - 60 / 255
    assert found.lowest == pytest.approx(lowest, abs=0.01)


def test_a_plain_face_is_answered_the_same_and_not_in_a_fifth_of_its_light(portrait):
    checkpoint = Checkpoint(CHECKPOINTS / "pattlite-ferplus")
    face = portrait.crop((130, 50, 310, 230))
    plain, dark = checkpoint.predict([face, ImageEnhance.Brightness(face).enhance(0.2)], None)
    assert steadiness(checkpoint, plain).steady
    assert not steadiness(checkpoint, dark).steady


def test_an_answer_with_the_mirror_image_is_compared_with_such_answers():
    class Mirrored:
        """Happy with the mirror image, sad without."""

        def predict(self, crops, method=None, expression=None, balanced=False, mirror=False):
            shares = {"happiness": 0.9, "sadness": 0.1} if mirror else {"happiness": 0.1, "sadness": 0.9}
            return [Prediction("m", shares, True, crop, mirror=mirror) for crop in crops]

    face = Image.new("RGB", (48, 48), "gray")
    for mirror in (False, True):
        (own,) = Mirrored().predict([face], mirror=mirror)
        assert steadiness(Mirrored(), own).steady


def test_an_answer_that_does_not_hold_is_a_word_less_sure():
    face = Image.new("RGB", (8, 8))
    sure = Prediction("m", {"happiness": 0.95, "fear": 0.05}, True, face)
    assert (how_sure(sure), how_sure(sure, steady=False)) == ("very sure", "sure")
    dark = Prediction("m", {"happiness": 0.95, "fear": 0.05}, True, face, conditions=("dark",))
    assert how_sure(dark, steady=False) == "fairly sure"
    assert (doubt(sure), doubt(dark)) == ("", "sure")
    assert steadiness_words(Steadiness(6, 6, 0.9)) == "the same with all 6 degraded faces"
    assert steadiness_words(Steadiness(4, 6, 0.2)) == "another one with 2 of 6 degraded faces"
