"""What `train/near_duplicates.py` counts: pictures of one split that equal, or nearly equal, a picture of another."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True)
class Source:
    """layout: how the files lie. file: name of the file or folder."""

    layout: str
    file: str


@dataclass(frozen=True)
class Split:
    """split: the owner's name of it. pictures: how many it has."""

    split: str
    pictures: int


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs of pictures, one of each split, and how many pictures of each have a partner in the other."""

    pairs: int
    pairs_with_different_labels: int
    pictures_of_first: int
    pictures_of_second: int
    share_of_second: float
    pictures_of_second_with_a_different_label: int


@dataclass(frozen=True, kw_only=True)
class NearDuplicates(Result, kind="near_duplicates"):
    """threshold: the least correlation of thumbnails that counts as nearly equal."""

    data: Source
    first: Split
    second: Split
    method: str
    threshold: float
    equal: Pairs
    equal_or_near: Pairs


__all__ = ["NearDuplicates", "Pairs", "Source", "Split"]
