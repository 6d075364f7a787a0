"""Train what one hub config describes, write its checkpoint folder, and push that as a Hub repo with code and results.

python train/train_hub.py --config hub_configs/pattlite-ferplus.yaml --data fer2013plus.parquet
python train/train_hub.py --config hub_configs/pattlite-ferplus.yaml --data fer2013plus.parquet --push --org NAME
python train/train_hub.py --push-only checkpoints/pattlite-ferplus --org NAME
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_models.paths import ROOT

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import EarlyStoppingCallback, TrainingArguments, set_seed

import fer_models
from train import evaluate
from train.config.initial_weights import build_model
from train.config.recipe import OWN_SCHEDULES, ConfigError, HubConfig, Recipe, Stage, load_config
from train.data.face_dataset import DataError, FaceDataset
from train.data.splits import load_splits
from train.hub import push
from train.hub.assemble import assemble
from train.hub.folder import HubFolderError, verify_hub_folder, write_card, write_network
from train.loop.augmentation import Collator
from train.loop.bf16_on_cpu import quicken
from train.loop.cpu import keep_freed_memory
from train.loop.run_folder import last_checkpoint, open_run, stage_folder
from train.loop.teachers import check_teachers, taught
from train.loop.trainer import EpochLine, StageTrainer, accuracy, check_frozen
from train.measure.scoring import CheckpointError

DEFAULT_CONFIG = ROOT / "hub_configs" / "pattlite-ferplus.yaml"


def add_training_arguments(parser: argparse.ArgumentParser, always: bool = True) -> None:
    """The arguments of a command that trains, `always` or only with some of its options."""
    parser.add_argument("--data", required=always, help="file or folder of the data set")
    parser.add_argument(
        "--backbone", type=Path, help="safetensors to start from, instead of a download or random weights"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "runs", help="where unfinished training is kept")
    parser.add_argument("--resume", action="store_true", help="go on where a stopped run was")
    parser.add_argument("--bf16", action="store_true", help="mixed precision")
    parser.add_argument("--workers", type=int, default=0, help="processes that load pictures")


def is_main_process() -> bool:
    """Whether this is the one process, of those that `torchrun` or `accelerate` started, that writes and reports."""
    return os.environ.get("RANK", "0") == "0"


def stage_trainer(
    model: torch.nn.Module,
    processor: fer_models.FERImageProcessor,
    stage: Stage,
    recipe: Recipe,
    splits: dict[str, FaceDataset],
    folder: Path,
    options: argparse.Namespace,
) -> StageTrainer:
    """The Trainer of one stage; it leaves the model with the weights of the best validation accuracy."""
    size = stage.image_size or model.config.image_size
    own = stage.schedule in OWN_SCHEDULES
    soft_labels = recipe.soft_labels or bool(stage.teachers or stage.own_share)
    # transformers lets the plateau schedule wait for the metric to fall; ours is an accuracy
    plateau = {"mode": "max"} if stage.schedule == "reduce_lr_on_plateau" else {}
    arguments = TrainingArguments(
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
        bf16=options.bf16,
        dataloader_num_workers=options.workers,
        # batch norm cannot learn from a last batch of one picture
        dataloader_drop_last=len(splits["train"]) % stage.batch_size == 1,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
    )
    return StageTrainer(
        model=model,
        args=arguments,
        train_dataset=splits["train"],
        eval_dataset=splits["validation"],
        data_collator=Collator(processor, size, stage.augmentation or recipe.augmentation, soft_labels),
        evaluation_collator=Collator(processor, size),
        compute_metrics=accuracy,
        callbacks=[
            EpochLine(stage.name, len(splits["train"])),
            *([EarlyStoppingCallback(stage.patience)] if stage.patience else []),
        ],
        frozen=stage.frozen,
        schedule=stage.schedule,
        schedule_options=stage.schedule_options,
        averaging=stage.averaging,
        sharpness=stage.sharpness,
        own_share=stage.own_share,
    )


def train(
    config: HubConfig, splits: dict[str, FaceDataset], options: argparse.Namespace
) -> tuple[torch.nn.Module, fer_models.FERImageProcessor]:
    """All stages of the recipe. With `--resume` finished stages are loaded and a started one goes on."""
    run = options.work / config.name
    if is_main_process():
        open_run(run, config, options.resume)
    set_seed(config.recipe.seed)
    model = build_model(config, options.backbone)
    check_frozen(model, config.recipe.stages)
    check_teachers(config.recipe.stages)
    size = model.config.image_size
    processor = fer_models.FERImageProcessor(size={"height": size, "width": size}, **config.processor)
    if not torch.cuda.is_available():
        model = model.to(memory_format=torch.channels_last)
        if options.bf16:
            quicken(model)
    answers: dict[str, np.ndarray] = {}  # of teachers, which later stages ask again
    for number, stage in enumerate(config.recipe.stages, start=1):
        folder = stage_folder(run, number)
        done = folder / "done"
        if options.resume and (done / "model.safetensors").is_file():
            if is_main_process():
                print(f"stage {number}, {stage.name}: already done")
            model.load_state_dict(load_file(done / "model.safetensors"))
            continue
        if is_main_process():
            print(f"stage {number}, {stage.name}: {len(splits['train'])} pictures, {stage.epochs} epochs")
        pictures = splits | {"train": taught(splits["train"], stage, answers)} if stage.teachers else splits
        trainer = stage_trainer(model, processor, stage, config.recipe, pictures, folder, options)
        trainer.train(resume_from_checkpoint=last_checkpoint(folder) if options.resume else None)
        if is_main_process():
            model.save_pretrained(done)
    return model, processor


def validate(folder: Path, options: argparse.Namespace) -> dict:
    """Score the finished folder as a stranger would load it, one by one and in batches; returns the result file."""
    file = evaluate.main(
        [
            *(str(folder), "--config", str(options.config), "--data", str(options.data)),
            *("--batch-sizes", "1,64", "--out", str(options.results)),
        ]
    )
    return json.loads(file.read_text())


def train_folder(config: HubConfig, options: argparse.Namespace) -> None:
    """Train, evaluate and write the folder of the Hub repo."""
    if not options.data:
        raise DataError(
            f"--data is missing: {config.name} trains on {config.data.layout}, and train/data/readers.py says which "
            "file or folder that is"
        )
    model, processor = train(config, load_splits(config.data, options.data), options)
    if is_main_process():
        folder = options.out / config.name
        write_network(folder, model, processor, config.half_precision)
        result = validate(folder, options)
        write_card(folder, model, processor, config, options.results)
        print(f"{folder}: {100 * result['metrics']['accuracy']['value']:.2f} % on validation")


@contextmanager
def hub_repo_folder(folder: Path, config: HubConfig | None, options: argparse.Namespace) -> Iterator[Path]:
    """The folder of a checkpoint's Hub repo, put together for as long as it is sent.

    Raises:
        PushError: the checkpoint folder is not complete.
    """
    push.files_to_send(folder)
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / folder.resolve().name
        assemble(folder, whole, config, options.results)
        yield whole


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", help=f"default: {DEFAULT_CONFIG.stem}")
    parser.add_argument("--out", type=Path, default=ROOT / "checkpoints")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="where the validation result goes")
    parser.add_argument("--seed", type=int, help="instead of the config's")
    parser.add_argument(
        "--image-size",
        type=int,
        help="side of the input in pixels, of all stages: what a recipe for a GPU needs on a CPU",
    )
    add_training_arguments(parser, always=False)
    push.add_push_arguments(parser)
    options = parser.parse_args(arguments)
    keep_freed_memory()
    try:
        push.check_push_arguments(options)
        folder = options.push_only
        if folder is None:
            if options.config is None:
                options.config = str(DEFAULT_CONFIG)
                print(f"no --config: the default recipe, {DEFAULT_CONFIG.stem}")
            config = load_config(options.config)
            if options.seed is not None:
                config.recipe.seed = options.seed
            if options.image_size is not None:
                config.take_image_size(options.image_size)
            if options.backbone:
                config.take_backbone(options.backbone)
            folder = options.out / config.name
        elif options.config or (ROOT / "hub_configs" / f"{folder.resolve().name}.yaml").is_file():
            config = load_config(options.config or ROOT / "hub_configs" / f"{folder.resolve().name}.yaml")
        else:
            config = None  # trained elsewhere
        if options.dry_run:
            with hub_repo_folder(folder, config, options) as whole:
                print(push.listing(push.files_to_send(whole), f"{options.org or 'your account'}/{whole.name}"))
            return
        sends = (options.push or options.push_only is not None) and is_main_process()
        org = push.account(options.org, options.create_pr) if sends else ""  # asked before the hours of training
        if options.push_only is None:
            train_folder(config, options)
        if sends:
            print(f"pushing {folder} to {org}; if that stops, --push-only {folder} does it again without training")
            with hub_repo_folder(folder, config, options) as whole:
                verify_hub_folder(whole)
                push.push_folder(whole, org, options)
    except (CheckpointError, ConfigError, DataError, HubFolderError, push.PushError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
