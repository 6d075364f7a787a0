"""What `train/ablate.py` measures: variants of a network or of its training, side by side."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fer_models.results.result import ABSENT, Result


@dataclass(frozen=True)
class Spread:
    """Over the seeds. sd: sample standard deviation; `None` for a single one."""

    mean: float
    sd: float | None
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A variant. model, recipe, stage: its own keys of the hub config. start: the weights that it alone starts from.
    image_size: side of its input; last_map: of its last feature map. accuracy: by the condition under which it was
    scored."""

    name: str
    model: dict[str, Any]
    recipe: dict[str, Any] = field(default_factory=dict)
    stage: dict[str, Any] = field(default_factory=dict)
    start: Annotated[str | None, ABSENT] = None
    image_size: int | None = None
    last_map: tuple[int, int] | None = None
    parameters: int
    accuracy: dict[str, Spread]


@dataclass(frozen=True, kw_only=True)
class Ablation(Result, kind="ablation"):
    """
    config: the hub config that the variants change. train_pictures `of`, validation_pictures `validation_of`: how many
    were used, and how many there are. variants_of: how many variants the grid has. initial_weights: `None` for random.
    recipe: what the variants share.
    """

    title: str
    config: str
    seeds: tuple[int, ...]
    train_pictures: int
    of: int
    validation_pictures: int
    validation_of: int | None = None
    variants_of: int | None = None
    initial_weights: str | None = None
    bf16: bool = False
    recipe: dict[str, Any] = field(default_factory=dict)
    rows: tuple[Row, ...]

    def row(self, name: str) -> Row:
        """The variant of this name."""
        return next(row for row in self.rows if row.name == name)

    @property
    def conditions(self) -> list[str]:
        """The names of the ways in which every variant was scored."""
        return list(self.rows[0].accuracy)

    @property
    def seeds_words(self) -> str:
        return "one seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"


__all__ = ["Ablation", "Row", "Spread"]
