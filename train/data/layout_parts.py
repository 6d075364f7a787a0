"""What the readers of several layouts share: tables, class folders, labels by name, a word about what is skipped."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import datasets
import numpy as np
from datasets.exceptions import DatasetGenerationError

from fer_models.expressions import canonical_expression
from fer_models.photo import PICTURE_SUFFIXES
from train.data.face_dataset import DataError


def visible(paths: Iterable[Path]) -> list[Path]:
    """The paths in order, without those that start with a dot: macOS puts a `._x.png` that is no picture beside `x.png`
    on disks that are not its own."""
    return sorted(path for path in paths if not path.name.startswith("."))


def picture_files(files: Sequence[Path]) -> datasets.Dataset:
    """A table of paths whose `image` column is decoded when it is asked for.

    Raises:
        DataError: a file is not there; the message names the first and says how many.
    """
    absent = [file for file in files if not file.is_file()]
    if absent:
        raise DataError(f"expected a picture at {absent[0]}, found none ({len(absent)} of {len(files)} are missing)")
    features = datasets.Features({"image": datasets.Image()})
    return datasets.Dataset.from_dict({"image": [str(file) for file in files]}, features=features)


def open_table(files: Path | list[Path]) -> datasets.Dataset:
    """CSV or parquet files, memory-mapped.

    Raises:
        DataError: a file is not there, or is not what its name says.
    """
    files = [files] if isinstance(files, Path) else files
    for file in files:
        if not file.is_file():
            raise DataError(f"expected a file at {file}, found none")
    is_csv = files[0].suffix == ".csv"
    read = datasets.Dataset.from_csv if is_csv else datasets.Dataset.from_parquet
    try:
        return read([str(file) for file in files])
    except (DatasetGenerationError, ValueError, OSError) as error:
        kind = "CSV" if is_csv else "parquet"
        raise DataError(f"expected a {kind} file at {files[0]}, found: {error.__cause__ or error}") from error


def require_columns(columns: Iterable[str], wanted: Sequence[str], where: object) -> None:
    """Raises DataError when a wanted column is not there."""
    found = list(columns)
    absent = [column for column in wanted if column not in found]
    if absent:
        raise DataError(f"{where} has no column {', '.join(absent)}; it has {', '.join(found)}")


def rows_of_split(usage: np.ndarray, split: str, where: object) -> np.ndarray:
    """Indices of the rows whose `(N,)` usage is the split.

    Raises:
        DataError: no row is.
    """
    rows = np.flatnonzero(usage == split)
    if not len(rows):
        raise DataError(f"{where} has no split {split!r}; it has {', '.join(sorted(set(map(str, usage))))}")
    return rows


def require_whole(split: str, where: object) -> None:
    """Raises DataError for any split of a data set that its owners did not split."""
    if split != "all":
        raise DataError(f"{where} comes as one whole, so its only split is 'all', found {split!r}")


def expressions_of(words: Iterable[object], dictionary: Mapping[str, str] | None, where: object) -> list[str]:
    """A data set's own words or numbers -> canonical expression names.

    Args:
        dictionary: own word or number, as text -> expression; the words themselves are expressions where it is absent.

    Raises:
        DataError: a word that is neither.
    """
    found = list(map(str, words))
    meaning = {}
    for word in dict.fromkeys(found):
        if dictionary is not None and word not in dictionary:
            raise DataError(f"{where}: unknown label {word!r}; known labels: {', '.join(dictionary)}")
        try:
            meaning[word] = canonical_expression(word if dictionary is None else dictionary[word])
        except ValueError as error:
            raise DataError(f"{where}: {error}") from error
    return [meaning[word] for word in found]


def class_ids(expressions: Sequence[str], names: Sequence[str], where: object) -> np.ndarray:
    """`(N,)` class ids of canonical expressions in the order of `names`.

    Raises:
        DataError: an expression that is not among the names.
    """
    ids = {name: index for index, name in enumerate(names)}
    unknown = sorted(set(expressions) - set(ids))
    if unknown:
        raise DataError(f"{where}: expected only {', '.join(names)}, found {', '.join(unknown)}")
    return np.array([ids[expression] for expression in expressions], dtype=np.int64)


def class_folders(
    folder: Path, dictionary: Mapping[str, str] | None, names: Sequence[str] | None
) -> tuple[list[Path], list[str], dict[str, list[str]]]:
    """The pictures in a folder of class folders and their sub-folders, in the order of their paths.

    Args:
        dictionary: folder name -> expression, see `expressions_of`.
        names: the expressions that must all have a folder; any set of them is right where it is absent.

    Returns:
        files, the expression of each, and reason -> names of files that were left out.

    Raises:
        DataError: no such folder, a folder that is no class, a class without pictures.
    """
    if not folder.is_dir():
        others = sorted(f.name for f in folder.parent.iterdir() if f.is_dir()) if folder.parent.is_dir() else []
        raise DataError(f"expected class folders in {folder}, found none; beside it: {', '.join(others) or 'nothing'}")
    folders = visible(f for f in folder.iterdir() if f.is_dir() and f.name != "__MACOSX")
    classes = expressions_of([f.name for f in folders], dictionary, folder)
    files, expressions, skipped = [], [], {}
    for class_folder, expression in zip(folders, classes, strict=True):
        for file in sorted(path for path in class_folder.rglob("*") if not path.is_dir()):
            place = file.relative_to(folder)
            if any(part.startswith(".") for part in place.parts):
                skipped.setdefault("hidden", []).append(str(place))
            elif file.suffix.lower() in PICTURE_SUFFIXES:
                files.append(file)
                expressions.append(expression)
            else:
                skipped.setdefault("not a picture", []).append(str(place))
    absent = sorted(set(classes if names is None else names) - set(expressions))
    if absent or not files:
        raise DataError(f"expected pictures of {', '.join(absent) or 'some expression'} in {folder}, found none")
    return files, expressions, skipped


def count_skips(where: object, skips: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Reason -> names becomes reason -> count; the first names of each go to stderr, so nothing is dropped silently."""
    for reason, names in skips.items():
        some = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        print(f"{where}: left out {len(names)} ({reason}): {some}", file=sys.stderr)
    return {reason: len(names) for reason, names in skips.items()}
