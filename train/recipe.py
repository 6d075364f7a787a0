"""The schema of `hub_configs/*.yaml`: what one Hub repo is made from, and the check that a file says only that."""

import dataclasses
import difflib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from fer_models.expressions import label_order
from train.augmentation import Augmentation

Schema = typing.TypeVar("Schema")


class ConfigError(ValueError):
    """A hub config has a wrong key or value; the message names the key, the file and the nearest right key."""


@dataclass
class Data:
    """Which pictures, and which of them train, select and test (`train.splits.load_splits`).

    layout: a key of `train.data.READERS`.
    labels: the model's label order: a key of `LABEL_ORDERS`, or a list of expressions.
    train, validation, test: the owner's names of the splits; `all` for a data set that comes as one whole.
    options: of a generic layout: column names, the meaning of labels.
    shares: of train, validation and test, split by person, instead of the owner's splits.
    folds, fold: fold number `fold`, from 0, of so many is the test split, no person in two folds.
    validation_share: of the training pictures, where neither the owner nor `shares` give a validation split.
    split_seed: of the splits that are made here.
    """

    layout: str
    labels: str | list[str]
    train: str
    validation: str | None = None
    test: str | None = None
    options: dict = field(default_factory=dict)
    shares: list[float] | None = None
    folds: int | None = None
    fold: int = 0
    validation_share: float = 0.1
    split_seed: int = 42

    def __post_init__(self):
        try:
            _ = self.names
        except ValueError as error:
            raise ConfigError(f"data.labels: {error}") from error
        if self.shares and (self.folds or self.validation or self.test or len(self.shares) != 3):
            raise ConfigError("data.shares: expected three shares instead of `validation`, `test` and `folds`")
        if self.folds and (self.validation or self.test or not 0 <= self.fold < self.folds):
            raise ConfigError("data.folds: expected no `validation` or `test` beside it, and a `fold` below `folds`")
        if not 0 < self.validation_share < 1:
            raise ConfigError(f"data.validation_share: expected a share between 0 and 1, found {self.validation_share}")

    @property
    def names(self) -> tuple[str, ...]:
        """The expressions in the model's label order."""
        return label_order(self.labels)


@dataclass
class Stage:
    """One run of the Trainer, from the best weights of the stage before.

    optimizer, learning_rate, weight_decay, max_grad_norm: as in `transformers.TrainingArguments` (`optim`).
    schedule: a `lr_scheduler_type` of transformers ("cosine", "reduce_lr_on_plateau", ...) or "inverse_time",
        learning_rate / (1 + epoch).
    schedule_options: `lr_scheduler_kwargs` of transformers.
    warmup: fraction of the steps during which the rate rises from 0.
    frozen: dotted names of modules that keep their weights and their batch statistics.
    image_size: input side in pixels; the model's own when absent.
    patience: stop after so many epochs without a better validation accuracy; never when absent.
    """

    name: str
    epochs: int
    learning_rate: float
    optimizer: str = "adamw_torch"
    weight_decay: float = 0.0
    max_grad_norm: float = 3.0
    schedule: str = "constant"
    schedule_options: dict = field(default_factory=dict)
    warmup: float = 0.0
    batch_size: int = 8
    frozen: list[str] = field(default_factory=list)
    image_size: int | None = None
    patience: int | None = None

    def __post_init__(self):
        if self.warmup and self.schedule in ("constant", "inverse_time", "reduce_lr_on_plateau"):
            raise ConfigError(f"stage {self.name!r}: the schedule {self.schedule!r} has no warmup; leave it out")


def paper_stages() -> list[Stage]:
    """The two stages of PAtt-Lite's paper (section IV.B): the new layers alone on a frozen backbone until the accuracy
    stops improving, then fine-tuning of all but the stem and the first block at a rate that decays with time. Adam is
    AdamW without weight decay. The paper leaves the epochs and the patience open."""
    return [
        Stage(
            name="new layers",
            epochs=30,
            learning_rate=1e-3,
            schedule="reduce_lr_on_plateau",
            schedule_options={"patience": 2, "factor": 0.5},
            frozen=["backbone"],
            patience=5,
        ),
        Stage(
            name="fine-tuning",
            epochs=50,
            learning_rate=1e-5,
            schedule="inverse_time",
            frozen=["backbone.conv_stem", "backbone.bn1", "backbone.blocks.0"],
            patience=8,
        ),
    ]


@dataclass
class Recipe:
    """seed: of the new layers, the order and the augmentation. soft_labels: train on the annotators' votes."""

    seed: int = 42
    soft_labels: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    stages: list[Stage] = field(default_factory=paper_stages)


@dataclass
class Card:
    """What a person reads beside the weights. `licence` is an SPDX name or `other`, of the weights.
    `published`: the authors' own number, with its data, for the card to tell apart from ours."""

    title: str
    paper: str
    published: str = ""
    licence: str = "mit"
    data_licence: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass
class Start:
    """checkpoint: a name under `checkpoints/`. modules: dotted names of the parts to take over."""

    checkpoint: str
    modules: list[str]


@dataclass
class HubConfig:
    """name: of the Hub repo and of the folder under `checkpoints/`. architecture: a `model_type` of `fer_models`.
    backbone: timm's name of the pre-trained backbone, or `None` to start from scratch.
    start: a checkpoint folder under `checkpoints/` and the modules that start with its weights, instead of `backbone`.
    """

    name: str
    architecture: str
    data: Data
    card: Card
    backbone: str | None = None
    start: Start | None = None
    model: dict = field(default_factory=dict)
    processor: dict = field(default_factory=dict)
    recipe: Recipe = field(default_factory=Recipe)


def _parse(kind: typing.Any, value: typing.Any, where: str) -> typing.Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        kinds = [k for k in typing.get_args(kind) if k is not type(None)]
        fitting = [k for k in kinds if isinstance(value, typing.get_origin(k) or k)]
        return None if value is None else _parse((fitting or kinds)[0], value, where)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected keys and values, found {value!r}")
        hints = typing.get_type_hints(kind)
        for key in value:
            if key not in hints:
                near = difflib.get_close_matches(str(key), hints, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(hints)}"
                raise ConfigError(f"{where}: unknown key {key!r}; {hint}")
        absent = [
            f.name
            for f in dataclasses.fields(kind)
            if f.name not in value and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        if absent:
            raise ConfigError(f"{where}: the key {absent[0]!r} is missing")
        return kind(**{key: _parse(hints[key], item, f"{where}.{key}") for key, item in value.items()})
    if origin is list:
        if not isinstance(value, list):
            raise ConfigError(f"{where}: expected a list, found {value!r}")
        (inner,) = typing.get_args(kind)
        return [_parse(inner, item, f"{where}[{index}]") for index, item in enumerate(value)]
    if kind is float:
        try:  # YAML reads 1e-3 as text
            return float(value)
        except (TypeError, ValueError):
            raise ConfigError(f"{where}: expected a number, found {value!r}") from None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{where}: expected {kind.__name__}, found {value!r}")
    return value


def load_yaml(path: Path, schema: type[Schema]) -> Schema:
    """Read one YAML file and check it against a dataclass.

    Raises:
        ConfigError: not a file, not YAML, or a key or value that the schema does not know.
    """
    if not path.is_file():
        raise ConfigError(f"no config at {path}")
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    return _parse(schema, content, path.name)


def load_config(path: str | Path) -> HubConfig:
    """Read and check one hub config.

    Raises:
        ConfigError: no such file, not YAML, or a key or value that the schema does not know.
    """
    path = Path(path)
    if not path.is_file():
        known = ", ".join(sorted(p.name for p in Path(__file__).parents[1].glob("hub_configs/*.yaml")))
        raise ConfigError(f"no config at {path}; hub_configs/ has {known}")
    return load_yaml(path, HubConfig)
