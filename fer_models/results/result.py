"""What results of every kind are made of: their origin, the weights, the pictures, numbers with intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypedDict, TypeVar

from pydantic import Field

from fer_models.results.words import file_name

ABSENT = Field(exclude_if=lambda value: value is None)  # a key that is not written where there is nothing to say

SampledKind = TypeVar("SampledKind", bound="Sampled")
KINDS: dict[str, type["Result"]] = {}


class Provenance(TypedDict):
    """The fields that every result has, as `train.measure.provenance.provenance` gives them."""

    commit: str | None
    dirty: bool | None
    date: str
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Result:
    """
    commit, dirty: of the code, and whether it differed from that commit; `None` outside a git checkout.
    date: UTC, as 2026-11-27. versions: of Python and the libraries.

    A subclass that names its `kind` is a kind of result file: its fields are the keys of the JSON.
    rest: the field that takes the keys of the file which are no field's, where a kind has such.
    """

    kind: ClassVar[str] = ""
    rest: ClassVar[str | None] = None

    commit: str | None
    dirty: bool | None
    date: str
    versions: dict[str, str]

    def __init_subclass__(cls, kind: str = "") -> None:
        if kind:
            cls.kind = kind
            KINDS[kind] = cls


@dataclass(frozen=True)
class Number:
    """value: what was measured. interval: its 95 % bootstrap interval."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Which weights were measured, and their size.

    sha256: of their file; hub_commit: of their Hub repo, for weights that are no file here. macs: multiply-accumulates
    for one picture of `image_size` x `image_size`.
    """

    name: str
    sha256: Annotated[str | None, ABSENT] = None
    hub_commit: Annotated[str | None, ABSENT] = None
    image_size: int
    parameters: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class Subset:
    """A published list of pictures. list, sha256: its file. The rest is how it fits the data
    (`train.data.subsets.select_subset`)."""

    name: str
    list: str
    sha256: str
    listed: int
    listed_again: int
    selected: int
    not_in_data: tuple[str, ...]
    labels_compared: int
    labels_different: int
    labels_without_meaning: int
    labels_assumed: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """name: of the data set. layout: how its files lie. split: the owner's name of it. limit: how many pictures a
    random sample has; `None` for all of them. subset: the published list that chose them."""

    name: str
    layout: str
    file: str
    split: str
    limit: int | None
    subset: Annotated[Subset | None, ABSENT] = None

    @property
    def whole(self) -> bool:
        """Whether they are all pictures of their split."""
        return self.limit is None and self.subset is None

    @property
    def identity(self) -> tuple[str, str, str | None, int | None]:
        """Equal for the same pictures: data set, split, subset and size of the sample."""
        return self.name, self.split, self.subset.name if self.subset else None, self.limit

    @property
    def file_words(self) -> str:
        """As a part of a file name; a subset or sample never has the name of the whole split."""
        subset = f"-{self.subset.name}" if self.subset else ""
        sample = f"-limit{self.limit}" if self.limit else ""
        return file_name(f"{self.name}-{self.split}{subset}{sample}")

    @property
    def set_words(self) -> str:
        """The data set, and the subset of it: "ferplus, occlusion"."""
        return self.name + (f", {self.subset.name}" if self.subset else "")

    @property
    def words(self) -> str:
        """Data set, split, subset, and whether they are a sample: "ferplus, PublicTest, a sample of 500"."""
        subset = f", {self.subset.name}" if self.subset else ""
        sample = f", a sample of {self.limit:,}" if self.limit else ""
        return f"{self.name}, {self.split}{subset}{sample}"


@dataclass(frozen=True, kw_only=True)
class OfWeights(Result):
    """A result of one checkpoint. seed: of the order of the pictures, the sample and the resampling."""

    checkpoint: Weights
    data: Pictures
    seed: int


@dataclass(frozen=True, kw_only=True)
class Sampled(OfWeights):
    """n_samples: pictures that were to be scored. left_out: how many had an expression that the model does not know."""

    n_samples: int
    left_out: dict[str, int]

    @property
    def sample(self) -> tuple:
        """Equal for results of a kind that were measured on the same pictures and can therefore be compared."""
        return self.data.identity, self.seed, self.n_samples


def comparable(results: Iterable[SampledKind]) -> list[SampledKind]:
    """The largest set of results of a kind that were measured on the same pictures."""
    groups: dict[tuple, list[SampledKind]] = {}
    for result in results:
        groups.setdefault(result.sample, []).append(result)
    return max(groups.values(), key=len, default=[])


__all__ = [
    "ABSENT",
    "KINDS",
    "Number",
    "OfWeights",
    "Pictures",
    "Provenance",
    "Result",
    "Sampled",
    "Subset",
    "Weights",
    "comparable",
]
