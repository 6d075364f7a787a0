"""A teacher's last features as a target: what the loss is then, and what is left of it after training."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from fer_models import ARCHITECTURES, EXPRESSIONS, FERImageProcessor
from fer_models.expressions import label_maps
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train.config.recipe import ConfigError, Recipe, Stage
from train.data.readers import load_split
from train.loop.features import NAME, last_layer
from train.loop.run_folder import RunSettings, last_checkpoint
from train.loop.trainer import stage_trainer
from train.measure.scoring import load_checkpoint

LESSON = Stage(
    *("s", 1, 1e-3), batch_size=8, teachers=["one"], teachers_see="view", teacher_share=1.0, feature_weight=0.5
)


@pytest.fixture
def trainer(tmp_path, data_cache):
    """Of a student of one architecture and a teacher of another."""
    data = load_split("ferplus_parquet", tiny_ferplus(tmp_path / "tiny.parquet", count=8), "PublicTest")
    tiny_checkpoint(tmp_path / "teachers" / "one")
    torch.manual_seed(1)
    (config, network), *_ = [pair for pair in ARCHITECTURES if pair[0].model_type == "mobilenetv1"]
    id2label, label2id = label_maps(EXPRESSIONS)
    student = network(config(image_size=64, id2label=id2label, label2id=label2id))
    splits, run = {"train": data, "validation": data}, RunSettings(teachers=tmp_path / "teachers")
    processor = FERImageProcessor(do_grayscale=True, source_size=48)
    return lambda **more: stage_trainer(
        dataclasses.replace(LESSON, **more), Recipe(), student, processor, splits, tmp_path / "work", run
    )


def test_the_loss_has_one_minus_the_cosine_of_the_features_beside_it(trainer, tmp_path):
    lesson = trainer()
    student, (batch,) = lesson.model, lesson.get_train_dataloader()
    teacher = load_checkpoint(str(tmp_path / "teachers" / "one")).model
    seen = {}
    for name, network in (("ours", student), ("theirs", teacher)):
        layer = last_layer(torch.nn.ModuleList(m for n, m in network.named_children() if n != NAME))
        layer.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: inputs[0]}))
    torch.manual_seed(0)
    loss = lesson.compute_loss(student.train(), batch)
    with torch.no_grad():
        pixels = lesson.view_teachers._as_seen_by(lesson.view_teachers.teachers[0], batch["pixel_values"])
        answers = teacher(pixels).logits.softmax(dim=1)
    torch.manual_seed(0)
    plain = F.cross_entropy(student(batch["pixel_values"]).logits, answers)
    apart = 1 - F.cosine_similarity(student.get_submodule(NAME)(seen["ours"]), seen["theirs"]).mean()
    assert apart > 0.1  # else it shows nothing
    torch.testing.assert_close(loss, plain + 0.5 * apart)


@pytest.mark.slow
def test_the_map_is_trained_and_resumed_and_gone_afterwards(trainer):
    before = trainer()
    keys = set(before.model.state_dict())
    first = before.model.get_submodule(NAME).weight.detach().clone()
    before.train()
    assert set(before.model.state_dict()) == {key for key in keys if NAME not in key}
    assert not before.view_teachers.teachers[0].model.training
    whole = last_checkpoint(Path(before.args.output_dir))
    assert not torch.equal(load_file(f"{whole}/model.safetensors")[f"{NAME}.weight"], first)
    again = trainer(epochs=2)
    again.train(resume_from_checkpoint=whole)
    assert again.state.epoch == 2 and NAME not in dict(again.model.named_modules())


def test_several_processes_share_the_gradient_of_the_map(trainer, tmp_path):
    lesson = trainer()
    assert lesson.args.ddp_find_unused_parameters is False  # else its weights count as unused, and then are not
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        student = torch.nn.parallel.DistributedDataParallel(lesson.model.train(), find_unused_parameters=False)
        (batch,) = lesson.get_train_dataloader()
        for _ in range(2):
            lesson.compute_loss(student, batch).backward()
        assert lesson.model.get_submodule(NAME).weight.grad.abs().max() > 0
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    "wrong", [{"feature_weight": 0.0}, {"teachers_see": "picture"}, {"teachers": ["one", "two"]}, {"teachers": []}]
)
def test_a_weight_without_one_teacher_of_views_is_refused(wrong):
    with pytest.raises(ConfigError, match="feature_weight: expected"):
        dataclasses.replace(LESSON, **wrong)
