"""Data sets on disk -> rows of a picture, a class id and, where there are votes, soft labels.

The pictures stay on disk (memory-mapped by `datasets`) and are decoded one batch at a time.
"""

from pathlib import Path

import datasets
import numpy as np
import torch

from fer_models.expressions import LABEL_ORDERS


class DataError(ValueError):
    """The data is not what the config says; the message says what was expected and what was found."""


class FaceDataset(torch.utils.data.Dataset):
    """Rows `{"image": PIL image, "label": int, "votes": (C,) float32 array that sums to 1}`.

    Args:
        pictures: a `datasets.Dataset` with a decodable `image` column; its other columns are ignored.
        labels: `(N,)` class ids.
        names: the C class names in label order.
        votes: `(N, C)` shares of the annotators' votes; the one-hot labels where the data has none.
    """

    def __init__(
        self,
        pictures: datasets.Dataset,
        labels: np.ndarray,
        names: tuple[str, ...],
        votes: np.ndarray | None = None,
    ):
        self.pictures = pictures.select_columns(["image"])
        self.labels = np.asarray(labels, dtype=np.int64)
        self.names = tuple(names)
        self.votes = np.eye(len(names), dtype=np.float32)[self.labels] if votes is None else votes

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict:
        return self.__getitems__([int(index)])[0]

    def __getitems__(self, indices: list[int]) -> list[dict]:
        images = self.pictures[indices]["image"]
        return [
            {"image": image, "label": int(self.labels[i]), "votes": self.votes[i]}
            for image, i in zip(images, indices, strict=True)
        ]

    def select(self, indices: np.ndarray) -> "FaceDataset":
        """The rows at `indices`, in that order."""
        return FaceDataset(self.pictures.select(indices), self.labels[indices], self.names, self.votes[indices])


def ferplus_parquet(path: Path, split: str) -> FaceDataset:
    """FER2013 pictures with FER+ votes in one parquet file.

    Columns: `image`, `usage` (the split) and ten vote counts. The label is the emotion with most votes among FER+'s
    eight, the first in column order on a tie; the soft label is the eight counts divided by their sum. Rows without a
    vote for any of the eight are no face and are dropped, with a count.

    Raises:
        DataError: no such file, column or split.
    """
    if not path.is_file():
        raise DataError(f"no parquet file at {path}; pass the file with the pictures and FER+ votes as --data")
    table = datasets.Dataset.from_parquet(str(path))
    names = LABEL_ORDERS["ferplus"]
    absent = [column for column in ("image", "usage", *names) if column not in table.column_names]
    if absent:
        raise DataError(f"{path} has no column {', '.join(absent)}; it has {', '.join(table.column_names)}")
    usage = np.asarray(table["usage"])
    if split not in usage:
        raise DataError(f"{path} has no split {split!r}; it has {', '.join(sorted(set(usage)))}")
    votes = np.stack([np.asarray(table[name], dtype=np.float32) for name in names], axis=1)
    rows = np.flatnonzero((usage == split) & (votes.sum(axis=1) > 0))
    dropped = int((usage == split).sum()) - len(rows)
    if dropped:
        print(f"{path.name}, {split}: {dropped} pictures have no vote for an expression and are left out")
    votes = votes[rows]
    return FaceDataset(
        table.select(rows), votes.argmax(axis=1), names, votes / votes.sum(axis=1, keepdims=True)
    )


READERS = {"ferplus_parquet": ferplus_parquet}


def load_split(layout: str, path: str | Path, split: str) -> FaceDataset:
    """One split of a data set.

    Args:
        layout: how the files lie, a key of `READERS`.
        path: file or folder the user downloaded.
        split: the owner's own name of the split.

    Raises:
        DataError: an unknown layout, or files that are not laid out like that.
    """
    if layout not in READERS:
        raise DataError(f"unknown layout {layout!r}; known: {', '.join(READERS)}")
    return READERS[layout](Path(path), split)
