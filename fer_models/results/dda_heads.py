"""What `train/dda_heads.py` measures: heads of DDAMFN that were made to matter more, and what that costs."""

from dataclasses import dataclass

from fer_models.results.fixed_maps import Answers
from fer_models.results.result import Sampled


@dataclass(frozen=True, kw_only=True)
class Heads:
    """answers: by what the features are multiplied with, the heads' own maps first. sd_over_faces: of a place of the
    joined map, the mean over the places; sd_over_places: of the mean face's joined map. Both maps are the mean over the
    channels."""

    answers: dict[str, Answers]
    sd_over_faces: float
    sd_over_places: float


@dataclass(frozen=True, kw_only=True)
class DDAHeads(Sampled, kind="dda_heads"):
    """ways: by name, as the checkpoint has them first. epochs, train_pictures, views: of the training on features that
    stay as they are, with so many views of each picture."""

    ways: dict[str, Heads]
    epochs: int
    train_pictures: int
    views: int


__all__ = ["DDAHeads", "Heads"]
