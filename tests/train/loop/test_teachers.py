"""Targets from trained models: the mixture, whose label order it is in, and what is said when a teacher is missing."""

import dataclasses

import numpy as np
import pytest
import torch

from fer_models import EXPRESSIONS, FERImageProcessor
from fer_models.paths import CHECKPOINTS
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train.config.recipe import ConfigError, Recipe, Stage
from train.config.trained import trained_folder
from train.data.face_dataset import DataError
from train.data.readers import load_split
from train.hub.fold_temperature import fold_temperature
from train.loop import teachers
from train.loop.run_folder import RunSettings
from train.loop.trainer import stage_trainer
from train.measure.scoring import load_checkpoint


@pytest.fixture
def data(tmp_path, data_cache):
    return load_split("ferplus_parquet", tiny_ferplus(tmp_path / "tiny.parquet", count=8), "PublicTest")


@pytest.fixture
def folder(tmp_path):
    """Of the teachers."""
    return tmp_path / "teachers"


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


@pytest.mark.slow
def test_targets_are_votes_mixed_with_the_mean_of_the_teachers(data, folder):
    one, two = (tiny_checkpoint(folder / name, seed=seed) for seed, name in enumerate(("one", "two")))
    mixed = teachers.taught(data, stage("one", "two", share=0.3), {}, [folder]).votes
    mean = (shares(one, data) + shares(two, data)) / 2
    np.testing.assert_allclose(mixed, 0.7 * data.votes + 0.3 * mean, atol=1e-5)
    assert not np.allclose(shares(one, data), shares(two, data), atol=0.01)  # else the mean says nothing
    assert [row["label"] for row in data] == list(range(8))  # labels stay


def test_a_teacher_with_another_label_order_teaches_the_same(data, folder):
    tiny_checkpoint(folder / "ours")
    tiny_checkpoint(folder / "theirs", names=tuple(reversed(EXPRESSIONS)))
    ours, theirs = (teachers.taught(data, stage(name), {}, [folder]).votes for name in ("ours", "theirs"))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.ptp(ours, axis=0).max() > 0.1


def test_a_teacher_is_asked_once_for_all_stages(data, folder):
    tiny_checkpoint(folder / "one")
    known = {}
    first = teachers.taught(data, stage("one"), known, [folder]).votes
    (folder / "one/model.safetensors").unlink()  # asking again would fail
    np.testing.assert_array_equal(teachers.taught(data, stage("one"), known, [folder]).votes, first)
    with pytest.raises(DataError, match="no weights of one in"):
        teachers.taught(data, stage("one"), {}, [folder])


def test_a_teacher_of_other_expressions_is_refused(data, folder):
    tiny_checkpoint(folder / "seven", names=EXPRESSIONS[:7])
    with pytest.raises(DataError, match=r"seven cannot teach neutral, .*contempt: its expressions are"):
        teachers.taught(data, stage("seven"), {}, [folder])


def test_a_missing_teacher_is_named_before_training_starts(tmp_path):
    with pytest.raises(DataError, match=r"no weights of nobody in .*; train nobody first"):
        teachers.check_teachers([stage(), stage("nobody")], RunSettings(teachers=tmp_path).trained_folders)


def test_a_teacher_is_taken_from_the_folder_that_was_named_before_that_of_the_repository(folder):
    folders = RunSettings(teachers=folder).trained_folders
    assert trained_folder("pattlite-ferplus", folders) == CHECKPOINTS / "pattlite-ferplus"
    tiny_checkpoint(folder / "pattlite-ferplus")
    assert trained_folder("pattlite-ferplus", folders) == folder / "pattlite-ferplus"
    assert RunSettings().trained_folders == [CHECKPOINTS]


def test_taught_targets_reach_the_batches_of_training_but_not_of_validation(data, folder, tmp_path):
    checkpoint = load_checkpoint(str(tiny_checkpoint(folder / "one")))
    lesson = dataclasses.replace(stage("one", share=1.0), batch_size=8)
    splits = {"train": teachers.taught(data, lesson, {}, [folder]), "validation": data}
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


def test_a_teacher_of_views_answers_for_what_the_student_is_shown(data, folder, tmp_path):
    student = load_checkpoint(str(tiny_checkpoint(folder / "student", seed=1))).model
    tiny_checkpoint(folder / "one", names=tuple(reversed(EXPRESSIONS)))
    lesson = dataclasses.replace(stage("one", share=0.75), batch_size=8, teachers_see="view")
    processor = FERImageProcessor(do_grayscale=True, source_size=48)
    settings = RunSettings(teachers=folder)
    splits = {"train": data, "validation": data}
    trainer = stage_trainer(lesson, Recipe(), student, processor, splits, tmp_path / "work", settings)
    (batch,) = trainer.get_train_dataloader()
    torch.testing.assert_close(batch["labels"].sort(dim=0).values, torch.from_numpy(data.votes).sort(dim=0).values)
    teacher = load_checkpoint(str(folder / "one")).model
    with torch.no_grad():
        answers = teacher(batch["pixel_values"]).logits.softmax(dim=1).flip(1)
        student.train()
        loss, logits = trainer.compute_loss(student, batch), student(batch["pixel_values"]).logits
    expected = torch.nn.functional.cross_entropy(logits, 0.25 * batch["labels"] + 0.75 * answers)
    torch.testing.assert_close(loss, expected)


@pytest.mark.slow
def test_a_teacher_teaches_the_same_with_its_temperature_in_its_weights(data, folder):
    plain, warm = (tiny_checkpoint(folder / name) for name in ("plain", "warm"))
    fold_temperature(warm, 0.5)
    own, same = (teachers.answers(load_checkpoint(str(one)), data) for one in (plain, warm))
    np.testing.assert_allclose(same, own, atol=1e-5)
    views = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    seen = [
        teachers.ViewTeachers([one.name], [folder], EXPRESSIONS, FERImageProcessor(), torch.device("cpu")).answers(
            views
        )
        for one in (plain, warm)
    ]
    torch.testing.assert_close(*seen, rtol=0, atol=1e-5)


def test_a_teacher_of_views_gets_its_own_side_and_scale_of_values(folder):
    checkpoint = load_checkpoint(str(tiny_checkpoint(folder / "one")))
    side = checkpoint.processor.size["height"]
    student = FERImageProcessor(image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.3, 0.4])
    asked = teachers.ViewTeachers(["one"], [folder], checkpoint.expressions, student, torch.device("cpu"))
    grey = torch.rand(2, 1, 1, 1).expand(2, 3, 2 * side, 2 * side)  # 0 to 1
    ours = (grey - torch.tensor(student.image_mean)[:, None, None]) / torch.tensor(student.image_std)[:, None, None]
    with torch.no_grad():
        expected = checkpoint.model(2 * grey[:, :, :side, :side] - 1).logits.softmax(dim=1)
    torch.testing.assert_close(asked.answers(ours), expected, atol=1e-5, rtol=1e-4)


def test_what_teachers_see_is_a_picture_or_a_view():
    with pytest.raises(ConfigError, match="teachers_see: unknown value 'views'"):
        dataclasses.replace(stage("one"), teachers_see="views")
