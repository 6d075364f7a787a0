"""Any data set with a picture and a label per row: class folders, parquet files, or a data set on the Hub.

`names` maps the data set's own labels to expressions where they are no expression words: a list (label i is the i-th)
or a mapping (`{1: surprise, 2: fear}`).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import datasets
import numpy as np
from datasets.exceptions import DatasetGenerationError

from train.data.face_dataset import DataError, FaceDataset
from train.data.layout_parts import (
    class_folders,
    class_ids,
    count_skips,
    expressions_of,
    open_table,
    picture_files,
    require_columns,
    require_whole,
    rows_of_split,
)

Names = Sequence[str] | Mapping[object, str] | None


def _dictionary(names: Names) -> dict[str, str] | None:
    """Own label as text -> expression word."""
    if names is None:
        return None
    pairs = names.items() if isinstance(names, Mapping) else enumerate(names)
    return {str(own): str(name) for own, name in pairs}


def imagefolder(path: Path, split: str, *, names: Names = None) -> FaceDataset:
    """Class folders in a folder per split: `train/happy/1.png`. Classes are in the order of `names` or folders."""
    dictionary = _dictionary(names)
    folder = path / split
    files, expressions, skips = class_folders(folder, dictionary, None)
    order = tuple(dict.fromkeys(expressions_of((dictionary or {}).values(), None, "names") or expressions))
    return FaceDataset(
        picture_files(files),
        class_ids(expressions, order, folder),
        order,
        ids=[file.relative_to(path).as_posix() for file in files],
        skipped=count_skips(folder, skips),
    )


def _labelled(
    table: datasets.Dataset,
    where: object,
    image: str,
    label: str,
    names: Names,
    id_column: str | None,
    subject_column: str | None,
) -> FaceDataset:
    """A table with a picture column and a label column of words, numbers or class names."""
    wanted = [column for column in (label, id_column, subject_column) if column]
    require_columns(table.column_names, (image, *wanted), where)
    feature = table.features[label]
    dictionary = _dictionary(feature.names if names is None and isinstance(feature, datasets.ClassLabel) else names)
    columns = table.select_columns(list(dict.fromkeys(wanted))).to_pandas()
    if columns[label].isna().any():
        row = int(np.flatnonzero(columns[label].isna())[0])
        raise DataError(f"{where}: expected a label in the column {label} of row {row}, found an empty cell")
    words = columns[label]
    if dictionary is None and not all(isinstance(word, str) for word in words):
        raise DataError(f"{where}: expected expression words in the column {label}, found {words[0]}; set `names`")
    expressions = expressions_of(words, dictionary, where)
    order = tuple(dict.fromkeys(expressions_of((dictionary or {}).values(), None, where) or sorted(expressions)))
    pictures = table.select_columns([image])
    if image != "image":
        pictures = pictures.rename_column(image, "image")
    if not isinstance(pictures.features["image"], datasets.Image):
        pictures = pictures.cast_column("image", datasets.Image())
    return FaceDataset(
        pictures,
        class_ids(expressions, order, where),
        order,
        ids=columns[id_column] if id_column else [f"row {row}" for row in range(len(table))],
        subjects=columns[subject_column] if subject_column else None,
    )


def parquet(
    path: Path,
    split: str,
    *,
    image: str = "image",
    label: str = "label",
    names: Names = None,
    split_column: str | None = None,
    id_column: str | None = None,
    subject_column: str | None = None,
) -> FaceDataset:
    """A parquet file, or a folder with `train.parquet` or `train-00000-of-00002.parquet`, ... for the split `train`.

    Args:
        split_column: the column of a single file that holds the split; without it the file's one split is `all`.
        id_column, subject_column: the pictures' names and who is in them, where there are such columns.
    """
    if path.is_dir():
        pattern = re.compile(re.escape(split) + r"(-\d+-of-\d+)?\.parquet")
        files = sorted(file for file in path.rglob("*.parquet") if pattern.fullmatch(file.name))
        if not files:
            raise DataError(f"expected {split}.parquet or {split}-00000-of-0000N.parquet in {path}, found none")
        table = open_table(files)
    else:
        table = open_table(path)
        if split_column is None:
            require_whole(split, path)
    if split_column is not None:
        require_columns(table.column_names, (split_column,), path)
        usage = table.select_columns([split_column]).to_pandas()[split_column].to_numpy()
        table = table.select(rows_of_split(usage, split, path))
    return _labelled(table, path, image, label, names, id_column, subject_column)


def hub(
    path: Path,
    split: str,
    *,
    image: str = "image",
    label: str = "label",
    names: Names = None,
    config: str | None = None,
    revision: str | None = None,
    id_column: str | None = None,
    subject_column: str | None = None,
) -> FaceDataset:
    """A data set on the Hub, `path` being its id (`owner/name`), or a local copy of its repository.

    Args:
        config: which of the data set's configurations. revision: branch, tag or commit.
    """
    try:
        table = datasets.load_dataset(str(path), config, split=split, revision=revision)
    except (DatasetGenerationError, ValueError, OSError) as error:
        raise DataError(f"expected the split {split!r} of the data set {path}, found: {error}") from error
    return _labelled(table, path, image, label, names, id_column, subject_column)
