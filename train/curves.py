"""The validation accuracy of training runs, epoch by epoch: also of those that brought nothing.

python train/curves.py runs/pattlite-ferplus [--name pattlite-ferplus] [--out results]

`train_hub.py` writes it itself when it is done; this reads it from what a run left in `--work`, whether it was finished
or stopped. `training.png` beside it shows all that are in the folder.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from transformers import AutoConfig

import fer_models  # noqa: F401 - registers our architectures
from fer_models.files import write_faults_told
from fer_models.paths import RESULTS
from fer_models.results import ResultError, percent, read_folder, write
from fer_models.results.training import StageCurve, Training
from train.data.face_dataset import DataError
from train.loop.run_folder import NOTE, last_checkpoint, stage_folder
from train.measure.plots import plot_training
from train.measure.provenance import provenance

PICTURE = "training.png"
ITSELF = "itself"  # as a teacher


def training_curves(folder: Path, name: str | None = None) -> Training:
    """What the run in a folder of `--work` was like so far.

    Args:
        name: of the campaign; by default that of its config.

    Raises:
        DataError: there is no run, it cannot be read, or it has no whole epoch yet.
    """
    try:
        config = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        stages = [
            _stage(config, stage, Path(newest))
            for number, stage in enumerate(config["recipe"]["stages"], start=1)
            if (newest := last_checkpoint(stage_folder(folder, number)))
        ]
    except FileNotFoundError as error:
        raise DataError(f"no training run in {folder}: it has no {NOTE}; name a folder below --work") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"the run in {folder} cannot be read ({error}); train it again") from error
    if not stages:
        raise DataError(f"the run in {folder} has no whole epoch yet")
    return Training(name=name or config["name"], config=config, stages=tuple(stages), **provenance())


def _stage(config: dict[str, Any], stage: dict[str, Any], newest: Path) -> StageCurve:
    log = json.loads((newest / "trainer_state.json").read_text(encoding="utf-8"))["log_history"]
    return StageCurve(
        name=stage["name"],
        image_size=stage["image_size"] or config["model"].get("image_size") or _usual_size(config["architecture"]),
        teachers=(*stage["teachers"], *([ITSELF] if stage.get("own_share") else [])),
        loss=tuple(entry["loss"] for entry in log if "loss" in entry),
        accuracy=tuple(entry["eval_accuracy"] for entry in log if "eval_accuracy" in entry),
    )


def _usual_size(architecture: str) -> int:
    return AutoConfig.for_model(architecture).image_size


def write_training(found: Training, results: Path) -> Path:
    """Write the result, and the picture of all that are there. Returns the result's file."""
    path = results / f"{found.name}-training.json"
    write(path, found)
    every = [one for _, one in read_folder(results, left_out=lambda error: None) if isinstance(one, Training)]
    plot_training(every, results / PICTURE)
    return path


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs, as train_hub.py leaves them in --work")
    parser.add_argument("--name", help="of the campaign, for one run; by default that of its config")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    if options.name and len(options.runs) > 1:
        parser.error("--name is for one run")
    try:
        for folder in options.runs:
            found = training_curves(folder, options.name)
            for stage in found.stages:
                shown = ", ".join(percent(one, 2) for one in stage.accuracy)
                print(f"{found.name}, {stage.name}: {shown}; best: epoch {stage.best}")
            print(write_training(found, options.out))
    except (DataError, ResultError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
