"""The schema of `hub_configs/*.yaml`: what one Hub repo is made from, and the check that a file says only that."""

import dataclasses
import difflib
import inspect
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from transformers import AutoConfig, PreTrainedConfig
from transformers.trainer_utils import SchedulerType
from transformers.training_args import OptimizerNames

from fer_models import ARCHITECTURES
from fer_models.expressions import label_order
from fer_models.models.image_processing_fer import FERImageProcessorKwargs
from fer_models.paths import HUB_CONFIGS, RESULTS
from train.data.readers import READERS
from train.loop.augmentation import Augmentation

Schema = typing.TypeVar("Schema")

# What `train/loop/trainer.py` adds to the schedules of transformers, with the options of each.
OWN_SCHEDULES = {"inverse_time": (), "step": ("every", "factor"), "loss_plateau": ("patience", "factor")}
METRICS = ("accuracy", "mean_class_accuracy", "macro_f1", "ece")  # what `train/evaluate.py` measures


class ConfigError(ValueError):
    """A hub config has a wrong key or value; the message names the key, the file and the nearest right key."""


def require(where: str, what: str, words: Iterable[str], known: Iterable[str]) -> None:
    """Every word must be known.

    Raises:
        ConfigError: one is not; the message names the nearest one that is.
    """
    known = list(known)
    for word in words:
        if word not in known:
            near = difflib.get_close_matches(str(word), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known[:20])}"
            raise ConfigError(f"{where}: unknown {what} {word!r}; {hint}")


@dataclass
class Data:
    """Which pictures, and which of them train, select and test (`train.data.splits.load_splits`).

    layout: a key of `train.data.readers.READERS`.
    name: what results and cards call the data set; the layout where absent.
    labels: the model's label order: a key of `LABEL_ORDERS`, or a list of expressions.
    train, validation, test: the owner's names of the splits; `all` for a data set that comes as one whole.
    options: of a generic layout: column names, the meaning of labels.
    shares: of train, validation and test, split by person, instead of the owner's splits.
    folds, fold: fold number `fold`, from 0, of so many is the test split, no person in two folds.
    validation_share: of the training pictures, where neither the owner nor `shares` give a validation split.
    split_seed: of the splits that are made here.
    train_pictures: train on so many only, drawn by `split_seed`: a rehearsal; all of them where absent.
    """

    layout: str
    labels: str | list[str]
    train: str
    name: str = ""
    validation: str | None = None
    test: str | None = None
    options: dict = field(default_factory=dict)
    shares: list[float] | None = None
    folds: int | None = None
    fold: int = 0
    validation_share: float = 0.1
    split_seed: int = 42
    train_pictures: int | None = None

    def __post_init__(self):
        require("layout", "layout", [self.layout], READERS)
        self.name = self.name or self.layout
        try:
            _ = self.names
        except ValueError as error:
            raise ConfigError(f"labels: {error}") from error
        if self.shares and (self.folds or self.validation or self.test or len(self.shares) != 3):
            raise ConfigError("shares: expected three shares instead of `validation`, `test` and `folds`")
        if self.folds and (self.validation or self.test or not 0 <= self.fold < self.folds):
            raise ConfigError("folds: expected no `validation` or `test` beside it, and a `fold` below `folds`")
        if self.train_pictures is not None and self.train_pictures < 1:
            raise ConfigError(f"train_pictures: expected 1 or more, found {self.train_pictures}")
        if not 0 < self.validation_share < 1:
            raise ConfigError(f"validation_share: expected a share between 0 and 1, found {self.validation_share}")

    @property
    def names(self) -> tuple[str, ...]:
        """The expressions in the model's label order."""
        return label_order(self.labels)

    def split_name(self, role: str) -> str:
        """What results call the split `train`, `validation` or `test`: as the owners do, where it is theirs."""
        fold = f"-fold{self.fold}" if self.folds else ""
        owners = {"validation": self.validation, "test": self.test}.get(role)
        return owners or f"{role}{fold}"


@dataclass
class Stage:
    """One run of the Trainer, from the best weights of the stage before.

    optimizer, learning_rate, weight_decay, max_grad_norm: as in `transformers.TrainingArguments` (`optim`).
    optimizer_options: `optim_args` of transformers: `{momentum: 0.9}` for "sgd".
    schedule: a `lr_scheduler_type` of transformers ("cosine", "reduce_lr_on_plateau", which here watches the validation
        accuracy, ...), or "loss_plateau", which watches the validation loss; "inverse_time", learning_rate / (1 +
        epoch); "step", learning_rate * factor ** (epoch // every).
    schedule_options: `lr_scheduler_kwargs` of transformers, or the keys of `OWN_SCHEDULES`.
    warmup: fraction of the steps during which the rate rises from 0.
    frozen: dotted names of modules that keep their weights and their batch statistics.
    image_size: input side in pixels; the model's own when absent.
    patience: stop after so many epochs without a better validation accuracy; never when absent.
    averaging: decay per step of a moving average of the weights, in (0, 1); the average is what is validated and saved.
    sharpness: radius of sharpness-aware minimisation (Foret et al. 2021), the authors' choice for DDAMFN++; a step then
        takes twice as long.
    augmentation: instead of the recipe's.
    teachers, teacher_share: names under `checkpoints/` whose answers for the training pictures are mixed into the
        targets, and the share of their mean in them (`train/loop/teachers.py`).
    teachers_see: "picture", the picture as it lies on disk, once; or "view", the very view that this network is shown
        (Beyer et al. 2021, arXiv 2106.05237), in every step.
    feature_weight: of the distance between the last features of the teacher of views and a linear map of this
        network's, beside the loss (`train/loop/features.py`).
    own_share: share in the targets of what this network, as it was when the stage began, answers for the very view
        that it is shown (Furlanello et al. 2018, arXiv 1805.04770; the same view as in Beyer et al. 2021, arXiv
        2106.05237). A step takes a third longer.
    """

    name: str
    epochs: int
    learning_rate: float
    optimizer: str = "adamw_torch"
    optimizer_options: dict = field(default_factory=dict)
    weight_decay: float = 0.0
    max_grad_norm: float = 3.0
    schedule: str = "constant"
    schedule_options: dict = field(default_factory=dict)
    warmup: float = 0.0
    batch_size: int = 8
    frozen: list[str] = field(default_factory=list)
    image_size: int | None = None
    patience: int | None = None
    averaging: float | None = None
    sharpness: float | None = None
    augmentation: Augmentation | None = None
    teachers: list[str] = field(default_factory=list)
    teacher_share: float = 0.5
    teachers_see: str = "picture"
    feature_weight: float | None = None
    own_share: float | None = None

    def __post_init__(self):
        require("schedule", "schedule", [self.schedule], [*(kind.value for kind in SchedulerType), *OWN_SCHEDULES])
        require("optimizer", "optimizer", [self.optimizer], [kind.value for kind in OptimizerNames])
        if self.schedule in OWN_SCHEDULES:
            require("schedule_options", "key", self.schedule_options, OWN_SCHEDULES[self.schedule])
            for option in OWN_SCHEDULES[self.schedule]:
                if option not in self.schedule_options:
                    raise ConfigError(f"schedule_options: the schedule {self.schedule!r} needs the key {option!r}")
        if self.averaging is not None and not 0 < self.averaging < 1:
            raise ConfigError(f"averaging: expected a decay between 0 and 1, found {self.averaging}")
        require("teachers_see", "value", [self.teachers_see], ["picture", "view"])
        if not 0 < self.teacher_share <= 1:
            raise ConfigError(f"teacher_share: expected a share above 0 and up to 1, found {self.teacher_share}")
        if self.feature_weight is not None:
            if self.feature_weight <= 0:
                raise ConfigError(f"feature_weight: expected a weight above 0, found {self.feature_weight}")
            if self.teachers_see != "view" or len(self.teachers) != 1:
                raise ConfigError("feature_weight: expected one teacher, and `teachers_see: view` beside it")
        if self.own_share is not None and not 0 < self.own_share <= 1:
            raise ConfigError(f"own_share: expected a share above 0 and up to 1, found {self.own_share}")
        if self.warmup and self.schedule in ("constant", "reduce_lr_on_plateau", *OWN_SCHEDULES):
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
class Published:
    """A number from a paper. data, split: as in `Data`. value: a share, 0 to 1. conditions: how it was measured."""

    data: str
    split: str
    value: float
    metric: str = "accuracy"
    conditions: str = ""

    def __post_init__(self):
        require("metric", "metric", [self.metric], METRICS)
        if not 0 < self.value <= 1:
            raise ConfigError(f"value: expected a share between 0 and 1, found {self.value}")


@dataclass
class Card:
    """What a person reads beside the weights.

    paper, citation: address and BibTeX of the architecture's publication.
    licence, code_licence: of the weights and of the code, as the Hub spells them (`mit`).
    data_licence, data_citation: the owners' terms of the pictures, in a sentence, and the BibTeX that they ask for.
    intended_use, limits: sentences; the limits that hold for every model are in every card besides.
    deviations: how the network, its training or its measuring differ from the publication.
    evidence, data_evidence: files of `RESULTS` that stand below the deviations and the limits.
    notes: what else there is to say about these weights.
    training_options: what the training command of these weights said besides config and data.
    published: the paper's own numbers.
    """

    title: str
    paper: str
    citation: str = ""
    licence: str = "mit"
    code_licence: str = "mit"
    data_licence: str = ""
    data_citation: str = ""
    intended_use: list[str] = field(
        default_factory=lambda: [
            "Research on facial expression recognition: comparing architectures, explanations and data sets.",
            "Demonstrations in which a person looks at their own face and sees how such a model works.",
        ]
    )
    limits: list[str] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    data_evidence: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    training_options: list[str] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)

    def __post_init__(self):
        for name in (*self.evidence, *self.data_evidence):
            if not (RESULTS / name).is_file():
                raise ConfigError(f"evidence: no result file {RESULTS / name}")


@dataclass
class Start:
    """checkpoint: a name under `checkpoints/` or in the folder of `--teachers`. modules: dotted names of the parts to
    take over."""

    checkpoint: str
    modules: list[str]


@dataclass
class HubConfig:
    """name: of the Hub repo and of the folder under `checkpoints/`. architecture: a `model_type` of `fer_models`.
    backbone: timm's name of the pre-trained backbone, or `None` to start from scratch.
    start: a checkpoint folder under `checkpoints/` and the modules that start with its weights, instead of `backbone`.
    model, processor: what differs from the defaults of the architecture's config and of the image processor.
    half_precision: whether the parameters are stored as float16; they are loaded as float32 all the same.
    metrics: what the card reports.
    extends: files, relative to this one, whose keys hold where this one does not say otherwise; the last one wins.
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
    half_precision: bool = False
    metrics: list[str] = field(default_factory=lambda: list(METRICS))
    extends: list[str] = field(default_factory=list)

    def __post_init__(self):
        architectures = {config.model_type: config for config, _ in ARCHITECTURES}
        require("architecture", "architecture", [self.architecture], architectures)
        keys, inherited = (
            list(inspect.signature(config).parameters)
            for config in (architectures[self.architecture], PreTrainedConfig)
        )
        require("model", "key", self.model, [key for key in keys if key not in inherited])
        try:
            AutoConfig.for_model(self.architecture, **self.model)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"model: {error}") from error
        require("processor", "key", self.processor, typing.get_type_hints(FERImageProcessorKwargs))
        require("metrics", "metric", self.metrics, METRICS)

    def take_image_size(self, side: int) -> None:
        """Train every stage, and answer, at `side` pixels. Kernels stay as they are.

        Raises:
            ConfigError: no side.
        """
        if side < 1:
            raise ConfigError(f"image_size: expected 1 pixel or more, found {side}")
        self.model = self.model | {"image_size": side}
        for stage in self.recipe.stages:
            stage.image_size = None

    def take_backbone(self, file: Path) -> None:
        """Start from the weights in the file, also where the recipe starts from random ones.

        Raises:
            ConfigError: `start` says from what, so that the file would not be used.
        """
        if self.start:
            raise ConfigError(f"training starts from {self.start.checkpoint}; leave --backbone out")
        self.backbone = self.backbone or file.stem


def parse(kind: typing.Any, value: typing.Any, where: str, whole: bool = True) -> typing.Any:
    """The value as an instance of its type. A part of a config, not `whole`, lacks keys: it is only checked."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        kinds = [k for k in typing.get_args(kind) if k is not type(None)]
        fitting = [k for k in kinds if isinstance(value, typing.get_origin(k) or k)]
        return None if value is None else parse((fitting or kinds)[0], value, where, whole)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected keys and values, found {value!r}")
        hints = typing.get_type_hints(kind)
        require(where, "key", value, hints)
        parsed = {key: parse(hints[key], item, f"{where}.{key}", whole) for key, item in value.items()}
        if not whole:
            return parsed
        for key in dataclasses.fields(kind):
            if key.name not in value and key.default is key.default_factory is dataclasses.MISSING:
                raise ConfigError(f"{where}: the key {key.name!r} is missing")
        try:
            return kind(**parsed)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
    if origin is list:
        if not isinstance(value, list):
            raise ConfigError(f"{where}: expected a list, found {value!r}")
        (inner,) = typing.get_args(kind)
        return [parse(inner, item, f"{where}[{index}]", whole) for index, item in enumerate(value)]
    if kind is float:
        try:  # YAML reads 1e-3 as text
            return float(value)
        except (TypeError, ValueError):
            raise ConfigError(f"{where}: expected a number, found {value!r}") from None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{where}: expected {kind.__name__}, found {value!r}")
    return value


def _read(path: Path) -> typing.Any:
    if not path.is_file():
        raise ConfigError(f"no config at {path}")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error


def load_yaml(path: Path, schema: type[Schema]) -> Schema:
    """Read one YAML file and check it against a dataclass.

    Raises:
        ConfigError: not a file, not YAML, or a key or value that the schema does not know.
    """
    return parse(schema, _read(path), path.name)


def merged(base: dict, own: dict) -> dict:
    """Both, key by key into the depth; where they differ, and for lists, what `own` says."""
    both = base | own
    for key in base.keys() & own.keys():
        if isinstance(base[key], dict) and isinstance(own[key], dict):
            both[key] = merged(base[key], own[key])
    return both


def _extended(path: Path, above: tuple[Path, ...] = ()) -> dict:
    """The content of a config with that of the files that it extends."""
    if path in above:
        raise ConfigError(f"{path} extends itself")
    own = _read(path)
    parse(HubConfig, own, path.name, whole=False)
    base = {}
    for part in own.get("extends", []):
        base = merged(base, _extended((path.parent / part).resolve(), (*above, path)))
    return merged(base, own)


def load_config(path: str | Path) -> HubConfig:
    """Read and check one hub config with what it extends.

    Raises:
        ConfigError: no such file, not YAML, or a key or value that the schema does not know.
    """
    path = Path(path)
    if not path.is_file():
        known = ", ".join(sorted(p.name for p in HUB_CONFIGS.glob("*.yaml")))
        raise ConfigError(f"no config at {path}; hub_configs/ has {known}")
    return parse(HubConfig, _extended(path.resolve()), path.name)
