"""Challenge subsets (occlusion, pose): the list files that their authors publish -> rows of our data.

A line names a picture, with numbers before or after it: `1_fer0034656.png 8 0`, `0/fer0032226.jpg`,
`test_0003_aligned 3 4`, `0/test_0004_aligned.jpg`. The picture counts; its label is ours, the list's is only compared.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from fer_models.expressions import LABEL_ORDERS
from fer_models.photo import PICTURE_SUFFIXES
from train.data.face_dataset import DataError, FaceDataset


@dataclass(frozen=True)
class ListedPicture:
    """key: see `picture_key`. code: the list's own label, the first number after the name, else the folder's; `None`
    where there is neither. A number before an underscore is of unknown meaning and is not used."""

    key: str
    code: int | None


def picture_key(name: str) -> str:
    """What is left of a file name when folders, leading digits, `_aligned` and the extension are gone."""
    path = PurePosixPath(PurePosixPath(name).name.lower())
    stem = path.stem if path.suffix in PICTURE_SUFFIXES else path.name
    return re.sub(r"^\d+_", "", stem).removesuffix("_aligned")


def read_subset_list(path: Path) -> list[ListedPicture]:
    """The pictures of a list file, in its order.

    Raises:
        DataError: no such file, a line that is not a name and numbers, or no line at all.
    """
    if not path.is_file():
        raise DataError(f"expected a list of pictures at {path}, found none; its authors publish it")
    listed = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        name, *codes = line.split()
        key = picture_key(name)
        if not key or not all(code.isdecimal() for code in codes):
            raise DataError(f"{path}, line {number}: expected a picture and whole numbers, found {line!r}")
        folder = PurePosixPath(name).parent.name
        codes += [folder] if folder.isdecimal() else []
        listed.append(ListedPicture(key, int(codes[0]) if codes else None))
    if not listed:
        raise DataError(f"expected a list of pictures in {path}, found an empty file")
    return listed


def select_subset(
    dataset: FaceDataset, listed: Sequence[ListedPicture], order: Sequence[str], first_code: int = 0
) -> tuple[FaceDataset, dict]:
    """The listed pictures of a data set, each once, and how the list fits.

    Args:
        order: what the list's label codes are taken to mean: `first_code` is the first name, and so on. The published
            lists do not say it, so the report repeats the assumption, and a high `labels_different` may refute it.

    Returns:
        the rows in the list's order, and a report: `listed` pictures, `listed_again` (lines that repeat one),
        `selected`, `not_in_data` (names), `labels_compared`, `labels_different`, `labels_without_meaning` (codes not in
        `order`), `labels_assumed`.

    Raises:
        DataError: a listed name that several of our pictures share, or none of the pictures is in the data.
    """
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(dataset.ids):
        rows_of.setdefault(picture_key(name), []).append(row)
    unique = {picture.key: picture for picture in reversed(listed)}  # the first line of a picture wins
    pictures = [unique[key] for key in dict.fromkeys(picture.key for picture in listed)]
    found = [picture for picture in pictures if picture.key in rows_of]
    for picture in found:
        if len(rows_of[picture.key]) > 1:
            names = ", ".join(dataset.ids[rows_of[picture.key]])
            raise DataError(f"expected one picture named {picture.key}, found {names}")
    if not found:
        raise DataError(
            f"expected pictures of the list in the data, found none; the list has {pictures[0].key}, "
            f"the data {dataset.ids[0] if len(dataset) else 'no pictures'}"
        )
    subset = dataset.select(np.array([rows_of[picture.key][0] for picture in found]))
    meaning = dict(enumerate(order, start=first_code))
    pairs = [
        (meaning.get(picture.code), subset.names[label])
        for picture, label in zip(found, subset.labels, strict=True)
        if picture.code is not None
    ]
    compared = [(theirs, ours) for theirs, ours in pairs if theirs is not None]
    return subset, {
        "listed": len(pictures),
        "listed_again": len(listed) - len(pictures),
        "selected": len(subset),
        "not_in_data": [picture.key for picture in pictures if picture.key not in rows_of],
        "labels_compared": len(compared),
        "labels_different": sum(theirs != ours for theirs, ours in compared),
        "labels_without_meaning": len(pairs) - len(compared),
        "labels_assumed": {str(code): name for code, name in meaning.items()},
    }


def open_subset(
    dataset: FaceDataset,
    layout: str,
    path: Path,
    name: str | None = None,
    order: Sequence[str] | None = None,
    first_code: int = 0,
) -> tuple[FaceDataset, dict]:
    """The pictures of a list file, and what a result file says about them.

    Args:
        layout: of the data set, a key of `train.data.readers.READERS`.
        name: what result files call the subset; the list file's name by default.
        order, first_code: see `select_subset`; the owner's label order of the data set by default.

    Returns:
        the rows, and their description: `name`, `list` (file name), `sha256` of the list, and the report of
        `select_subset`.

    Raises:
        DataError: see `read_subset_list` and `select_subset`.
    """
    listed = read_subset_list(path)
    owners = LABEL_ORDERS.get(layout.partition("_")[0], dataset.names)  # rafdb_folders has the order of rafdb
    subset, report = select_subset(dataset, listed, order or owners, first_code)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return subset, {"name": name or path.stem, "list": path.name, "sha256": digest, **report}
