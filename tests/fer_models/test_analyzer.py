"""Photo -> answers: the shipped checkpoint on the example photos."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from transformers import pipeline

from fer_models.analyzer import CHECKPOINTS, Analyzer, CheckpointError, find_checkpoints, joined
from fer_models.expressions import ExpressionError
from fer_models.paths import EXAMPLES
from fer_models.photo import EmptyPictureError, PhotoError

NAME = "pattlite-ferplus"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer([CHECKPOINTS / NAME])


@pytest.fixture(scope="module")
def group(analyzer, several_faces):
    return analyzer.analyze(several_faces)


def test_the_smiles_are_happiness_and_the_faces_go_from_left_to_right(group):
    assert [answers[NAME].expression for answers in group.predictions][:2] == ["happiness", "happiness"]
    lefts = [face.box[0] for face in group.faces]
    assert len(lefts) == 3 and lefts == sorted(lefts)


def test_probabilities_are_those_of_the_model_in_its_label_order(analyzer, group):
    checkpoint, answer = analyzer.checkpoints[NAME], group.predictions[0][NAME]
    pixel_values = checkpoint.processor(answer.crop, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        logits = checkpoint.model(pixel_values).logits[0]
    expected = (logits / checkpoint.model.config.softmax_temperature).softmax(dim=0)
    assert list(answer.probabilities) == checkpoint.expressions
    np.testing.assert_allclose(list(answer.probabilities.values()), expected.numpy(), atol=1e-5)


def test_a_face_gets_the_same_answer_alone_and_in_a_group(analyzer, group):
    alone = analyzer.analyze(group.photo, faces=[group.faces[1]])
    first, second = alone.predictions[0][NAME], group.predictions[1][NAME]
    assert first.probabilities == pytest.approx(second.probabilities, abs=1e-5)
    for map_alone, map_in_group in zip(first.maps, second.maps, strict=True):
        np.testing.assert_allclose(map_alone.values, map_in_group.values, atol=1e-3)


def test_the_pipeline_of_transformers_gives_the_same_answer_for_the_crop(analyzer, group):
    answer = group.predictions[0][NAME]
    classify = pipeline("image-classification", str(CHECKPOINTS / NAME), dtype=torch.float32)
    top = classify(answer.crop)[0]
    assert top["label"] == answer.expression
    if analyzer.checkpoints[NAME].model.config.softmax_temperature == 1:
        assert top["score"] == pytest.approx(answer.probability, abs=1e-4)


def test_the_chosen_expression_is_explained_and_the_answer_stays(analyzer, group):
    other = analyzer.analyze(group.photo, faces=group.faces, expression="sadness")
    for answers, others in zip(group.predictions, other.predictions, strict=True):
        assert others[NAME].explained == "sadness"
        assert others[NAME].probabilities == pytest.approx(answers[NAME].probabilities, abs=1e-5)
        assert np.abs(others[NAME].maps[0].values - answers[NAME].maps[0].values).max() > 0.05
        np.testing.assert_allclose(others[NAME].maps[1].values, answers[NAME].maps[1].values, atol=1e-5)


def test_each_face_can_be_asked_about_an_expression_of_its_own(analyzer, group):
    checkpoint = analyzer.checkpoints[NAME]
    crops = analyzer.find(group.photo, group.faces).crops(checkpoint.model.config.face_margin)
    own = [answers[NAME].expression for answers in group.predictions]
    explained = [answer.explained for answer in checkpoint.predict(crops, expression=["sadness", None, "fear"])]
    assert explained == ["sadness", own[1], "fear"]


def test_the_maps_are_grad_cam_of_the_backbone_and_the_shares_of_four_patches(group):
    cam, patches = group.predictions[0][NAME].maps
    assert (cam.name, cam.values.shape, cam.kind) == ("Grad-CAM for happiness", (10, 10), "heat")
    assert cam.values.min() >= 0 and cam.values.max() == pytest.approx(1)
    assert (patches.name, patches.values.shape, patches.kind) == ("patch attention", (2, 2), "shares")
    assert patches.values.sum() == pytest.approx(1, abs=1e-5)
    assert cam.meaning.endswith(".") and patches.meaning.endswith(".")


def test_without_a_method_there_are_answers_and_no_maps(analyzer, portrait):
    (answers,) = analyzer.analyze(portrait, method=None).predictions
    assert answers[NAME].maps == [] and answers[NAME].explained is None


def test_the_answer_does_not_depend_on_the_colours_of_the_photo(analyzer, portrait):
    """The model learnt from grey pictures, and its processor makes them grey."""
    colour = analyzer.analyze(portrait)
    grey = analyzer.analyze(ImageOps.grayscale(portrait).convert("RGB"), faces=colour.faces)
    before, after = colour.predictions[0][NAME].probabilities, grey.predictions[0][NAME].probabilities
    assert before == pytest.approx(after, abs=0.02)


def test_a_photo_without_faces_has_no_answers(analyzer, no_face):
    analysis = analyzer.analyze(no_face)
    assert analysis.faces == [] and analysis.predictions == []


def test_forty_faces_are_answered_in_several_passes(analyzer, portrait):
    face = analyzer.detector.detect(portrait)[0]
    analysis = analyzer.analyze(portrait, method=None, faces=[face] * 40)
    shares = np.array([list(answers[NAME].probabilities.values()) for answers in analysis.predictions])
    assert shares.shape[0] == 40
    np.testing.assert_allclose(shares, shares[:1].repeat(40, axis=0), atol=1e-5)


@pytest.mark.parametrize("folder", find_checkpoints(), ids=lambda folder: folder.name)
def test_the_maps_of_a_shipped_checkpoint_mark_places_and_depend_on_the_face(folder, several_faces):
    people = Analyzer([folder]).analyze(several_faces).predictions
    for maps in zip(*(answers[folder.name].maps for answers in people), strict=True):
        values = np.stack([one.values for one in maps])
        assert len(maps) == 3 and not any(one.flat for one in maps), maps[0].name
        assert np.ptp(values, axis=0).max() > 0.01 * values.max(), maps[0].name


def test_an_unknown_model_is_named_beside_the_known_ones(analyzer, portrait):
    with pytest.raises(CheckpointError, match=f"'ddamfn'.*{NAME}"):
        analyzer.analyze(portrait, models=["ddamfn"])


def test_two_checkpoints_answer_side_by_side(tmp_path, portrait):
    shutil.copytree(CHECKPOINTS / NAME, tmp_path / "again")
    analysis = Analyzer([CHECKPOINTS / NAME, tmp_path / "again"]).analyze(portrait)
    (answers,) = analysis.predictions
    assert list(answers) == [NAME, "again"]
    assert answers["again"].probabilities == pytest.approx(answers[NAME].probabilities, abs=1e-6)
    assert isinstance(answers["again"].crop, Image.Image)


def test_find_and_answer_are_analyze_in_two_steps(analyzer, group, several_faces):
    found = analyzer.find(several_faces)
    answers = analyzer.answer(found)
    assert [face.box for face in found.faces] == [face.box for face in group.faces]
    for one, other in zip(answers, group.predictions, strict=True):
        assert one[NAME].probabilities == pytest.approx(other[NAME].probabilities, abs=1e-5)
    margin = analyzer.checkpoints[NAME].model.config.face_margin
    assert found.crops(margin) is found.crops(margin) and answers[2][NAME].crop is found.crops(margin)[2]
    (second,) = analyzer.answer(found.only(1), method=None)
    assert second[NAME].probabilities == pytest.approx(answers[1][NAME].probabilities, abs=1e-5)


def test_faces_of_several_photos_are_answered_together(analyzer, several_faces, no_face, portrait):
    found = [analyzer.find(photo).shrunk(0, analyzer.margins) for photo in (several_faces, no_face, portrait)]
    assert all(one.photo is None for one in found)
    together = analyzer.answer(joined(found, analyzer.margins), method=None)
    alone = [answers for one in found for answers in analyzer.answer(one, method=None)]
    assert len(together) == 4
    for one, other in zip(together, alone, strict=True):
        assert one[NAME].probabilities == pytest.approx(other[NAME].probabilities, abs=1e-5)


@pytest.mark.parametrize("form", ["path", "text", "bytes", "array", "grey", "rgba"])
def test_a_photo_may_come_in_any_form(analyzer, portrait, form):
    path = EXAMPLES / "portrait.jpg"
    photo = {
        "path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "array": np.asarray(portrait),
        "grey": portrait.convert("L"),
        "rgba": portrait.convert("RGBA"),
    }[form]
    (answers,) = analyzer.analyze(photo, method=None).predictions
    assert answers[NAME].expression == "happiness"


def test_what_is_no_photo_is_refused_in_one_sentence(analyzer, tmp_path):
    with pytest.raises(PhotoError, match="could not be opened; choose it again"):
        analyzer.analyze(tmp_path / "gone.jpg")


def test_an_expression_is_known_by_other_words_and_an_unknown_one_is_refused_with_the_list(analyzer, group):
    found = analyzer.find(group.photo, group.faces)
    explained = [answers[NAME].explained for answers in analyzer.answer(found, expression=["sad", "Joy", None])]
    assert explained == ["sadness", "happiness", group.predictions[2][NAME].expression]
    with pytest.raises(ExpressionError, match="unknown expression 'hungry'; known names: neutral, happiness"):
        analyzer.answer(found, expression="hungry")


@pytest.mark.parametrize("grey", [0, 127, 255])
def test_an_empty_picture_is_no_cut_out_face(analyzer, grey):
    noise = np.random.default_rng(0).normal(grey, 3, (120, 120, 3)).clip(0, 255).astype(np.uint8)
    for picture in (Image.new("RGB", (48, 48), (grey,) * 3), Image.fromarray(noise)):
        with pytest.raises(EmptyPictureError, match="nearly the same everywhere"):
            analyzer.find(picture, cropped=True)


def test_a_dark_face_is_a_face(analyzer, portrait):
    dark = portrait.crop((170, 60, 280, 180)).point(lambda value: value // 10)
    assert analyzer.find(dark, cropped=True).faces == [None]


def test_what_is_against_a_face_goes_with_its_answer(analyzer, portrait):
    small = portrait.resize((84, 84))
    found = analyzer.find(small)
    (answers,) = analyzer.answer(found.shrunk(0, analyzer.margins), method=None)
    assert found.conditions == [("very small",)] and answers[NAME].conditions == ("very small",)
    (clear,) = analyzer.answer(analyzer.find(portrait), method=None)
    assert clear[NAME].conditions == ()


def test_a_photo_upside_down_is_answered_as_the_upright_one(analyzer, portrait):
    (expected,) = analyzer.analyze(portrait, method=None).predictions
    turned = analyzer.find(portrait.rotate(180))
    (answers,) = analyzer.answer(turned, method=None)
    assert answers[NAME].probabilities == pytest.approx(expected[NAME].probabilities, abs=0.01)
    assert "upside down" in turned.notes[0]
