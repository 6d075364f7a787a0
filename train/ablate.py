"""A grid of model changes, each trained alike with several seeds -> one table of mean and standard deviation.

python train/ablate.py --grid train/grids/pattlite-modules.yaml --data fer2013plus.parquet --resume
"""

import argparse
import copy
import json
import shutil
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from train.commands import command, write_json  # noqa: E402
from train.face_dataset import FaceDataset  # noqa: E402
from train.provenance import provenance  # noqa: E402
from train.recipe import HubConfig, Recipe, Start, load_config, load_yaml  # noqa: E402
from train.scoring import load_checkpoint, score, scoring_order  # noqa: E402
from train.splits import load_splits, stratified_split  # noqa: E402
from train.train_hub import add_training_arguments, open_run, train  # noqa: E402


@dataclass
class Variant:
    """model: what differs from the config's `model`."""

    name: str
    model: dict = field(default_factory=dict)


@dataclass
class Condition:
    """How the validation pictures are put into batches: in random order, or class after class."""

    name: str
    batch_size: int = 64
    sorted_by_class: bool = False


@dataclass
class Grid:
    """config: a file of `hub_configs/` that everything else is taken from. train_pictures: a stratified sample of so
    many, `None` for all. recipe, start: instead of the config's."""

    config: str
    seeds: list[int]
    variants: list[Variant]
    title: str
    train_pictures: int | None = None
    recipe: Recipe | None = None
    start: Start | None = None
    conditions: list[Condition] = field(default_factory=lambda: [Condition("accuracy")])


def variant_config(grid: Grid, variant: Variant, seed: int, name: str) -> HubConfig:
    """The grid's config with one variant's model and one seed."""
    config = load_config(ROOT / "hub_configs" / grid.config)
    config.name = name
    config.model = config.model | variant.model
    if grid.recipe:
        config.recipe = copy.deepcopy(grid.recipe)
    if grid.start:
        config.start = grid.start
    config.recipe.seed = seed
    return config


def accuracies(folder: Path, validation: FaceDataset, conditions: list[Condition]) -> dict[str, float]:
    """Accuracy of the checkpoint in `folder` under each condition."""
    checkpoint = load_checkpoint(str(folder))
    result = {}
    for condition in conditions:
        rows = scoring_order(validation.labels, seed=0, by_class=condition.sorted_by_class)
        scores = score(checkpoint, validation, rows, condition.batch_size, progress=condition.name)
        result[condition.name] = float((scores.logits.argmax(axis=1) == validation.labels[scores.rows]).mean())
    return result


def run_once(config: HubConfig, splits: dict[str, FaceDataset], grid: Grid, options: argparse.Namespace) -> dict:
    """Train and score one variant with one seed; a finished one is read from its file."""
    folder = options.work / config.name
    done = folder / "result.json"
    if options.resume and done.is_file():
        open_run(folder, config, resume=True)
        return json.loads(done.read_text())
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # attention="batch" is what a row is about
        model, processor = train(config, splits, options)
        model.save_pretrained(folder / "final")
        processor.save_pretrained(folder / "final")
        result = {
            "parameters": sum(p.numel() for p in model.parameters()),
            "accuracy": accuracies(folder / "final", splits["validation"], grid.conditions),
        }
    done.write_text(json.dumps(result))
    for stage in folder.glob("stage-*"):
        shutil.rmtree(stage)
    return result


def markdown(table: dict) -> str:
    """The result as a Markdown table: a row per variant, mean ± standard deviation over the seeds."""
    names = list(table["rows"][0]["accuracy"])
    lines = [["variant", "parameters", *names], ["---"] + ["--:"] * (1 + len(names))]
    for row in table["rows"]:
        cells = [
            f"{100 * one['mean']:.2f} %" + (f" ± {100 * one['sd']:.2f}" if one["sd"] is not None else "")
            for one in row["accuracy"].values()
        ]
        lines.append([row["name"], f"{row['parameters']:,}", *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def summary(values: list[float]) -> dict:
    """Mean and sample standard deviation (`None` for a single value)."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "values": values,
    }


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the file with the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", required=True, type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    add_training_arguments(parser)
    options = parser.parse_args(arguments)
    grid = load_yaml(options.grid, Grid)
    splits = load_splits(load_config(ROOT / "hub_configs" / grid.config).data, options.data)
    everything = splits["train"]
    if grid.train_pictures:
        share = grid.train_pictures / len(everything)
        splits["train"] = everything.select(stratified_split(everything.labels, share, seed=0)[1])
    rows = []
    for variant in grid.variants:
        runs = []
        for seed in grid.seeds:
            name = f"{options.grid.stem}/{variant.name.replace(' ', '-')}-{seed}"
            print(f"{variant.name}, seed {seed}", flush=True)
            runs.append(run_once(variant_config(grid, variant, seed, name), splits, grid, options))
        rows.append(
            {
                "name": variant.name,
                "model": variant.model,
                "parameters": runs[0]["parameters"],
                "accuracy": {
                    condition.name: summary([run["accuracy"][condition.name] for run in runs])
                    for condition in grid.conditions
                },
            }
        )
    table = {
        "kind": "ablation",
        "title": grid.title,
        "config": grid.config,
        "seeds": grid.seeds,
        "train_pictures": len(splits["train"]),
        "of": len(everything),
        "validation_pictures": len(splits["validation"]),
        "rows": rows,
        **provenance(),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"ablation-{options.grid.stem}.json"
    write_json(file, table)
    print(markdown(table))
    return file


if __name__ == "__main__":
    main()
