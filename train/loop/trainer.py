"""transformers' Trainer with the few things our recipes need besides: frozen modules, three more schedules, averaged
weights, sharpness-aware steps, a line per epoch."""

import copy
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from transformers import EvalPrediction, Trainer, TrainerCallback

from train.config.recipe import Stage, require
from train.loop.augmentation import Collator
from train.loop.averaged_weights import AveragedWeights
from train.loop.sharpness import uphill


class EpochLine(TrainerCallback):
    """One line per epoch: loss, validation accuracy, training pictures per second."""

    def __init__(self, stage: str, pictures: int):
        self.stage = stage
        self.pictures = pictures
        self.loss = float("nan")

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.start = time.perf_counter()

    def on_epoch_end(self, args, state, control, **kwargs):
        self.seconds = time.perf_counter() - self.start

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.loss = (logs or {}).get("loss", self.loss)

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        if state.is_world_process_zero and hasattr(self, "seconds"):
            print(
                f"{self.stage}: epoch {state.epoch:.0f}/{args.num_train_epochs:.0f}, loss {self.loss:.4f}, "
                f"validation accuracy {100 * metrics['eval_accuracy']:.2f} %, "
                f"{self.pictures / self.seconds:.0f} pictures/s",
                flush=True,
            )


def accuracy(prediction: EvalPrediction) -> dict[str, float]:
    """Share of pictures whose highest logit is the label's."""
    return {"accuracy": float(np.mean(prediction.predictions.argmax(axis=1) == prediction.label_ids))}


def check_frozen(model: torch.nn.Module, stages: list[Stage]) -> None:
    """Every frozen module of every stage must be there, before the first stage takes its hours.

    Raises:
        ConfigError: one is not; the message names the nearest that is.
    """
    known = [name for name, _ in model.named_modules() if name]
    for stage in stages:
        require(f"stage {stage.name!r}: frozen", "module", stage.frozen, known)


class LossPlateau(torch.optim.lr_scheduler.ReduceLROnPlateau):
    """Lowers the rate when the validation loss stops falling, although the Trainer reports the accuracy to it."""

    def __init__(self, trainer: Trainer, optimizer: torch.optim.Optimizer, options: dict):
        self.trainer = trainer
        super().__init__(optimizer, **options)

    def step(self, metrics: float, epoch: int | None = None) -> None:
        super().step(self.trainer.validation_loss, epoch)

    def state_dict(self) -> dict:
        return {key: value for key, value in super().state_dict().items() if key != "trainer"}


class StageTrainer(Trainer):
    """
    Args:
        frozen: dotted names of modules whose weights and batch statistics stay as they are.
        schedule, schedule_options: of `train.config.recipe.Stage`, where it is one of `OWN_SCHEDULES`; transformers
            follows its own from the training arguments.
        evaluation_collator: makes the batches of the evaluation; the `data_collator` those of the training.
        averaging: decay of the moving average of the weights, which is then what is validated and saved.
        sharpness: radius of sharpness-aware minimisation, which takes two passes a step.
        own_share: share in the targets of what the model, as it is now, answers for the same view.
    """

    def __init__(
        self,
        *args,
        frozen: list[str],
        evaluation_collator: Collator,
        schedule: str = "",
        schedule_options: dict | None = None,
        averaging: float | None = None,
        sharpness: float | None = None,
        own_share: float | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.own_share = own_share
        self.earlier_self = copy.deepcopy(self.model).eval().requires_grad_(False) if own_share else None
        self.sharpness = sharpness
        self.averaged = AveragedWeights(averaging) if averaging else None
        if self.averaged:
            self.add_callback(self.averaged)
        self.frozen = [self.model.get_submodule(name) for name in frozen]
        self.schedule, self.schedule_options = schedule, schedule_options or {}
        self.evaluation_collator = evaluation_collator
        self.model.requires_grad_(True)
        for module in self.frozen:
            module.requires_grad_(False)

    def compute_loss(self, model, inputs, *args, **kwargs):
        if model.training:
            for module in self.frozen:  # Trainer has just put the whole model in training mode
                module.eval()
            if self.own_share:
                with torch.no_grad():
                    answers = self.earlier_self(inputs["pixel_values"]).logits.float().softmax(dim=1)
                inputs = inputs | {"labels": torch.lerp(inputs["labels"], answers, self.own_share)}
        return super().compute_loss(model, inputs, *args, **kwargs)

    def get_eval_dataloader(self, eval_dataset=None):
        training_collator, self.data_collator = self.data_collator, self.evaluation_collator
        try:
            return super().get_eval_dataloader(eval_dataset)
        finally:
            self.data_collator = training_collator

    def train(self, resume_from_checkpoint: str | None = None, **kwargs):
        if self.averaged and resume_from_checkpoint:
            self.averaged.resumed = Path(resume_from_checkpoint)
        return super().train(resume_from_checkpoint=resume_from_checkpoint, **kwargs)

    def training_step(self, model, inputs, *args, **kwargs) -> torch.Tensor:
        loss = super().training_step(model, inputs, *args, **kwargs)
        if self.sharpness:
            with uphill(model, self.sharpness):
                super().training_step(model, inputs, *args, **kwargs)
        return loss

    def _averaged_weights(self):
        return self.averaged.in_place(self.model) if self.averaged else nullcontext()

    def evaluate(self, *args, **kwargs) -> dict[str, float]:
        with self._averaged_weights():
            metrics = super().evaluate(*args, **kwargs)
        self.validation_loss = metrics.get("eval_loss")
        return metrics

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        with self._averaged_weights():
            super().save_model(output_dir, _internal_call)
        if self.averaged and self.args.should_save:
            self.averaged.save_live(self.model, output_dir or self.args.output_dir)

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None):
        steps_per_epoch = max(num_training_steps / self.args.num_train_epochs, 1)
        options = self.schedule_options
        factors = {
            "inverse_time": lambda step: 1 / (1 + step / steps_per_epoch),
            "step": lambda step: options["factor"] ** (int(step / steps_per_epoch) // options["every"]),
        }
        if self.lr_scheduler is None and self.schedule in factors:
            factor = factors[self.schedule]
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        elif self.lr_scheduler is None and self.schedule == "loss_plateau":
            self.lr_scheduler = LossPlateau(self, optimizer or self.optimizer, options)
        return super().create_scheduler(num_training_steps, optimizer)
