"""What `train/fixed_maps.py` measures: how much of the answers comes from the attention maps."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from fer_models.results.result import Sampled


@dataclass(frozen=True)
class Answers:
    """same_answers: the share of pictures whose answer is the one with the model's own maps."""

    accuracy: float
    same_answers: float


@dataclass(frozen=True)
class Range:
    """The least and the greatest of a map, 0 to 1."""

    lowest: float
    highest: float


@dataclass(frozen=True, kw_only=True)
class Module:
    """One module's map. mean_map: of all faces. saturated: the share of its entries within 0.02 of 0 or 1."""

    shape: tuple[int, ...]
    mean_map: Range
    sd_over_faces: float
    saturated: Annotated[float, Field(alias="within_0.02_of_0_or_1")]


@dataclass(frozen=True, kw_only=True)
class FixedMaps(Sampled, kind="fixed_maps"):
    """answers: by what the features are multiplied with; the model's own map first."""

    answers: dict[str, Answers]
    modules: tuple[Module, ...]


__all__ = ["Answers", "FixedMaps", "Module", "Range"]
