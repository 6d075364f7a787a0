"""Targets from trained models: the mixture, whose label order it is in, and what is said when a teacher is missing."""

import dataclasses

import numpy as np
import pytest
import torch

from fer_models import EXPRESSIONS, FERImageProcessor
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train.config.recipe import ConfigError, Recipe, Stage
from train.data.face_dataset import DataError
from train.data.readers import load_split
from train.loop import teachers
from train.loop.run_folder import RunSettings
from train.loop.trainer import stage_trainer
from train.measure.scoring import CheckpointError, load_checkpoint


@pytest.fixture
def data(tmp_path, data_cache):
    return load_split("ferplus_parquet", tiny_ferplus(tmp_path / "tiny.parquet", count=8), "PublicTest")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(teachers, "CHECKPOINTS", tmp_path)
    return tmp_path


def stage(*names: str, share: float = 0.5) -> Stage:
    return Stage("s", epochs=1, learning_rate=1e-3, teachers=list(names), teacher_share=share)


def shares(folder, data) -> np.ndarray:
    """The teacher's answers, computed from its logits one by one."""
    checkpoint = load_checkpoint(str(folder))
    with torch.inference_mode():
        logits = [
            checkpoint.model(**checkpoint.processor([row["image"]], return_tensors="pt")).logits[0] for row in data
        ]
    return torch.stack(logits).softmax(dim=1).numpy()


def test_targets_are_votes_mixed_with_the_mean_of_the_teachers(data, folder):
    one, two = (tiny_checkpoint(folder / name, seed=seed) for seed, name in enumerate(("one", "two")))
    mixed = teachers.taught(data, stage("one", "two", share=0.3), {}).votes
    mean = (shares(one, data) + shares(two, data)) / 2
    np.testing.assert_allclose(mixed, 0.7 * data.votes + 0.3 * mean, atol=1e-5)
    assert not np.allclose(shares(one, data), shares(two, data), atol=0.01)  # else the mean says nothing
    assert [row["label"] for row in data] == list(range(8))  # labels stay


def test_a_teacher_with_another_label_order_teaches_the_same(data, folder):
    tiny_checkpoint(folder / "ours")
    tiny_checkpoint(folder / "theirs", names=tuple(reversed(EXPRESSIONS)))
    ours, theirs = (teachers.taught(data, stage(name), {}).votes for name in ("ours", "theirs"))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.ptp(ours, axis=0).max() > 0.1


def test_a_teacher_is_asked_once_for_all_stages(data, folder):
    tiny_checkpoint(folder / "one")
    known = {}
    first = teachers.taught(data, stage("one"), known).votes
    (folder / "one/model.safetensors").unlink()  # asking again would fail
    np.testing.assert_array_equal(teachers.taught(data, stage("one"), known).votes, first)
    with pytest.raises(CheckpointError):
        teachers.taught(data, stage("one"), {})


def test_a_teacher_of_other_expressions_is_refused(data, folder):
    tiny_checkpoint(folder / "seven", names=EXPRESSIONS[:7])
    with pytest.raises(DataError, match=r"seven cannot teach neutral, .*contempt: its expressions are"):
        teachers.taught(data, stage("seven"), {})


def test_a_missing_teacher_is_named_before_training_starts():
    with pytest.raises(DataError, match=r"no weights of the teacher nobody in .*; train nobody first"):
        teachers.check_teachers([stage(), stage("nobody")])


def test_taught_targets_reach_the_batches_of_training_but_not_of_validation(data, folder, tmp_path):
    checkpoint = load_checkpoint(str(tiny_checkpoint(folder / "one")))
    lesson = dataclasses.replace(stage("one", share=1.0), batch_size=8)
    splits = {"train": teachers.taught(data, lesson, {}), "validation": data}
    processor = FERImageProcessor(do_grayscale=True, source_size=48)
    trainer = stage_trainer(lesson, Recipe(), checkpoint.model, processor, splits, tmp_path / "work", RunSettings())
    (batch,) = trainer.get_train_dataloader()
    assert batch["labels"].shape == (8, 8)
    expected = splits["train"].votes[np.lexsort(splits["train"].votes.T)]
    seen = batch["labels"].numpy()
    np.testing.assert_allclose(seen[np.lexsort(seen.T)], expected, atol=1e-6)
    (batch,) = trainer.get_eval_dataloader()
    assert batch["labels"].tolist() == data.labels.tolist()


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_that_is_no_share_is_refused(share):
    with pytest.raises(ConfigError, match="teacher_share: expected a share above 0 and up to 1"):
        stage("one", share=share)
