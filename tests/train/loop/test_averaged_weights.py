"""The moving average of the weights, through the real Trainer: what is validated, saved, and gone on with."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel, TrainerCallback, TrainingArguments
from transformers.modeling_outputs import ModelOutput

from train.config.recipe import Stage
from train.loop.averaged_weights import LIVE, AveragedWeights
from train.loop.trainer import StageTrainer


class LineConfig(PreTrainedConfig):
    model_type = "line"


class Line(PreTrainedModel):
    """logits = (slope * x, 0): its loss falls as the slope grows."""

    config_class = LineConfig

    def __init__(self, config: LineConfig):
        super().__init__(config)
        self.slope = nn.Parameter(torch.zeros(()))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        pass

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> ModelOutput:
        logits = torch.stack([self.slope * x, torch.zeros_like(x)], dim=1)
        return ModelOutput(loss=nn.functional.cross_entropy(logits, labels), logits=logits)


ROWS = [{"x": 1.0, "labels": 0}] * 4


def collate(rows: list[dict]) -> dict[str, torch.Tensor]:
    return {key: torch.tensor([row[key] for row in rows]) for key in rows[0]}


def trainer(folder: Path, epochs: int, **stage) -> StageTrainer:
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=4,
        learning_rate=1.0,
        max_grad_norm=0.0,
        optim="sgd",
        lr_scheduler_type="constant",
        save_strategy="epoch",
        eval_strategy="no",
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
    )
    return StageTrainer(
        Stage("s", epochs, learning_rate=1.0, **stage),
        collate,
        model=Line(LineConfig()),
        args=arguments,
        train_dataset=ROWS,
        eval_dataset=ROWS,
        data_collator=collate,
    )


def steps(count: int) -> list[float]:
    """The slope after each step of plain gradient descent."""
    slope, slopes = 0.0, []
    for _ in range(count):
        slope += torch.sigmoid(torch.tensor(-slope)).item()
        slopes.append(slope)
    return slopes


def averages(slopes: list[float], decay: float) -> float:
    average = 0.0
    for number, slope in enumerate(slopes, start=1):
        kept = min(decay, (1 + number) / (10 + number))
        average = kept * average + (1 - kept) * slope
    return average


def test_a_checkpoint_holds_the_average_and_beside_it_the_weights_to_go_on_with(tmp_path):
    trainer(tmp_path, 3, averaging=0.5).train()
    saved = tmp_path / "checkpoint-3"
    assert load_file(saved / LIVE)["slope"].item() == pytest.approx(steps(3)[-1], rel=1e-5)
    assert load_file(saved / "model.safetensors")["slope"].item() == pytest.approx(averages(steps(3), 0.5), rel=1e-5)


def test_the_validation_scores_the_average_and_leaves_the_live_weights_alone(tmp_path):
    run = trainer(tmp_path, 3, averaging=0.5)
    losses = []
    run.add_callback(_AfterEachEpoch(lambda: losses.append(run.evaluate()["eval_loss"])))
    run.train()
    expected = nn.functional.softplus(torch.tensor(-averages(steps(3), 0.5))).item()
    assert losses[-1] == pytest.approx(expected, rel=1e-5)
    assert run.model.slope.item() == pytest.approx(steps(3)[-1], rel=1e-5)


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path):
    trainer(tmp_path / "whole", 4, averaging=0.9).train()
    trainer(tmp_path / "broken", 2, averaging=0.9).train()
    trainer(tmp_path / "broken", 4, averaging=0.9).train(str(tmp_path / "broken/checkpoint-2"))
    for file in ("model.safetensors", LIVE):
        whole, broken = (load_file(tmp_path / name / "checkpoint-4" / file)["slope"] for name in ("whole", "broken"))
        assert broken.item() == pytest.approx(whole.item(), rel=1e-6)


def test_without_averaging_a_checkpoint_is_as_transformers_writes_it(tmp_path):
    trainer(tmp_path, 2).train()
    assert load_file(tmp_path / "checkpoint-2/model.safetensors")["slope"].item() == pytest.approx(steps(2)[-1])
    assert not (tmp_path / "checkpoint-2" / LIVE).exists()


def test_outside_of_a_training_nothing_is_exchanged():
    model = Line(LineConfig())
    with AveragedWeights(0.9).in_place(model):
        assert model.slope.item() == 0


def test_a_sharpness_aware_step_takes_the_gradient_from_uphill(tmp_path):
    run = trainer(tmp_path, 1, sharpness=0.25)
    run.train()
    # The gradient at 0 is -1/2, so uphill is -0.25; the step is taken from 0 with the gradient found there.
    assert run.model.slope.item() == pytest.approx(torch.sigmoid(torch.tensor(0.25)).item(), rel=1e-5)


class _AfterEachEpoch(TrainerCallback):
    def __init__(self, task):
        self.task = task

    def on_epoch_end(self, args, state, control, **kwargs):
        self.task()
