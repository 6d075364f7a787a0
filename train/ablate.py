"""A grid of model changes, each trained alike with several seeds -> one table of mean and standard deviation.

    python train/ablate.py --grid train/grids/pattlite-modules.yaml --data fer2013plus.parquet --resume

With `--resume` a finished variant is not trained again, and a started one goes on with its last whole epoch. A grid
that takes too long can be run in part, and the table says so:

    python train/ablate.py --grid train/grids/pattlite-output-layer.yaml --data fer2013plus.parquet \
        --variants 'layer 29, *' '*, P8' --train-pictures 1000 --validation-pictures 500 --epochs 1
"""

import argparse
import copy
import json
import shutil
import time
import warnings
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch

from fer_models.files import write_text
from fer_models.paths import HUB_CONFIGS, RESULTS
from fer_models.results import write
from fer_models.results.ablation import Ablation, Row, Spread
from train.config.initial_weights import build_model
from train.config.recipe import ConfigError, HubConfig, Recipe, Start, load_config, load_yaml, merged, parse
from train.data.face_dataset import DataError, FaceDataset
from train.data.splits import load_splits, require_readable, stratified_split
from train.loop.run_folder import RunSettings, open_run
from train.loop.teachers import check_teachers
from train.loop.training import add_training_arguments, run_settings, train
from train.measure.command_line import command
from train.measure.provenance import provenance
from train.measure.scoring import load_checkpoint, score, scoring_order
from train.pages.ablations import ablation_table


@dataclass
class Variant:
    """model: what differs from the config's `model`. recipe: from its recipe, without the stages. stage: from every
    stage of it. start: the trained weights that it alone starts from."""

    name: str
    model: dict = field(default_factory=dict)
    recipe: dict = field(default_factory=dict)
    stage: dict = field(default_factory=dict)
    start: Start | None = None


@dataclass
class Condition:
    """How the validation pictures are put into batches: in random order, or class after class."""

    name: str
    batch_size: int = 64
    sorted_by_class: bool = False


@dataclass
class Grid:
    """config: a file of `hub_configs/` that everything else is taken from. model: what the variants share that differs
    from it. train_pictures, validation_pictures: a stratified sample of so many, `None` for all. recipe, start: instead
    of the config's. scratch: from random weights, whatever the config starts from. epochs: of every stage, instead of
    the recipe's. image_size: of every variant and stage, in pixels, instead of theirs."""

    config: str
    seeds: list[int]
    variants: list[Variant]
    title: str
    model: dict = field(default_factory=dict)
    train_pictures: int | None = None
    validation_pictures: int | None = None
    epochs: int | None = None
    image_size: int | None = None
    recipe: Recipe | None = None
    start: Start | None = None
    scratch: bool = False
    conditions: list[Condition] = field(default_factory=lambda: [Condition("accuracy")])


@dataclass(frozen=True)
class Part:
    """What of a grid is run, and what instead of that which its file says; `None` and no patterns leave it as it is.

    variants: patterns of the names of those that are run, with `*` for any text. config, seeds, train_pictures,
    validation_pictures, epochs, image_size: as in `Grid`.
    """

    variants: tuple[str, ...] = ()
    config: str | None = None
    seeds: list[int] | None = None
    train_pictures: int | None = None
    validation_pictures: int | None = None
    epochs: int | None = None
    image_size: int | None = None


def changed_recipe(recipe: Recipe, variant: Variant) -> Recipe:
    """The recipe with a variant's changes.

    Raises:
        ConfigError: a key or value that the schema does not know.
    """
    content = merged(asdict(recipe), variant.recipe)
    content["stages"] = [stage | variant.stage for stage in content["stages"]]
    return parse(Recipe, content, variant.name)


def variant_config(grid: Grid, variant: Variant, seed: int, name: str) -> HubConfig:
    """The grid's config with one variant's model and one seed."""
    config = load_config(HUB_CONFIGS / grid.config)
    config.name = name
    config.model = config.model | grid.model | variant.model
    if grid.recipe:
        config.recipe = copy.deepcopy(grid.recipe)
    if grid.start:
        config.start = grid.start
    if grid.scratch:
        config.backbone = config.start = None
    if variant.start:
        config.backbone, config.start = None, variant.start
    config.recipe = changed_recipe(config.recipe, variant)
    config.recipe.seed = seed
    for stage in config.recipe.stages:
        stage.epochs = grid.epochs or stage.epochs
    if grid.image_size:
        config.take_image_size(grid.image_size)
    return config


def in_part(grid: Grid, part: Part) -> Grid:
    """The grid with what the part says instead.

    Raises:
        ConfigError: a pattern of `variants` that fits no variant.
    """
    changes = {name: value for name, value in asdict(part).items() if value is not None and name != "variants"}
    for pattern in part.variants:
        if not any(fnmatchcase(variant.name, pattern) for variant in grid.variants):
            names = "; ".join(variant.name for variant in grid.variants)
            raise ConfigError(f"no variant is called {pattern!r}; the grid has {names}")
    if part.variants:
        wanted = [v for v in grid.variants if any(fnmatchcase(v.name, pattern) for pattern in part.variants)]
        changes["variants"] = wanted
    return replace(grid, **changes)


def sample(dataset: FaceDataset, count: int | None) -> FaceDataset:
    """`count` pictures, the same for every variant, with the classes' shares of the whole."""
    if count is None or count >= len(dataset):
        return dataset
    return dataset.select(stratified_split(dataset.labels, count / len(dataset), seed=0)[1])


class Size(TypedDict):
    """image_size: the side in pixels at which a variant is scored. last_map: rows and columns of its last feature map
    there."""

    image_size: int
    last_map: tuple[int, int]


def sizes(config: HubConfig) -> Size:
    """At which size the variant is scored.

    Raises:
        ConfigError: the variant cannot be built, or not run at the sides of its stages; better now than after the hours
            that the variants before it take.
    """
    untrained = replace(config, backbone=None, start=None)
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # attention="batch" is what a row is about
            model = build_model(untrained, None).eval()
        side = model.config.image_size
        for pixels in [*(stage.image_size or side for stage in config.recipe.stages), side]:
            with torch.inference_mode():
                output = model(torch.zeros(1, 3, pixels, pixels), output_hidden_states=True)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"{config.name} cannot be run: {error}") from error
    rows, columns = output.hidden_states[-1].shape[-2:]
    return Size(image_size=side, last_map=(rows, columns))


def accuracies(folder: Path, validation: FaceDataset, conditions: list[Condition]) -> dict[str, float]:
    """Accuracy of the checkpoint in `folder` under each condition."""
    checkpoint = load_checkpoint(str(folder))
    result = {}
    for condition in conditions:
        rows = scoring_order(validation.labels, seed=0, by_class=condition.sorted_by_class)
        scores = score(checkpoint, validation, rows, condition.batch_size, progress=condition.name)
        result[condition.name] = float((scores.logits.argmax(axis=1) == validation.labels[scores.rows]).mean())
    return result


def open_work(folder: Path, pictures: dict) -> None:
    """Note in the grid's folder on which pictures its runs are trained and scored, so that one table has one sample.

    Raises:
        DataError: the folder holds runs on others.
    """
    note = folder / "pictures.json"
    if note.is_file() and json.loads(note.read_text(encoding="utf-8")) != pictures:
        raise DataError(f"{folder} holds runs on other pictures; remove it to start over, or pass another --work")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(note, json.dumps(pictures))


@dataclass(frozen=True)
class Run:
    """One variant with one seed. accuracy: under each condition."""

    parameters: int
    accuracy: dict[str, float]


def run_once(
    config: HubConfig, splits: dict[str, FaceDataset], conditions: list[Condition], settings: RunSettings
) -> tuple[Run, str]:
    """Train and score one variant with one seed; a finished one is read from its file.

    Returns:
        what was found; how long it took, in words.
    """
    folder = settings.work / config.name
    done = folder / "result.json"
    if settings.resume and done.is_file():
        open_run(folder, config, resume=True, finished=True)
        return Run(**json.loads(done.read_text(encoding="utf-8"))), "already done"
    start = time.perf_counter()
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # attention="batch" is what a row is about
        model, processor = train(config, splits, settings)
        model.save_pretrained(folder / "final")
        processor.save_pretrained(folder / "final")
        result = Run(
            sum(p.numel() for p in model.parameters()), accuracies(folder / "final", splits["validation"], conditions)
        )
    write_text(done, json.dumps(asdict(result)))
    for stage in folder.glob("stage-*"):
        shutil.rmtree(stage)
    return result, f"{time.perf_counter() - start:.0f} s"


def spread(values: list[float]) -> Spread:
    """Mean and sample standard deviation (`None` for a single value)."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(float(np.mean(values)), sd, tuple(values))


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", required=True, type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    part = parser.add_argument_group(
        "a part of the grid", "instead of what its file says; the result is named -reduced"
    )
    part.add_argument("--variants", nargs="+", default=[], help="only those: their names, * for any text")
    part.add_argument("--config", help="another file of hub_configs/: its backbone and data set, with this recipe")
    part.add_argument("--seeds", nargs="+", type=int)
    part.add_argument("--train-pictures", type=_count, help="a stratified sample of so many")
    part.add_argument("--validation-pictures", type=_count, help="a stratified sample of so many")
    part.add_argument("--epochs", type=_count, help="of every stage")
    part.add_argument(
        "--image-size", type=_count, help="side of every variant's input in pixels; kernels stay as they are"
    )
    add_training_arguments(parser)
    return parser


def _initial_weights(config: HubConfig, backbone: Path | None) -> str | None:
    if config.start:
        return f"{config.start.checkpoint}: {', '.join(config.start.modules)}"
    return backbone.name if backbone and config.backbone else config.backbone


def grid_part(grid: Grid, stem: str, part: Part) -> tuple[Grid, str]:
    """What a part leaves of a grid, and the name of its runs and result."""
    left = in_part(grid, part)
    if left != replace(grid, config=left.config):
        stem = f"{stem}-reduced"
    if left.config != grid.config:
        stem += f"-{Path(left.config).stem}"
    return left, stem


class Counts(TypedDict):
    """How many pictures a grid is trained and scored on, and how many there are."""

    train_pictures: int
    of: int
    validation_pictures: int
    validation_of: int


def ablate(grid: Grid, stem: str, data: Path, settings: RunSettings, variants_of: int) -> Ablation:
    """Train and score every variant of the grid with every seed -> the table.

    Args:
        stem: the name of the folder of the runs. data: file or folder of the data set. variants_of: how many variants
            the whole grid has.

    Raises:
        ConfigError, DataError: a variant that cannot be run, before anything is trained; or as `train`.
    """
    if grid.scratch and settings.backbone:
        raise ConfigError("the grid starts from random weights; leave --backbone out")

    def config_of(variant: Variant, seed: int) -> HubConfig:
        config = variant_config(grid, variant, seed, f"{stem}/{variant.name.replace(' ', '-')}-{seed}")
        if settings.backbone and not variant.start:
            config.take_backbone(settings.backbone)
        return config

    measures = []
    for variant in grid.variants:  # what is missing is said before the hours of the variants before it
        config = config_of(variant, grid.seeds[0])
        measures.append(sizes(config))
        check_teachers(config.recipe.stages, settings.trained_folders)
        if config.start:
            build_model(config, None, settings.trained_folders)
    everything = load_splits(load_config(HUB_CONFIGS / grid.config).data, data)
    splits = everything | {
        "train": sample(everything["train"], grid.train_pictures),
        "validation": sample(everything["validation"], grid.validation_pictures),
    }
    require_readable({role: splits[role] for role in ("train", "validation")})
    counts = Counts(
        train_pictures=len(splits["train"]),
        of=len(everything["train"]),
        validation_pictures=len(splits["validation"]),
        validation_of=len(everything["validation"]),
    )
    open_work(settings.work / stem, {**counts} | {"conditions": [asdict(condition) for condition in grid.conditions]})
    rows = []
    for variant, size in zip(grid.variants, measures, strict=True):
        runs = []
        for seed in grid.seeds:
            config = config_of(variant, seed)
            run, took = run_once(config, splits, grid.conditions, settings)
            scores = ", ".join(f"{100 * value:.2f} % {name}" for name, value in run.accuracy.items())
            print(f"{variant.name}, seed {seed}: {scores} ({took})", flush=True)
            runs.append(run)
        rows.append(
            Row(
                name=variant.name,
                model={key: config.model[key] for key in grid.model | variant.model},  # --image-size changes it
                recipe=variant.recipe,
                stage=variant.stage,
                start=_initial_weights(config, None) if variant.start else None,
                **size,
                parameters=runs[0].parameters,
                accuracy={
                    condition.name: spread([run.accuracy[condition.name] for run in runs])
                    for condition in grid.conditions
                },
            )
        )
    shared = config_of(Variant("what the variants share"), grid.seeds[0])
    return Ablation(
        title=grid.title,
        config=grid.config,
        seeds=tuple(grid.seeds),
        **counts,
        variants_of=variants_of,
        initial_weights=_initial_weights(shared, settings.backbone),
        bf16=settings.bf16,
        recipe={key: value for key, value in asdict(shared.recipe).items() if key != "seed"},
        rows=tuple(rows),
        **provenance(),
    )


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the file with the table."""
    options = _parser().parse_args(arguments)
    whole = load_yaml(options.grid, Grid)
    part = Part(
        variants=tuple(options.variants),
        config=options.config,
        seeds=options.seeds,
        train_pictures=options.train_pictures,
        validation_pictures=options.validation_pictures,
        epochs=options.epochs,
        image_size=options.image_size,
    )
    grid, stem = grid_part(whole, options.grid.stem, part)
    result = ablate(grid, stem, Path(options.data), run_settings(options), len(whole.variants))
    file = options.out / f"ablation-{stem}.json"
    write(file, result)
    print(f"{result.title}\n\n{ablation_table(result)}")
    return file


if __name__ == "__main__":
    main()
