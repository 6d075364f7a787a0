"""Splits that the owners do not give: by person, stratified, or folds; the same for the same seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit

from train.config.recipe import Data
from train.data.face_dataset import DataError, FaceDataset
from train.data.readers import load_split


def split_by_subject(subjects: np.ndarray, shares: Sequence[float], seed: int) -> list[np.ndarray]:
    """Rows of each part, no person in two parts, parts close to their shares of the pictures.

    Persons come in random order, those with most pictures first, and each goes to the part that lacks most pictures.

    Args:
        subjects: `(N,)` who is in the picture.
        shares: of all pictures, per part; they sum to 1.

    Raises:
        DataError: shares that do not sum to 1, or a part that would stay empty.
    """
    if abs(sum(shares) - 1) > 1e-6:
        raise DataError(f"expected shares that sum to 1, found {', '.join(map(str, shares))}")
    persons, person_of, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(persons))
    order = order[np.argsort(-counts[order], kind="stable")]
    lacking = np.asarray(shares, dtype=float) * len(subjects)
    part_of = np.empty(len(persons), dtype=np.int64)
    for person in order:
        part_of[person] = lacking.argmax()
        lacking[part_of[person]] -= counts[person]
    parts = [np.flatnonzero(part_of[person_of] == part) for part in range(len(shares))]
    if not all(len(part) for part in parts):
        raise DataError(f"expected enough persons for {len(shares)} parts of {list(shares)}, found {len(persons)}")
    return parts


def subject_folds(subjects: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """Rows of each of the folds, about equally many, no person in two. As many folds as persons leaves out one person.

    Raises:
        DataError: fewer than 2 folds, or fewer persons than folds.
    """
    persons = len(np.unique(subjects))
    if not 2 <= folds <= persons:
        raise DataError(f"expected 2 to {persons} folds for {persons} persons, found {folds}")
    return split_by_subject(subjects, [1 / folds] * folds, seed)


def stratified_split(
    labels: np.ndarray, share: float, seed: int, names: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Sorted rows of the larger and of the carved part; the classes' shares are those of the whole, within a picture.

    Args:
        labels: `(N,)` class ids.
        share: of the carved part, between 0 and 1.
        names: of the classes, for the message.

    Raises:
        DataError: a class with a single picture, or fewer pictures in a part than classes.
    """
    carved = round(share * len(labels))
    classes, counts = np.unique(labels, return_counts=True)
    if (counts == 1).any():
        single = ", ".join(str(names[label]) if len(names) else f"class {label}" for label in classes[counts == 1])
        raise DataError(
            f"cannot carve {share:.0%} of {len(labels)} pictures by class: there is a single picture of {single}; add "
            "some, leave that class out, or name a validation split"
        )
    if min(carved, len(labels) - carved) < len(classes):
        raise DataError(
            f"cannot carve {share:.0%} of {len(labels)} pictures by class: each part needs one of all {len(classes)} "
            "classes; take another share, or name a validation split"
        )
    splitter = StratifiedShuffleSplit(1, train_size=len(labels) - carved, test_size=carved, random_state=seed)
    larger, smaller = next(splitter.split(np.zeros(len(labels)), labels))
    return np.sort(larger), np.sort(smaller)


def _rest(dataset: FaceDataset, rows: np.ndarray) -> np.ndarray:
    return np.setdiff1d(np.arange(len(dataset)), rows)


def _subjects(dataset: FaceDataset, data: Data) -> np.ndarray:
    if dataset.subjects is None:
        raise DataError(f"a split by person needs to know the persons; the layout {data.layout} does not say them")
    return dataset.subjects


def require_readable(splits: Mapping[str, FaceDataset]) -> None:
    """Look at every picture before the hours of training; a broken one would end them.

    Raises:
        DataError: some cannot be read; the message names the first few.
    """
    for split, dataset in splits.items():
        broken = dataset.unreadable()
        if broken:
            some = ", ".join(broken[:5]) + (", ..." if len(broken) > 5 else "")
            raise DataError(
                f"{len(broken)} of the {len(dataset)} pictures of the split {split} cannot be read: {some}; replace or "
                "remove them"
            )


def _sample(dataset: FaceDataset, data: Data) -> FaceDataset:
    if data.train_pictures is None:
        return dataset
    drawn = np.random.default_rng(data.split_seed).permutation(len(dataset))[: data.train_pictures]
    return dataset.select(np.sort(drawn))


def load_splits(data: Data, path: str | Path) -> dict[str, FaceDataset]:
    """The splits `train` and `validation`, and `test` where there is one, that a hub config describes.

    Test is the owners' split, fold `data.fold` of `data.folds`, or the third of `data.shares`. Where neither the owners
    nor the shares give a validation split, `data.validation_share` of the training pictures is carved: by person where
    the persons are known, else stratified. With `data.train_pictures` a sample of the training pictures is left.

    Raises:
        DataError: see `load_split`; persons that are needed but not known.
    """
    owners = {"train": data.train, "validation": data.validation, "test": data.test}
    splits = {
        name: load_split(data.layout, path, split, data.names, data.options) for name, split in owners.items() if split
    }
    train = splits["train"]
    if data.shares:
        parts = split_by_subject(_subjects(train, data), data.shares, data.split_seed)
        splits = {name: train.select(rows) for name, rows in zip(owners, parts, strict=True)}
        return splits | {"train": _sample(splits["train"], data)}
    if data.folds:
        test = subject_folds(_subjects(train, data), data.folds, data.split_seed)[data.fold]
        splits["test"] = train.select(test)
        train = train.select(_rest(train, test))
    if "validation" not in splits:
        if train.subjects is None:
            rows, carved = stratified_split(train.labels, data.validation_share, data.split_seed, train.names)
        else:
            shares = (1 - data.validation_share, data.validation_share)
            rows, carved = split_by_subject(train.subjects, shares, data.split_seed)
        splits["validation"] = train.select(carved)
        train = train.select(rows)
    return splits | {"train": _sample(train, data)}
