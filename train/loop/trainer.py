"""transformers' Trainer with the few things our recipes need besides: frozen modules, three more schedules, averaged
weights, sharpness-aware steps, a line per epoch."""

import copy
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import EarlyStoppingCallback, EvalPrediction, Trainer, TrainerCallback, TrainingArguments

from fer_models import FERImageProcessor
from train.config.recipe import OWN_SCHEDULES, ConfigError, Recipe, Stage, require
from train.data.face_dataset import FaceDataset
from train.loop.augmentation import Collator
from train.loop.averaged_weights import AveragedWeights
from train.loop.features import FeatureMatching
from train.loop.run_folder import RunSettings
from train.loop.sharpness import uphill
from train.loop.teachers import ViewTeachers


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
        if metrics and state.is_world_process_zero and hasattr(self, "seconds"):
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
        stage: says what is frozen, the schedule, the averaging of the weights, the sharpness of the steps, the share of
            other answers in the targets, and the weight of a teacher's features; what transformers follows itself it
            reads from `trainer`.
        view_teachers: who answers for the views that the model is shown.
        evaluation_collator: makes the batches of the evaluation; the `data_collator` those of the training.
        trainer: the arguments of transformers' own.
    """

    def __init__(
        self, stage: Stage, evaluation_collator: Callable, view_teachers: ViewTeachers | None = None, **trainer: Any
    ):
        super().__init__(**trainer)
        self.stage = stage
        self.evaluation_collator = evaluation_collator
        self.view_teachers = view_teachers
        self.earlier_self = copy.deepcopy(self.model).eval().requires_grad_(False) if stage.own_share else None
        self.matching = None
        if stage.feature_weight and view_teachers:
            self.matching = FeatureMatching(self.model, view_teachers.teachers[0].model)
        self.averaged = AveragedWeights(stage.averaging) if stage.averaging else None
        if self.averaged:
            self.add_callback(self.averaged)
        self.frozen = [self.model.get_submodule(name) for name in stage.frozen]
        self.model.requires_grad_(True)
        for module in self.frozen:
            module.requires_grad_(False)

    def compute_loss(self, model, inputs, *args, **kwargs):
        if model.training:
            for module in self.frozen:  # Trainer has just put the whole model in training mode
                module.eval()
            if self.view_teachers is not None:
                answers = self.view_teachers.answers(inputs["pixel_values"])
                inputs = inputs | {"labels": torch.lerp(inputs["labels"], answers, self.stage.teacher_share)}
            if self.earlier_self is not None:
                with torch.no_grad():
                    answers = self.earlier_self(inputs["pixel_values"]).logits.float().softmax(dim=1)
                inputs = inputs | {"labels": torch.lerp(inputs["labels"], answers, self.stage.own_share)}
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        if self.matching and model.training:
            loss = loss + self.stage.feature_weight * self.matching.loss()
        return loss

    def get_eval_dataloader(self, eval_dataset=None):
        training_collator, self.data_collator = self.data_collator, self.evaluation_collator
        try:
            return super().get_eval_dataloader(eval_dataset)
        finally:
            self.data_collator = training_collator

    def train(self, resume_from_checkpoint: str | None = None, **kwargs):
        if self.averaged and resume_from_checkpoint:
            self.averaged.resumed = Path(resume_from_checkpoint)
        try:
            return super().train(resume_from_checkpoint=resume_from_checkpoint, **kwargs)
        finally:
            if self.matching:
                self.matching.remove()
                self.matching = None

    def training_step(self, model, inputs, *args, **kwargs) -> torch.Tensor:
        loss = super().training_step(model, inputs, *args, **kwargs)
        if self.stage.sharpness:
            with uphill(model, self.stage.sharpness):
                super().training_step(model, inputs, *args, **kwargs)
        return loss

    def _averaged_weights(self):
        return self.averaged.in_place(self.model) if self.averaged else nullcontext()

    @contextmanager
    def _in_float32(self) -> Generator[None]:
        """As the network will answer. Where the training is in mixed precision, accelerate has put a forward of its own
        in the network's place; in bfloat16 the accuracy can be further off than epochs are apart."""
        mixed = self.model.__dict__.pop("forward", None)
        try:
            yield
        finally:
            if mixed is not None:
                self.model.forward = mixed

    def evaluate(self, *args, **kwargs) -> dict[str, float]:
        with self._averaged_weights(), self._in_float32():
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
        schedule, options = self.stage.schedule, self.stage.schedule_options
        factors = {
            "inverse_time": lambda step: 1 / (1 + step / steps_per_epoch),
            "step": lambda step: options["factor"] ** (int(step / steps_per_epoch) // options["every"]),
        }
        if self.lr_scheduler is None and schedule in factors:
            factor = factors[schedule]
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        elif self.lr_scheduler is None and schedule == "loss_plateau":
            self.lr_scheduler = LossPlateau(self, optimizer or self.optimizer, options)
        return super().create_scheduler(num_training_steps, optimizer)


def training_arguments(
    stage: Stage, recipe: Recipe, pictures: int, folder: Path, run: RunSettings
) -> TrainingArguments:
    """What transformers' Trainer does by itself in a stage with so many training pictures."""
    own = stage.schedule in OWN_SCHEDULES
    # transformers lets the plateau schedule wait for the metric to fall; ours is an accuracy
    plateau = {"mode": "max"} if stage.schedule == "reduce_lr_on_plateau" else {}
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=stage.batch_size,
        per_device_eval_batch_size=64,
        num_train_epochs=stage.epochs,
        optim=stage.optimizer,
        optim_args=",".join(f"{key}={value}" for key, value in stage.optimizer_options.items()) or None,
        learning_rate=stage.learning_rate,
        weight_decay=stage.weight_decay,
        max_grad_norm=stage.max_grad_norm,
        lr_scheduler_type="constant" if own else stage.schedule,
        lr_scheduler_kwargs={} if own else plateau | stage.schedule_options,
        warmup_steps=stage.warmup,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="accuracy",
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,  # the patience of early stopping
        seed=recipe.seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=run.bf16,
        dataloader_num_workers=run.workers,
        # batch norm cannot learn from a last batch of one picture
        dataloader_drop_last=pictures % stage.batch_size == 1,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        # transformers looks for weights that a forward pass leaves out, and takes those of the map for such
        ddp_find_unused_parameters=False if stage.feature_weight else None,
    )


def stage_trainer(
    stage: Stage,
    recipe: Recipe,
    model: torch.nn.Module,
    processor: FERImageProcessor,
    splits: dict[str, FaceDataset],
    folder: Path,
    run: RunSettings,
) -> StageTrainer:
    """The Trainer of one stage; its `train` leaves the model with the weights of the best validation accuracy.

    Args:
        splits: the pictures `train` and `validation`.
        folder: where the stage keeps its checkpoints.

    Raises:
        ConfigError: it matches features, and one process has several GPUs.
        CheckpointError, DataError: of its teachers, as `ViewTeachers`.
    """
    size, pictures = stage.image_size or model.config.image_size, len(splits["train"])
    arguments = training_arguments(stage, recipe, pictures, folder, run)
    if stage.feature_weight and arguments.n_gpu > 1:
        raise ConfigError(f"stage {stage.name!r}: feature_weight needs a process for each GPU; start it with torchrun")
    votes = recipe.soft_labels or bool(stage.teachers or stage.own_share)
    view_teachers = None
    if stage.teachers and stage.teachers_see == "view":
        names = [model.config.id2label[number] for number in range(model.config.num_labels)]
        view_teachers = ViewTeachers(stage.teachers, run.trained_folders, names, processor, arguments.device)
    return StageTrainer(
        stage,
        evaluation_collator=Collator(processor, size),
        view_teachers=view_teachers,
        data_collator=Collator(processor, size, stage.augmentation or recipe.augmentation, votes),
        model=model,
        args=arguments,
        train_dataset=splits["train"],
        eval_dataset=splits["validation"],
        compute_metrics=accuracy,
        callbacks=[
            EpochLine(stage.name, pictures),
            *([EarlyStoppingCallback(stage.patience)] if stage.patience else []),
        ],
    )


__all__ = ["EpochLine", "LossPlateau", "StageTrainer", "accuracy", "check_frozen", "stage_trainer"]
