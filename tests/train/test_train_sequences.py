"""A sequence head, trained end to end on made sequences, and what it says about those without a face."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from fer_models.checkpoint import Checkpoint, CheckpointError
from fer_models.models.configuration_fer_sequence import FERSequenceConfig
from fer_models.models.modeling_fer_sequence import FERSequenceClassifier
from fer_models.sequences import NOT_DETECTED, SequenceHead, sequence_features
from tests.support.tiny import tiny_checkpoint, tiny_pictures
from train.data.face_dataset import DataError
from train.data.sequences import load_sequences
from train.train_sequences import SequenceRecipe, main, train_sequences

CODES = {"anger": 1, "happiness": 5, "surprise": 7}  # of CK+
FRAMES = 4
PEOPLE = 10


def frames_of(code: int, person: int) -> list[Image.Image]:
    """From grey to a pattern that belongs to the expression, with a little noise that belongs to the person."""
    pattern = np.asarray(tiny_pictures(8)[code], dtype=float)
    noise = np.random.default_rng(person).normal(scale=8, size=pattern.shape)
    return [
        Image.fromarray((128 + share * (pattern - 128) + noise).clip(0, 255).astype(np.uint8))
        for share in np.linspace(0, 1, FRAMES)
    ]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Checkpoint:
    return Checkpoint(tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def ckplus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ckplus")
    for person in range(PEOPLE):
        for number, code in enumerate(CODES.values(), start=1):
            place = f"S{person:03}/{number:03}"
            (folder / "cohn-kanade-images" / place).mkdir(parents=True)
            (folder / "Emotion" / place).mkdir(parents=True)
            stem = f"S{person:03}_{number:03}_"
            for index, frame in enumerate(frames_of(code, person), start=1):
                frame.save(folder / "cohn-kanade-images" / place / f"{stem}{index:08}.png")
            (folder / "Emotion" / place / f"{stem}{FRAMES:08}_emotion.txt").write_text(f"   {code}.0000000e+00")
    return folder


@pytest.fixture(scope="module")
def trained(ckplus, checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "sequence"
    recipe = SequenceRecipe(epochs=60, hidden_size=16, learning_rate=1e-2)
    return folder, train_sequences(checkpoint, "ckplus", ckplus, folder, recipe, cropped=True)


def test_the_parts_are_split_by_person_and_hold_whole_sequences(ckplus):
    parts = load_sequences("ckplus", ckplus, (0.7, 0.2, 0.1), seed=42)
    assert {name: len(part) for name, part in parts.items()} == {"train": 21, "validation": 6, "test": 3}
    people = [{sequence.subject for sequence in part} for part in parts.values()]
    assert sum(map(len, people)) == len(set.union(*people)) == PEOPLE
    first = parts["train"][0]
    assert len(first.frames) == FRAMES and [frame.name for frame in first.frames] == sorted(
        f.name for f in first.frames
    )


@pytest.mark.slow
def test_a_head_learns_made_sequences_of_people_it_has_not_seen(trained, checkpoint):
    folder, result = trained
    assert result["splits"]["test"]["accuracy"]["value"] == 1.0 and result["splits"]["test"]["n"] == 3
    assert result["splits"]["test"]["accuracy"]["interval"][0] < 0.5  # three sequences say little
    head = SequenceHead.load(folder, checkpoint)
    for name, code in CODES.items():
        answer = head.answer(frames_of(code, person=99))
        assert answer.expression == name and sum(answer.probabilities.values()) == pytest.approx(1)
    assert "| test | 3 | 100.0 %" in (folder / "README.md").read_text()
    assert json.loads((folder / "result.json").read_text())["recipe"]["hidden_size"] == 16


@pytest.mark.slow
def test_a_sequence_without_a_face_or_below_the_threshold_is_not_detected(trained, checkpoint):
    head = SequenceHead.load(trained[0], checkpoint)
    none = head.answer([None, None])
    assert (none.expression, none.probabilities, none.frames, none.seen) == (NOT_DETECTED, {}, 2, 0)
    head.model.config.reject_threshold = 1.0
    unsure = head.answer(frames_of(5, person=99))
    assert unsure.expression == NOT_DETECTED and len(unsure.probabilities) == 3


@pytest.mark.slow
def test_frames_without_a_face_change_nothing_wherever_they_are(trained, checkpoint):
    head = SequenceHead.load(trained[0], checkpoint)
    frames = frames_of(7, person=3)
    whole = head.answer(frames)
    gaps = head.answer([None, *frames[:2], None, None, *frames[2:], None])
    assert (gaps.frames, gaps.seen) == (8, 4)
    assert gaps.probabilities == pytest.approx(whole.probabilities, abs=1e-5)


def test_the_order_of_the_frames_matters():
    torch.manual_seed(0)
    model = FERSequenceClassifier(FERSequenceConfig(feature_size=4, hidden_size=8)).eval()
    features = torch.randn(1, 5, 4)
    forwards, backwards = model(features).logits, model(features.flip(1)).logits
    assert (forwards - backwards).abs().max() > 1e-3


def test_a_sequence_does_not_depend_on_the_others_of_its_batch_nor_on_its_padding():
    torch.manual_seed(0)
    model = FERSequenceClassifier(FERSequenceConfig(feature_size=4, hidden_size=8)).eval()
    features, seen = torch.randn(3, 6, 4), torch.rand(3, 6) > 0.3
    seen[:, 0] = True
    together = model(features, seen).logits
    for index in range(3):
        alone = features[index : index + 1, seen[index]]
        torch.testing.assert_close(model(alone).logits[0], together[index], atol=1e-5, rtol=1e-5)


@pytest.mark.slow
def test_a_head_refuses_the_features_of_other_weights(trained, tmp_path):
    other = Checkpoint(tiny_checkpoint(tmp_path / "other", seed=1))
    with pytest.raises(CheckpointError, match="was trained on the features of tiny with other weights"):
        SequenceHead.load(trained[0], other)


def test_features_are_the_means_of_the_last_maps(checkpoint):
    pictures = tiny_pictures(2)
    features, seen = sequence_features(checkpoint, [pictures[0], None, pictures[1]])
    assert seen.tolist() == [True, False, True] and features[1].abs().sum() == 0
    with torch.inference_mode():
        maps = checkpoint.model(checkpoint.pixel_values(pictures), output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(features[[0, 2]], maps.mean(dim=(2, 3)), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_folders_of_clips_are_read_and_what_has_none_is_told(checkpoint, tmp_path):
    for name, code in (("happy", 5), ("Angry", 1)):
        for person in range(4):
            (tmp_path / "clips" / name / str(person)).mkdir(parents=True)
            for index, frame in enumerate(frames_of(code, person)):
                frame.save(tmp_path / "clips" / name / str(person) / f"{index}.png")
    out = main([str(checkpoint.folder), "--layout", "clip_folders", "--data", str(tmp_path / "clips"),
                "--out", str(tmp_path / "head"), "--cropped"])  # fmt: skip
    assert FERSequenceConfig.from_pretrained(out).id2label == {0: "happiness", 1: "anger"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="expected folders of clips like"):
        load_sequences("clip_folders", tmp_path / "empty", (0.7, 0.2, 0.1), seed=0)
