"""Checkpoints: sure or not, by which temperature, and those that cannot be used."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fer_models.checkpoint import Checkpoint, CheckpointError, find_checkpoints, weights_sha256
from fer_models.paths import CHECKPOINTS
from fer_models.prediction import WITHOUT_CONTRAST
from fer_models.words import how_sure
from tests.support.tiny import tiny_checkpoint

NAME = "pattlite-ferplus"


def test_an_answer_below_the_threshold_is_not_sure(tmp_path, portrait):
    folder = tiny_checkpoint(tmp_path / "tiny")
    crop = portrait.resize((100, 100))
    (answer,) = Checkpoint(folder).predict([crop], method=None)
    assert answer.sure  # no threshold: it always answers
    for threshold, sure in [(answer.probability - 0.01, True), (answer.probability + 0.01, False)]:
        config = json.loads((folder / "config.json").read_text()) | {"reject_threshold": threshold}
        (folder / "config.json").write_text(json.dumps(config))
        assert Checkpoint(folder).predict([crop], method=None)[0].sure is sure


def test_the_temperature_changes_how_sure_it_is_and_not_the_answer(tmp_path, portrait):
    folder = tiny_checkpoint(tmp_path / "tiny")
    crop = portrait.resize((100, 100))
    (before,) = Checkpoint(folder).predict([crop], method=None)
    config = json.loads((folder / "config.json").read_text()) | {"softmax_temperature": 2.0}
    (folder / "config.json").write_text(json.dumps(config))
    (after,) = Checkpoint(folder).predict([crop], method=None)
    assert after.expression == before.expression
    logs = [np.log(list(a.probabilities.values())) for a in (before, after)]
    differences = [log - log[0] for log in logs]
    np.testing.assert_allclose(differences[1], differences[0] / 2, atol=1e-4)


def damaged(folder: Path, damage: str) -> Path:
    tiny_checkpoint(folder)
    weights = folder / "model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "emptied":
        weights.write_bytes(b"")
    elif damage == "without a tensor":
        from safetensors.torch import load_file, save_file

        tensors = load_file(weights)
        del tensors["classifier.fc.weight"]
        save_file(tensors, weights, metadata={"format": "pt"})
    elif damage == "broken config":
        (folder / "config.json").write_text("{")
    else:
        (folder / damage).unlink()
    return folder


@pytest.mark.parametrize(
    "damage",
    [
        "cut",
        "emptied",
        "without a tensor",
        "broken config",
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ],
)
def test_a_damaged_checkpoint_is_an_error_that_names_its_folder(tmp_path, damage):
    folder = damaged(tmp_path / "broken-one", damage)
    with pytest.raises(CheckpointError, match="broken-one"):
        Checkpoint(folder)


@pytest.mark.parametrize("folder", find_checkpoints(), ids=lambda folder: folder.name)
def test_a_shipped_checkpoint_fits_its_processor_and_has_the_layer_that_grad_cam_looks_at(folder):
    checkpoint = Checkpoint(folder)
    pixel_values = checkpoint.pixel_values([Image.new("RGB", (60, 60))])
    assert pixel_values.shape[-1] == checkpoint.model.config.image_size
    assert checkpoint.model.get_submodule(checkpoint.model.config.cam_layer)
    assert all(p.dtype == torch.float32 for p in checkpoint.model.parameters())  # whatever the file holds


def test_the_shipped_pattlite_has_two_by_two_patches():
    checkpoint = Checkpoint(CHECKPOINTS / NAME)
    pixel_values = checkpoint.pixel_values([Image.new("RGB", (60, 60))])
    assert checkpoint.model(pixel_values, output_hidden_states=True).hidden_states[1].shape[2:] == (2, 2)


def test_an_empty_checkpoints_folder_says_how_to_get_one(tmp_path):
    with pytest.raises(CheckpointError, match="train_hub"):
        find_checkpoints(tmp_path)
    with pytest.raises(CheckpointError, match="train_hub"):
        find_checkpoints(tmp_path / "missing")


def test_answers_are_tied_to_their_weights_by_a_hash(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    expected = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert weights_sha256(str(folder)) == Checkpoint(folder).sha256 == expected


def test_words_of_other_people_become_the_canonical_ones(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] |= {"1": "Happy", "3": "sad", "7": "smirk"}
    (folder / "config.json").write_text(json.dumps(config))
    known = Checkpoint(folder).expressions
    assert known == ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "smirk"]


def test_an_expression_that_a_model_has_twice_is_an_error(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"]["0"] = "happy"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="the same expression twice: happiness, happiness"):
        Checkpoint(folder)


@pytest.mark.parametrize("device", ["cuda:7", "quantum", "mps"])
def test_a_device_that_is_not_there_is_an_error_that_names_it(tmp_path, device):
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("it is there")
    with pytest.raises(CheckpointError, match=f"no usable device '{device}'"):
        Checkpoint(tiny_checkpoint(tmp_path / "tiny"), device=device)


def test_a_model_in_half_precision_still_answers(tmp_path, portrait):
    checkpoint = Checkpoint(tiny_checkpoint(tmp_path / "tiny"))
    crop = portrait.resize((100, 100))
    (before,) = checkpoint.predict([crop])
    checkpoint.model.bfloat16()
    (after,) = checkpoint.predict([crop])
    assert after.probabilities == pytest.approx(before.probabilities, abs=0.1)


def with_priors(folder: Path, **more) -> Path:
    tiny_checkpoint(folder)
    config = json.loads((folder / "config.json").read_text())
    priors = [0.4, 0.3, 0.1, 0.1, 0.04, 0.03, 0.02, 0.01]
    (folder / "config.json").write_text(json.dumps(config | {"class_priors": priors, **more}))
    return folder


def test_where_expressions_are_equally_likely_the_priors_are_divided_out_after_a_temperature_of_its_own(
    tmp_path, portrait
):
    checkpoint = Checkpoint(with_priors(tmp_path / "tiny", softmax_temperature=50.0, balanced_temperature=80.0))
    crop = portrait.resize((100, 100))
    (web,) = checkpoint.predict([crop], method=None)
    (balanced,) = checkpoint.predict([crop], method=None, balanced=True)
    logits = 50 * np.log(list(web.probabilities.values()))
    divided = np.exp(logits / 80) / checkpoint.model.config.class_priors
    np.testing.assert_allclose(list(balanced.probabilities.values()), divided / divided.sum(), rtol=1e-4)
    assert (web.balanced, balanced.balanced) == (False, True)


def test_each_setting_has_a_threshold_of_its_own(tmp_path, portrait):
    folder = with_priors(tmp_path / "tiny", reject_threshold=0.0, balanced_threshold=1.0, balanced_temperature=50.0)
    checkpoint, crop = Checkpoint(folder), portrait.resize((100, 100))
    assert [checkpoint.predict([crop], None, balanced=choice)[0].sure for choice in (False, True)] == [True, False]


def test_the_map_is_about_the_answer_of_the_setting(tmp_path, portrait):
    folder = with_priors(tmp_path / "tiny", softmax_temperature=200.0, balanced_temperature=200.0)
    checkpoint, crop = Checkpoint(folder), portrait.resize((100, 100))
    (web,), (balanced,) = (checkpoint.predict([crop], balanced=choice) for choice in (False, True))
    assert balanced.expression != web.expression  # so flat an answer is that of the priors
    assert (web.explained, balanced.explained) == (web.expression, balanced.expression)
    (asked,) = checkpoint.predict([crop], expression="sadness", balanced=True)
    assert asked.explained == "sadness"


def test_a_checkpoint_without_priors_says_so(tmp_path, portrait):
    checkpoint = Checkpoint(tiny_checkpoint(tmp_path / "tiny"))
    assert not checkpoint.can_balance
    with pytest.raises(CheckpointError, match="tiny does not know how common its expressions are on the web"):
        checkpoint.predict([portrait.resize((100, 100))], balanced=True)


@pytest.mark.parametrize("folder", find_checkpoints(), ids=lambda folder: folder.name)
def test_every_shipped_checkpoint_knows_how_common_its_expressions_are(folder):
    config = json.loads((folder / "config.json").read_text())
    shares = {name: config["class_priors"][int(number)] for number, name in config["id2label"].items()}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert shares["neutral"] == max(shares.values()) == pytest.approx(0.319, abs=1e-3)  # of the votes of FER+
    assert shares["contempt"] == pytest.approx(0.018, abs=1e-3)
    learnt = config["balanced_temperature"] * config["folded_temperature"]  # beside the logits as training left them
    assert 0.5 < learnt < 1 and 0.7 < config["balanced_threshold"] < 0.9


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_of_a_picture_without_contrast_no_answer_is_sure_and_the_rest_of_the_batch_is(shade, portrait):
    checkpoint = Checkpoint(CHECKPOINTS / NAME)
    empty, seen = checkpoint.predict([Image.new("RGB", (64, 64), (shade,) * 3), portrait], method=None)
    assert shade or checkpoint.is_sure(empty.probability)  # which is why it has to be said
    assert not empty.sure and empty.conditions == (WITHOUT_CONTRAST,)
    assert how_sure(empty) == "not sure"
    assert seen.conditions == () and seen.sure == checkpoint.is_sure(seen.probability)
