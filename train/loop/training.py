"""A recipe from its first stage to its last: config and pictures -> the trained model."""

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import set_seed

from fer_models import FERImageProcessor
from fer_models.paths import RUNS
from train.config.initial_weights import build_model
from train.config.recipe import HubConfig
from train.data.face_dataset import FaceDataset
from train.loop.bf16_on_cpu import quicken
from train.loop.run_folder import RunSettings, last_checkpoint, open_run, stage_folder
from train.loop.teachers import check_teachers, taught
from train.loop.trainer import check_frozen, stage_trainer


def add_training_arguments(parser: argparse.ArgumentParser, always: bool = True) -> None:
    """The arguments of a command that trains, `always` or only with some of its options."""
    parser.add_argument("--data", required=always, help="file or folder of the data set")
    parser.add_argument(
        "--backbone", type=Path, help="safetensors to start from, instead of a download or random weights"
    )
    parser.add_argument("--work", type=Path, default=RUNS, help="where unfinished training is kept")
    parser.add_argument("--resume", action="store_true", help="go on where a stopped run was")
    parser.add_argument("--bf16", action="store_true", help="mixed precision")
    parser.add_argument("--workers", type=int, default=0, help="processes that load pictures")
    parser.add_argument(
        "--teachers",
        type=Path,
        metavar="FOLDER",
        help="checkpoints that may teach or be started from, beside those of checkpoints/",
    )


def run_settings(options: argparse.Namespace) -> RunSettings:
    """What the arguments of `add_training_arguments` say."""
    return RunSettings(options.work, options.backbone, options.resume, options.bf16, options.workers, options.teachers)


def is_main_process() -> bool:
    """Whether this is the one process, of those that `torchrun` or `accelerate` started, that writes and reports."""
    return os.environ.get("RANK", "0") == "0"


def train(
    config: HubConfig, splits: dict[str, FaceDataset], run: RunSettings
) -> tuple[torch.nn.Module, FERImageProcessor]:
    """All stages of the recipe. Of a run that is resumed finished stages are loaded and a started one goes on.

    Raises:
        ConfigError: a stage freezes what the model does not have.
        DataError: weights to start from, a teacher or a picture are not there, or the folder holds another run.
    """
    folder = run.work / config.name
    set_seed(config.recipe.seed)
    model = build_model(config, run.backbone, run.trained_folders)
    check_frozen(model, config.recipe.stages)
    check_teachers(config.recipe.stages, run.trained_folders)
    if is_main_process():  # what could not begin leaves no run in the way of the next try
        open_run(folder, config, run.resume)
    size = model.config.image_size
    processor = FERImageProcessor(size={"height": size, "width": size}, **config.processor)
    if not torch.cuda.is_available():
        model = model.to(memory_format=torch.channels_last)
        if run.bf16:
            quicken(model)
    answers: dict[str, np.ndarray] = {}  # of teachers, which later stages ask again
    for number, stage in enumerate(config.recipe.stages, start=1):
        stages = stage_folder(folder, number)
        done = stages / "done"
        if run.resume and (done / "model.safetensors").is_file():
            if is_main_process():
                print(f"stage {number}, {stage.name}: already done")
            model.load_state_dict(load_file(done / "model.safetensors"))
            continue
        if is_main_process():
            print(f"stage {number}, {stage.name}: {len(splits['train'])} pictures, {stage.epochs} epochs")
        pictures = splits
        if stage.teachers and stage.teachers_see == "picture":
            pictures = splits | {"train": taught(splits["train"], stage, answers, run.trained_folders)}
        trainer = stage_trainer(stage, config.recipe, model, processor, pictures, stages, run)
        trainer.train(resume_from_checkpoint=last_checkpoint(stages) if run.resume else None)
        if is_main_process():
            model.save_pretrained(done)
    return model, processor


__all__ = ["add_training_arguments", "is_main_process", "run_settings", "train"]
