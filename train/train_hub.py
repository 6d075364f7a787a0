"""Train what one hub config describes and write the folder of its Hub repo.

python train/train_hub.py --config hub_configs/pattlite-ferplus-imagenet.yaml --data fer2013plus.parquet
python train/train_hub.py --config hub_configs/pattlite-ferplus-imagenet.yaml --data fer2013plus.parquet \
        --push --org NAME
python train/train_hub.py --push-only checkpoints/pattlite-ferplus --org NAME
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from fer_models.files import write_faults_told
from fer_models.paths import CHECKPOINTS, HUB_CONFIGS, RESULTS
from fer_models.results import Pictures, ResultError, percent
from train.config.recipe import ConfigError, HubConfig, load_config
from train.curves import training_curves, write_training
from train.data.face_dataset import DataError
from train.data.splits import load_splits, require_readable
from train.evaluate import EvaluationSettings, evaluate, write_evaluation
from train.hub import push
from train.hub.assemble import assemble
from train.hub.folder import HubFolderError, verify_hub_folder, write_card, write_network
from train.loop.cpu import keep_freed_memory
from train.loop.run_folder import RunSettings
from train.loop.training import add_training_arguments, is_main_process, run_settings, train
from train.measure.scoring import CheckpointError, load_checkpoint

DEFAULT_CONFIG = HUB_CONFIGS / "pattlite-ferplus-imagenet.yaml"


def train_folder(config: HubConfig, data: Path, folder: Path, results: Path, run: RunSettings) -> None:
    """Train, write the folder of the Hub repo, and score it as a stranger would load it, one by one and in batches.

    Args:
        data: file or folder of the data set. folder: of the checkpoint. results: where the validation result goes.
    """
    splits = load_splits(config.data, data)
    if is_main_process():
        require_readable({role: splits[role] for role in ("train", "validation")})
    model, processor = train(config, splits, run)
    if not is_main_process():
        return
    write_network(folder, model, processor, config.half_precision)
    split = config.data.split_name("validation")
    pictures = Pictures(name=config.data.name, layout=config.data.layout, file=data.name, split=split, limit=None)
    scored = evaluate(
        load_checkpoint(str(folder)), splits["validation"], pictures, EvaluationSettings(batch_sizes=(1, 64))
    )
    write_evaluation(scored, results)
    scored.require_independence()
    write_card(folder, model, processor, config, results)
    write_training(training_curves(run.work / config.name), results)
    print(f"{folder}: {percent(scored.result.metrics.accuracy.value, 2)} on validation")


@contextmanager
def hub_repo_folder(folder: Path, config: HubConfig | None, results: Path) -> Generator[Path]:
    """The folder of a checkpoint's Hub repo, put together for as long as it is sent.

    Raises:
        PushError: the checkpoint folder is not complete.
    """
    push.files_to_send(folder)
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / folder.resolve().name
        assemble(folder, whole, config, results)
        yield whole


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", help=f"default: {DEFAULT_CONFIG.stem}")
    parser.add_argument("--out", type=Path, default=CHECKPOINTS)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the validation result goes")
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
        elif options.config or (HUB_CONFIGS / f"{folder.resolve().name}.yaml").is_file():
            config = load_config(options.config or HUB_CONFIGS / f"{folder.resolve().name}.yaml")
        else:
            config = None  # trained elsewhere
        if options.dry_run:
            with hub_repo_folder(folder, config, options.results) as whole:
                print(push.listing(push.files_to_send(whole), f"{options.org or 'your account'}/{whole.name}"))
            return
        sends = (options.push or options.push_only is not None) and is_main_process()
        org = push.account(options.org, options.create_pr) if sends else ""  # asked before the hours of training
        if options.push_only is None and config is not None:
            if not options.data:
                raise DataError(
                    f"--data is missing: {config.name} trains on {config.data.layout}, and train/data/readers.py says "
                    "which file or folder that is"
                )
            train_folder(config, Path(options.data), folder, options.results, run_settings(options))
        if sends:
            print(f"pushing {folder} to {org}; if that stops, --push-only {folder} does it again without training")
            with hub_repo_folder(folder, config, options.results) as whole:
                verify_hub_folder(whole)
                push.push_folder(
                    whole,
                    org,
                    private=options.private,
                    revision=options.revision,
                    create_pr=options.create_pr,
                    pinned=options.pin,
                )
    except (CheckpointError, ConfigError, DataError, HubFolderError, ResultError, push.PushError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
