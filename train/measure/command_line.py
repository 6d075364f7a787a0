"""What the measuring commands share: arguments, the data set, result files and one-sentence errors."""

import argparse
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

import numpy as np
import yaml

from fer_models.files import write_faults_told
from fer_models.paths import RESULTS
from fer_models.results import Pictures, ResultError, Weights, file_name
from train.config.recipe import ConfigError, Data, load_config
from train.data.readers import READERS, DataError, FaceDataset, load_split
from train.data.splits import load_splits
from train.loop.cpu import keep_freed_memory
from train.measure.scoring import Checkpoint, CheckpointError, describe, labels_for, load_checkpoint, scoring_order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which pictures are measured, in which order, and where the results go."""
    parser.add_argument("--data", required=True, type=Path, help="file or folder of the data set")
    parser.add_argument("--layout", help=f"how its files lie: {', '.join(READERS)}")
    parser.add_argument("--layout-options", default="{}", help="of a generic layout, as YAML: '{label: class}'")
    parser.add_argument("--config", help="a hub config that says layout, options and splits instead")
    parser.add_argument("--split", help="the owner's name of it; with --config train, validation (default) or test")
    parser.add_argument(
        "--data-name", help="what result files call the data set; by default what the config calls it, or its layout"
    )
    parser.add_argument("--limit", type=int, help="a random sample of so many pictures")
    parser.add_argument("--shuffle-seed", type=int, default=0, help="of the order, the sample and the resampling")
    parser.add_argument("--out", type=Path, default=RESULTS)


def _split_of_config(options: argparse.Namespace) -> tuple[FaceDataset, Data, str]:
    data = load_config(options.config).data
    splits = load_splits(data, options.data)
    role = options.split or "validation"
    if role not in splits:
        raise DataError(f"{options.config} has the splits {', '.join(splits)}, not {role!r}")
    return splits[role], data, data.split_name(role)


def open_data(options: argparse.Namespace) -> tuple[FaceDataset, Pictures]:
    """The split that the arguments name, and what a result file says of it.

    Raises:
        ConfigError, DataError: it is not there, or the arguments do not say what it is.
    """
    if options.config:
        data, own, split = _split_of_config(options)
        name, layout = own.name, own.layout
    elif options.layout and options.split:
        name, layout, split = options.layout, options.layout, options.split
        data = load_split(layout, options.data, split, options=yaml.safe_load(options.layout_options))
    else:
        raise DataError("which pictures? Pass --layout and --split, or --config")
    pictures = Pictures(
        name=options.data_name or name, layout=layout, file=options.data.name, split=split, limit=options.limit
    )
    return data, pictures


class Sample(TypedDict):
    """The fields of a `fer_models.results.Sampled` that are known before anything is scored."""

    checkpoint: Weights
    data: Pictures
    seed: int
    n_samples: int
    left_out: dict[str, int]


def open_training_data(options: argparse.Namespace) -> FaceDataset:
    """The training pictures of the config that the arguments name.

    Raises:
        ConfigError, DataError: as `open_data`.
    """
    return load_splits(load_config(options.config).data, options.data)["train"]


def measured_checkpoints(
    options: argparse.Namespace,
) -> Iterator[tuple[Checkpoint, FaceDataset, np.ndarray, Sample]]:
    """Of each of `options.checkpoints`: the model; the pictures that the arguments name, with its class ids; the rows
    to score, `(S,)`; and the beginning of its result.

    Raises:
        CheckpointError, ConfigError, DataError: a checkpoint or the pictures are not there or do not fit.
    """
    everything, pictures = open_data(options)
    for source in options.checkpoints:
        checkpoint = load_checkpoint(source)
        data, left_out, _ = labels_for(everything, checkpoint)
        rows = scoring_order(data.labels, options.shuffle_seed, limit=options.limit)
        yield (
            checkpoint,
            data,
            rows,
            Sample(
                checkpoint=describe(checkpoint),
                data=pictures,
                seed=options.shuffle_seed,
                n_samples=len(rows),
                left_out=left_out,
            ),
        )


def result_file(folder: Path, subject: str, pictures: Pictures, suffix: str = "") -> Path:
    """`SUBJECT-on-DATA-SPLIT.json` in the folder, which is made where it is new; a subset or sample has a name of its
    own, never the full result's."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{file_name(subject)}-on-{pictures.file_words}{suffix}.json"


def command(main: Callable) -> Callable:
    """A `main(arguments)` that returns the file it wrote; expected errors end it with one sentence and exit code 1."""

    @functools.wraps(main)
    def run(arguments: list[str] | None = None) -> Path:
        keep_freed_memory()
        try:
            with write_faults_told():
                return main(arguments)
        except (CheckpointError, ConfigError, DataError, ResultError) as error:
            sys.exit(f"error: {error}")

    return run
