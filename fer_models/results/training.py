"""What `train/curves.py` reads from a training run: how right the network was after each epoch."""

from dataclasses import dataclass
from typing import Any

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class StageCurve:
    """One stage of a recipe. image_size: side of its input in pixels. teachers: whose answers were in its targets;
    "itself" is the network as it was when the stage began.

    loss: mean over the training pictures, by epoch. accuracy: on the validation pictures after each epoch, 0 to 1, of
    the averaged weights where the recipe averages them.
    """

    name: str
    image_size: int
    teachers: tuple[str, ...]
    loss: tuple[float, ...]
    accuracy: tuple[float, ...]

    @property
    def best(self) -> int:
        """The epoch, from 1, whose weights the stage leaves."""
        return 1 + max(range(len(self.accuracy)), key=self.accuracy.__getitem__)


@dataclass(frozen=True, kw_only=True)
class Training(Result, kind="training"):
    """name: of the campaign, that of its config where it has no other. config: what was trained, as the run noted it.
    stages: those that have begun and have an epoch."""

    name: str
    config: dict[str, Any]
    stages: tuple[StageCurve, ...]


__all__ = ["StageCurve", "Training"]
