"""Train what one hub config describes and write the folder of its Hub repo.

    python train/train_hub.py --config hub_configs/pattlite-ferplus.yaml --data fer2013plus.parquet
"""

import argparse
import ctypes
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs as a script, without the package being installed

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import timm  # noqa: E402
import torch  # noqa: E402
from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import (  # noqa: E402
    AutoConfig,
    AutoModelForImageClassification,
    EarlyStoppingCallback,
    TrainingArguments,
    set_seed,
)

import fer_models  # noqa: E402
from fer_models.expressions import LABEL_ORDERS, label_maps  # noqa: E402
from train.augmentation import Augmentation, Collator  # noqa: E402
from train.data import DataError, FaceDataset, load_split  # noqa: E402
from train.recipe import ConfigError, HubConfig, Stage, load_config  # noqa: E402
from train.trainer import EpochLine, StageTrainer, accuracy  # noqa: E402


def keep_freed_memory() -> None:
    """Let glibc reuse the memory of activations instead of returning it to the kernel after every step; page faults
    otherwise cost more than half of a training step on a CPU."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def pretrained_backbone(name: str, file: Path | None) -> tuple[dict[str, torch.Tensor], dict]:
    """ImageNet weights under timm's names, and the config values they need (`pad_type`, `batch_norm_eps`).

    Args:
        name: timm's name of the weights, downloaded from the Hub when no `file` is given.
        file: safetensors with those names; its metadata may hold `pad_type` and `bn_eps`.
    """
    if file is None:
        network = timm.create_model(name, pretrained=True)
        return network.state_dict(), {"pad_type": "", "batch_norm_eps": network.bn1.eps}
    if not file.is_file():
        raise DataError(f"no backbone weights at {file}; leave --backbone out to download {name}")
    with safe_open(file, "pt") as weights:
        metadata = weights.metadata() or {}
    overrides = {"pad_type": metadata.get("pad_type", ""), "batch_norm_eps": float(metadata.get("bn_eps", 1e-5))}
    return load_file(file), overrides


def build_model(config: HubConfig, backbone_file: Path | None) -> torch.nn.Module:
    """The config's model, with the pre-trained backbone where the config names one."""
    id2label, label2id = label_maps(LABEL_ORDERS[config.data.labels])
    weights, overrides = pretrained_backbone(config.backbone, backbone_file) if config.backbone else ({}, {})
    model_config = AutoConfig.for_model(
        config.architecture, id2label=id2label, label2id=label2id, **(config.model | overrides)
    )
    model = AutoModelForImageClassification.from_config(model_config)
    if weights:
        own = model.backbone.state_dict()
        missing = [key for key in own if key not in weights and not key.endswith("num_batches_tracked")]
        if missing:
            print(f"not in the pre-trained weights, so newly initialised: {', '.join(missing)}")
        model.backbone.load_state_dict({k: v for k, v in weights.items() if k in own}, strict=False)
    return model


def train_stage(
    model: torch.nn.Module,
    processor: fer_models.FERImageProcessor,
    stage: Stage,
    splits: tuple[FaceDataset, FaceDataset],
    augmentation: Augmentation,
    folder: Path,
    options: argparse.Namespace,
    seed: int,
    soft_labels: bool,
) -> None:
    """Run one stage in place; the model ends with the weights of the best validation accuracy."""
    size = stage.image_size or model.config.image_size
    inverse_time = stage.schedule == "inverse_time"
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=stage.batch_size,
        per_device_eval_batch_size=64,
        num_train_epochs=stage.epochs,
        optim=stage.optimizer,
        learning_rate=stage.learning_rate,
        weight_decay=stage.weight_decay,
        max_grad_norm=stage.max_grad_norm,
        lr_scheduler_type="constant" if inverse_time else stage.schedule,
        lr_scheduler_kwargs=stage.schedule_options,
        warmup_steps=stage.warmup,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="accuracy",
        greater_is_better=True,
        seed=seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=options.bf16,
        dataloader_num_workers=options.workers,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
    )
    train, validation = splits
    trainer = StageTrainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=validation,
        data_collator=Collator(processor, size, augmentation, soft_labels),
        evaluation_collator=Collator(processor, size),
        compute_metrics=accuracy,
        callbacks=[EpochLine(stage.name, len(train))]
        + ([EarlyStoppingCallback(stage.patience)] if stage.patience else []),
        frozen=stage.frozen,
        inverse_time=inverse_time,
    )
    started = sorted(folder.glob("checkpoint-*/trainer_state.json"))
    trainer.train(resume_from_checkpoint=bool(started) and options.resume)


def train(config: HubConfig, options: argparse.Namespace) -> tuple[torch.nn.Module, fer_models.FERImageProcessor]:
    """All stages of the recipe. With `--resume` finished stages are loaded and a started one goes on."""
    splits = tuple(
        load_split(config.data.layout, options.data, split) for split in (config.data.train, config.data.validation)
    )
    set_seed(config.recipe.seed)
    model = build_model(config, options.backbone)
    size = model.config.image_size
    processor = fer_models.FERImageProcessor(size={"height": size, "width": size}, **config.processor)
    if torch.cuda.is_available() is False:
        model = model.to(memory_format=torch.channels_last)
    for number, stage in enumerate(config.recipe.stages, start=1):
        folder = options.work / config.name / f"stage-{number}"
        done = folder / "done"
        if options.resume and (done / "model.safetensors").is_file():
            print(f"stage {number}, {stage.name}: already done")
            model.load_state_dict(load_file(done / "model.safetensors"))
            continue
        print(f"stage {number}, {stage.name}: {len(splits[0])} pictures, {stage.epochs} epochs")
        train_stage(
            model, processor, stage, splits, config.recipe.augmentation, folder, options, config.recipe.seed,
            config.recipe.soft_labels,
        )
        model.save_pretrained(done)
    return model, processor


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default=str(ROOT / "hub_configs/pattlite-ferplus.yaml"))
    parser.add_argument("--data", required=True, help="file or folder of the data set")
    parser.add_argument("--backbone", type=Path, help="local safetensors instead of timm's download")
    parser.add_argument("--out", type=Path, default=ROOT / "checkpoints")
    parser.add_argument("--work", type=Path, default=ROOT / "runs", help="where unfinished training is kept")
    parser.add_argument("--resume", action="store_true", help="go on where a stopped run was")
    parser.add_argument("--seed", type=int, help="instead of the config's")
    parser.add_argument("--bf16", action="store_true", help="mixed precision")
    parser.add_argument("--workers", type=int, default=0, help="processes that load pictures")
    options = parser.parse_args(arguments)
    keep_freed_memory()
    try:
        config = load_config(options.config)
        if options.seed is not None:
            config.recipe.seed = options.seed
        model, processor = train(config, options)
    except (ConfigError, DataError) as error:
        sys.exit(f"error: {error}")
    folder = options.out / config.name
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    print(json.dumps({"folder": str(folder)}))


if __name__ == "__main__":
    main()
