"""One split of a data set: pictures that stay on disk, with class ids, vote shares, names and subjects."""

from collections.abc import Sequence

import datasets
import numpy as np
import torch
from PIL import Image

from fer_models.expressions import canonical_expression
from fer_models.photo import PhotoError, read_photo


class DataError(ValueError):
    """The data is not what the config says; the message says what was expected and what was found."""


class FaceDataset(torch.utils.data.Dataset):
    """Rows `{"image": upright RGB PIL image with 8 bits, "label": int, "votes": (C,) float32 array that sums to 1}`.

    The pictures are memory-mapped or files, and are decoded when a row is asked for, as the photos are that people ask
    about (`read_photo`): 16-bit and float pictures are scaled, transparent ones laid on white.

    Args:
        pictures: a `datasets.Dataset` with a decodable `image` column; its other columns are ignored.
        labels: `(N,)` class ids.
        names: the C class names in label order.
        votes: `(N, C)` shares of the annotators' votes; the one-hot labels where the data has none.
        ids: `(N,)` names of the pictures in the owner's words; row numbers where there are none.
        subjects: `(N,)` who is in the picture; `None` where the data does not say.
        skipped: reason -> how many pictures of the split were left out for it.
    """

    def __init__(
        self,
        pictures: datasets.Dataset,
        labels: np.ndarray,
        names: Sequence[str],
        votes: np.ndarray | None = None,
        *,
        ids: Sequence[str] | np.ndarray | None = None,
        subjects: Sequence[str] | np.ndarray | None = None,
        skipped: dict[str, int] | None = None,
    ):
        self.pictures = pictures.select_columns(["image"])
        self.labels = np.asarray(labels, dtype=np.int64)
        self.names = tuple(names)
        self.votes = np.eye(len(names), dtype=np.float32)[self.labels] if votes is None else votes
        self.ids = np.asarray(range(len(self.labels)) if ids is None else ids, dtype=str)
        self.subjects = None if subjects is None else np.asarray(subjects, dtype=str)
        self.skipped = dict(skipped or {})

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict:
        return self.__getitems__([int(index)])[0]

    def __getitems__(self, indices: list[int]) -> list[dict]:
        return [
            {"image": image, "label": int(self.labels[i]), "votes": self.votes[i]}
            for image, i in zip(self._decoded(indices), indices, strict=True)
        ]

    def _decoded(self, indices: list[int]) -> list:
        try:
            images = self.pictures[indices]["image"]
        except Exception:  # Pillow raises OSError, SyntaxError, ValueError or struct.error, depending on the format
            for index in indices:
                try:
                    self.pictures[int(index)]
                except Exception as error:
                    raise DataError(f"the picture {self.ids[index]} cannot be read: {error}") from error
            raise
        return [self._photo(image, index) for image, index in zip(images, indices, strict=True)]

    def _photo(self, image: Image.Image | None, index: int) -> Image.Image:
        if image is None:
            raise DataError(f"expected a picture for {self.ids[index]}, found an empty cell")
        try:
            return read_photo(image)
        except PhotoError as error:
            raise DataError(f"the picture {self.ids[index]} cannot be read: {error}") from error

    def unreadable(self) -> list[str]:
        """The names of the pictures that cannot be decoded; every picture is tried."""
        broken = []
        for index in range(len(self)):
            try:
                self[index]
            except DataError:
                broken.append(str(self.ids[index]))
        return broken

    def with_votes(self, votes: np.ndarray) -> "FaceDataset":
        """The same pictures with other vote shares, `(N, C)`."""
        return FaceDataset(
            self.pictures,
            self.labels,
            self.names,
            votes,
            ids=self.ids,
            subjects=self.subjects,
            skipped=self.skipped,
        )

    def select(self, indices: np.ndarray) -> "FaceDataset":
        """The rows at `indices`, in that order."""
        return FaceDataset(
            self.pictures.select(indices),
            self.labels[indices],
            self.names,
            self.votes[indices],
            ids=self.ids[indices],
            subjects=None if self.subjects is None else self.subjects[indices],
            skipped=self.skipped,
        )


def relabel(dataset: FaceDataset, names: Sequence[str]) -> tuple[FaceDataset, dict[str, int]]:
    """The data set in another model's label order, by expression name.

    Rows whose expression is not among `names` are left out; vote shares for such an expression are taken away from the
    rows that stay, and the rest again sums to 1.

    Returns:
        the data set with class ids into `names`, and expression -> number of rows left out.

    Raises:
        DataError: one of `names` is not an expression.
    """
    try:
        place = {canonical_expression(name): index for index, name in enumerate(names)}
    except ValueError as error:
        raise DataError(f"cannot map labels by name: {error}") from error
    target = np.array([place.get(canonical_expression(name), -1) for name in dataset.names])
    known = target >= 0
    rows = np.flatnonzero(known[dataset.labels])
    counts = np.bincount(dataset.labels, minlength=len(dataset.names))
    left_out = {name: int(counts[i]) for i, name in enumerate(dataset.names) if not known[i] and counts[i]}
    votes = np.zeros((len(rows), len(names)), dtype=np.float32)
    votes[:, target[known]] = dataset.votes[rows][:, known]
    kept = dataset.select(rows)
    relabelled = FaceDataset(
        kept.pictures,
        target[kept.labels],
        names,
        votes / votes.sum(axis=1, keepdims=True),
        ids=kept.ids,
        subjects=kept.subjects,
        skipped=kept.skipped,
    )
    return relabelled, left_out
