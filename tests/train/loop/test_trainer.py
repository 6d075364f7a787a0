"""The schedules that ours adds to transformers' Trainer, and the options that reach the optimizer."""

import pickle

import pytest
import torch
from torch.nn import functional as F

from fer_models import FERImageProcessor, PAttLiteConfig, PAttLiteForImageClassification
from tests.support.tiny import tiny_ferplus
from train.config.recipe import ConfigError, Recipe, Stage
from train.data.readers import load_split
from train.loop.augmentation import Augmentation
from train.loop.run_folder import RunSettings
from train.loop.trainer import check_frozen, stage_trainer

pytestmark = pytest.mark.slow  # trains


@pytest.fixture
def trainer_of(tmp_path, data_cache):
    """Stage -> its trainer with optimizer and schedule, for 5 epochs of 2 steps."""

    def build(run: RunSettings | None = None, **stage):
        run = run or RunSettings()
        data = load_split("ferplus_parquet", tiny_ferplus(tmp_path / "tiny.parquet", count=16), "PublicTest")
        trainer = stage_trainer(
            Stage("s", **{"epochs": 5, "learning_rate": 1.0} | stage),
            Recipe(),
            PAttLiteForImageClassification(PAttLiteConfig(num_labels=8, image_size=112)),
            FERImageProcessor(),
            {"train": data, "validation": data},
            tmp_path / "stage",
            run,
        )
        trainer.create_optimizer_and_scheduler(10)
        return trainer

    return build


def rates(trainer, steps: int) -> list[float]:
    """The learning rate of each step."""
    seen = []
    for _ in range(steps):
        seen.append(trainer.optimizer.param_groups[0]["lr"])
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    return seen


def test_the_step_schedule_lowers_the_rate_after_every_so_many_epochs(trainer_of):
    trainer = trainer_of(schedule="step", schedule_options={"every": 2, "factor": 0.1})
    assert rates(trainer, 10) == pytest.approx([1] * 4 + [0.1] * 4 + [0.01] * 2)


def test_a_stages_own_augmentation_replaces_the_recipes_and_leaves_validation_alone(trainer_of):
    recipes = trainer_of().data_collator.augmentation
    own = trainer_of(augmentation=Augmentation(flip=0.0, rotation=8.0))
    assert recipes == Recipe().augmentation
    assert own.data_collator.augmentation == Augmentation(flip=0.0, rotation=8.0)
    assert own.evaluation_collator.augmentation is None


def test_inverse_time_decay_is_one_over_the_epochs_that_have_passed(trainer_of):
    assert rates(trainer_of(schedule="inverse_time"), 5) == pytest.approx([1, 1 / 1.5, 1 / 2, 1 / 2.5, 1 / 3])


def test_the_loss_plateau_watches_the_validation_loss_whatever_the_accuracy_does(trainer_of):
    trainer = trainer_of(schedule="loss_plateau", schedule_options={"patience": 2, "factor": 0.3})
    seen = []
    for loss in (3.0, 2.0, 1.0, 1.0, 1.0, 1.0):
        trainer.validation_loss = loss
        trainer.lr_scheduler.step(0.5)  # the accuracy stands still from the start
        seen.append(trainer.optimizer.param_groups[0]["lr"])
    assert seen == pytest.approx([1, 1, 1, 1, 1, 0.3])


def test_the_loss_plateau_can_be_saved_and_goes_on_where_it_was(trainer_of):
    trainer = trainer_of(schedule="loss_plateau", schedule_options={"patience": 2, "factor": 0.3})
    trainer.validation_loss = 1.0
    for _ in range(3):
        trainer.lr_scheduler.step(0.5)
    state = pickle.loads(pickle.dumps(trainer.lr_scheduler.state_dict()))
    other = trainer_of(schedule="loss_plateau", schedule_options={"patience": 2, "factor": 0.3})
    other.lr_scheduler.load_state_dict(state)
    other.validation_loss = 1.0
    other.lr_scheduler.step(0.5)
    assert other.optimizer.param_groups[0]["lr"] == pytest.approx(0.3)


def test_a_frozen_module_that_is_not_there_is_named_with_the_nearest_one():
    model = PAttLiteForImageClassification(PAttLiteConfig(num_labels=8, image_size=112))
    stages = [Stage("a", 1, 0.1, frozen=["backbone"]), Stage("b", 1, 0.1, frozen=["backbone.conv_sten"])]
    check_frozen(model, stages[:1])
    with pytest.raises(ConfigError, match=r"stage 'b': frozen: .*'backbone.conv_sten'; .* 'backbone.conv_stem'\?"):
        check_frozen(model, stages)


def test_options_reach_the_optimizer(trainer_of):
    group = trainer_of(optimizer="sgd", optimizer_options={"momentum": 0.9}, weight_decay=1e-4).optimizer.param_groups[
        0
    ]
    assert (group["momentum"], group["weight_decay"]) == (0.9, 1e-4)


def test_a_stage_can_learn_from_what_the_model_answered_for_the_same_view_when_it_began(trainer_of):
    trainer = trainer_of(own_share=0.25, batch_size=16)
    (batch,) = trainer.get_train_dataloader()
    votes = batch["labels"]
    assert votes.shape == (16, 8)  # shares, although the recipe trains on class ids
    model = trainer.model.eval()
    with torch.no_grad():
        begun = model(batch["pixel_values"]).logits.softmax(dim=1)
        model.classifier.classifier.weight.mul_(-3)  # it has learnt since
        usual, answers = trainer.compute_loss(model, batch), model(batch["pixel_values"]).logits
        model.train()
        loss, logits = trainer.compute_loss(model, batch), model(batch["pixel_values"]).logits
    torch.testing.assert_close(loss, F.cross_entropy(logits, 0.75 * votes + 0.25 * begun))
    torch.testing.assert_close(usual, F.cross_entropy(answers, votes))  # validation keeps the votes


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_an_own_share_that_is_no_share_is_refused(share):
    with pytest.raises(ConfigError, match="own_share: expected a share above 0 and up to 1"):
        Stage("s", 1, 0.1, own_share=share)


def test_validation_is_in_float32_where_the_training_is_in_mixed_precision(trainer_of):
    trainer = trainer_of(RunSettings(bf16=True), epochs=1, learning_rate=1e-3, batch_size=8, averaging=0.9)
    layer, seen = next(one for one in trainer.model.modules() if isinstance(one, torch.nn.Conv2d)), {}
    layer.register_forward_hook(
        lambda module, inputs, output: seen.setdefault(trainer.model.training, set()).add(output.dtype)
    )
    trainer.train()
    assert seen == {True: {torch.bfloat16}, False: {torch.float32}}
