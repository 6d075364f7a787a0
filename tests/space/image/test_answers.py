"""What the Photo tab and the API compute for a photo, a face and settings."""

import numpy as np
import pytest

from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.checkpoint import Checkpoint
from fer_models.faces import PhotoError
from space import jobs
from space.image.answers import BEST, ImageAnswers, Settings
from space.image.link import EXAMPLES
from tests.support.tiny import tiny_checkpoint

MODEL = "pattlite-ferplus"
GROUP = str(EXAMPLES["several_faces"])


@pytest.fixture(scope="module")
def answers(tmp_path_factory) -> ImageAnswers:
    other = tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "random-weights", ("happiness", "fear"))
    return ImageAnswers(Analyzer([CHECKPOINTS / MODEL, other]))


def test_the_explained_answer_is_the_one_in_the_results(answers):
    photo = answers.photo(GROUP)
    results = answers.results(photo, Settings(answers.models))
    for face, result in enumerate(results):
        for answer, prediction in zip(
            result["answers"], answers.explained(photo, face, Settings(answers.models)), strict=True
        ):
            assert answer["model"] == prediction.model and answer["expression"] == prediction.expression
            assert answer["probability"] == pytest.approx(prediction.probability, abs=1e-3)
    assert set(answers.milliseconds(photo, Settings(answers.models))) == {"finding faces", *answers.models}


@pytest.mark.slow
def test_trust_is_measured_once_for_every_map_of_the_model_that_is_asked(answers):
    photo = answers.photo(GROUP)
    trust = answers.trust(photo, 1, MODEL, Settings(answers.models))
    assert [one.shown.name for one in trust.maps] == ["Grad-CAM for happiness", "patch attention"]
    assert trust.expression == "happiness" and trust.model == MODEL
    for one in trust.maps:
        assert np.isfinite(one.gain) and one.randomized.values.shape == one.shown.values.shape
    assert answers.trust(photo, 1, MODEL, Settings([])) is trust


class Enough(Exception):
    pass


def test_the_check_of_the_shown_map_ends_between_passes_when_it_is_told_to(answers):
    passes = []

    def give_way() -> None:
        passes.append(1)
        if len(passes) == 3:
            raise Enough

    photo = answers.photo(GROUP)
    with pytest.raises(Enough):
        answers.shown_trust(photo, 0, MODEL, Settings(answers.models), give_way)
    assert len(passes) == 3


def test_a_check_that_is_late_ends(answers):
    photo = answers.photo(GROUP)
    answers.explained(photo, 0, Settings(answers.models))
    before = jobs._ends_at.set(0)
    try:
        with pytest.raises(jobs.TookTooLong):
            answers.shown_trust(photo, 0, MODEL, Settings(answers.models), lambda: None)
    finally:
        jobs._ends_at.reset(before)


def test_a_pasted_picture_that_is_damaged_is_told_about(answers):
    with pytest.raises(PhotoError, match="damaged"):
        answers.photo(PhotoError("The pasted picture is damaged."))


def test_a_change_of_settings_computes_only_what_is_new(monkeypatch):
    passes, searches, analyzer = [], [], Analyzer([CHECKPOINTS / MODEL])
    predict, detect = Checkpoint.predict, analyzer.detector.detect
    monkeypatch.setattr(Checkpoint, "predict", lambda *a, **k: passes.append(a[2:] or k) or predict(*a, **k))
    monkeypatch.setattr(analyzer.detector, "detect", lambda photo: searches.append(photo.size) or detect(photo))
    recent, fear = ImageAnswers(analyzer), Settings([MODEL], expression="fear")
    photo = recent.photo(GROUP)
    answers = recent.answers(photo, Settings([MODEL]))
    (own,) = recent.explained(photo, 1, Settings([MODEL]))
    (other,) = recent.explained(photo, 1, fear)
    assert (len(searches), len(passes)) == (1, 3)
    again = recent.photo(GROUP)
    assert recent.answers(again, Settings([MODEL]))[1][0] is answers[1][0]
    assert recent.explained(again, 1, Settings([MODEL]))[0] is own
    assert recent.explained(again, 1, fear)[0] is other
    assert (len(searches), len(passes)) == (1, 3)
    assert own.explained == "happiness" and other.explained == "fear"
    assert own.probabilities == pytest.approx(answers[1][0].probabilities, abs=1e-4)


def test_the_shown_photo_is_small_and_the_faces_are_cut_from_the_large_one(answers, tmp_path, portrait):
    large = portrait.resize((2520, 2520))
    large.save(tmp_path / "large.jpg")
    photo = answers.photo(tmp_path / "large.jpg")
    assert photo.found.size == (2520, 2520) and photo.found.photo.size == (1280, 1280)
    (crop,) = photo.found.crops(answers.analyzer.checkpoints[MODEL].face_margin)
    assert crop.width == 512  # in the shown photo the face would have half of that


def test_the_best_method_is_the_one_that_was_measured_for_the_model_and_grad_cam_without(answers):
    other = next(name for name in answers.models if name != MODEL)
    chosen = ImageAnswers(answers.analyzer, best={MODEL: "hirescam"})
    photo = chosen.photo(GROUP)
    settings = Settings(chosen.models, BEST)
    assert {one.model: one.maps[0].name.partition(" for ")[0] for one in chosen.explained(photo, 0, settings)} == {
        MODEL: "HiResCAM",
        other: "Grad-CAM",
    }
    asked = {one.maps[0].name.partition(" for ")[0] for one in chosen.explained(photo, 0, Settings(chosen.models))}
    assert asked == {"Grad-CAM"}
    told = chosen.settings_origin(settings)["settings"]["method"]
    assert told == f"{MODEL}: hirescam, {other}: gradcam"
    assert answers.settings_origin(settings)["settings"]["method"] == "gradcam"
