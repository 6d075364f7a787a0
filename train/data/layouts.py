"""The published data sets, each in the layout its owners (or a well-known copy) ship it in: one reader per layout.

A reader takes the user's file or folder and the owner's name of a split, and gives a `FaceDataset` in the data set's
own label order. All raise `DataError` for files that are not laid out as its docstring says.
"""

import csv
import re
from pathlib import Path

import datasets
import numpy as np
from PIL import Image

from fer_models.expressions import LABEL_ORDERS
from fer_models.photo import PICTURE_SUFFIXES
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
    visible,
)

# FER+'s Usage -> the folder of its pictures.
FERPLUS_FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
# A warning sign instead of a face; the annotators voted on it all the same.
FERPLUS_NO_FACE = "fer0033120.png"
CKPLUS_CODES = ("neutral", *LABEL_ORDERS["ckplus"])  # the number in an _emotion.txt is the index
CKPLUS_LAST_FRAMES = 3  # the peak of the expression


def _folders(path: Path, split: str, names: tuple[str, ...], dictionary: dict[str, str] | None = None) -> FaceDataset:
    folder = path / split
    files, expressions, skips = class_folders(folder, dictionary, names)
    return FaceDataset(
        picture_files(files),
        class_ids(expressions, names, folder),
        names,
        ids=[file.relative_to(path).as_posix() for file in files],
        skipped=count_skips(folder, skips),
    )


def rafdb(path: Path, split: str) -> FaceDataset:
    """RAF-DB basic: `EmoLabel/list_patition_label.txt` (`train_00001.jpg 5`), `Image/aligned/train_00001_aligned.jpg`.
    Splits: `train`, `test`, the first part of a name."""
    names = LABEL_ORDERS["rafdb"]
    listing = path / "EmoLabel" / "list_patition_label.txt"
    if not listing.is_file():
        raise DataError(f"expected RAF-DB's list of labels at {listing}, found none")
    entries = []
    for number, line in enumerate(listing.read_text(encoding="utf-8").splitlines(), start=1):
        entry = re.fullmatch(r"((\w+?)_\d+)\.jpg\s+([1-7])\s*", line)
        if entry:
            entries.append(entry.groups())
        elif line.strip():
            raise DataError(f"{listing}, line {number}: expected 'train_00001.jpg 5', labels 1 to 7, found {line!r}")
    rows = rows_of_split(np.array([prefix for _, prefix, _ in entries]), split, listing)
    chosen = [entries[row] for row in rows]
    return FaceDataset(
        picture_files([path / "Image" / "aligned" / f"{stem}_aligned.jpg" for stem, _, _ in chosen]),
        np.array([int(label) - 1 for _, _, label in chosen]),
        names,
        ids=[f"{stem}.jpg" for stem, _, _ in chosen],
    )


def rafdb_folders(path: Path, split: str) -> FaceDataset:
    """RAF-DB's Kaggle copy: `DATASET/train/1` to `7` and `DATASET/test/1` to `7`; `path` is `DATASET` or its parent."""
    names = LABEL_ORDERS["rafdb"]
    path = path / "DATASET" if (path / "DATASET").is_dir() else path
    return _folders(path, split, names, {str(number): name for number, name in enumerate(names, start=1)})


def _decoded_pixels(batch: dict) -> dict:
    """`{"image": ["70 80 82 ...", ...]}` -> PIL pictures, 48 x 48 grey."""
    images = []
    for pixels in batch["image"]:
        values = np.array((pixels or "").split(), dtype=np.uint8)
        if len(values) != 48 * 48:
            raise DataError(f"expected 48 x 48 pixels, found {len(values)} values")
        images.append(Image.fromarray(values.reshape(48, 48)))
    return {"image": images}


def _fer2013_file(folder: Path) -> Path:
    """`fer2013.csv` in the folder, or what Kaggle's competition calls it."""
    names = ("fer2013.csv", "icml_face_data.csv")
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])


def _fer2013_table(file: Path) -> tuple[datasets.Dataset, np.ndarray, np.ndarray]:
    """Pictures that are decoded when asked for, `(N,)` labels and `(N,)` usage of all rows."""
    table = open_table(file)
    table = table.rename_columns({name: name.strip() for name in table.column_names})  # Kaggle's has " pixels"
    require_columns(table.column_names, ("emotion", "pixels", "Usage"), file)
    columns = table.select_columns(["emotion", "Usage"]).to_pandas()
    pictures = table.select_columns(["pixels"]).rename_column("pixels", "image").with_transform(_decoded_pixels)
    return pictures, columns["emotion"].to_numpy(), columns["Usage"].to_numpy()


def fer2013_csv(path: Path, split: str) -> FaceDataset:
    """FER2013: `fer2013.csv` or Kaggle's `icml_face_data.csv` (`emotion` 0 to 6, `pixels`, `Usage`); `path` is the file
    or its folder. Splits: `Training`, `PublicTest`, `PrivateTest`. A picture's id is its row, counted from 0."""
    names = LABEL_ORDERS["fer2013"]
    file = _fer2013_file(path) if path.is_dir() else path
    pictures, labels, usage = _fer2013_table(file)
    rows = rows_of_split(usage, split, file)
    codes = {str(code): name for code, name in enumerate(names)}
    expressions = expressions_of(labels[rows], codes, file)
    return FaceDataset(
        pictures.select(rows), class_ids(expressions, names, file), names, ids=[f"row {row}" for row in rows]
    )


def fer2013_folders(path: Path, split: str) -> FaceDataset:
    """FER2013 as `train/angry`, `train/disgust`, ... and `test/...`."""
    return _folders(path, split, LABEL_ORDERS["fer2013"])


def fer2013plus_folders(path: Path, split: str) -> FaceDataset:
    """FER2013Plus on Kaggle: eight class folders under `train`, `validation` and `test`, in any case of letters."""
    return _folders(path, split, LABEL_ORDERS["fer2013plus"])


def _ferplus_faces(image_names: np.ndarray, votes: np.ndarray, rows: np.ndarray, where: str) -> tuple[np.ndarray, dict]:
    """The rows that are faces, and reason -> count of those that are not."""
    reasons = {
        "no picture name in FER+": image_names[rows] == "",
        "not a face": image_names[rows] == FERPLUS_NO_FACE,
        "no vote for an expression": votes[rows].sum(axis=1) == 0,
    }
    keep = np.ones(len(rows), dtype=bool)
    skips = {}
    for reason, mask in reasons.items():
        if (mask & keep).any():
            skips[reason] = [image_names[row] or f"row {row}" for row in rows[mask & keep]]
        keep &= ~mask
    return rows[keep], count_skips(where, skips)


def _ferplus(
    pictures: datasets.Dataset, image_names: np.ndarray, votes: np.ndarray, skipped: dict[str, int]
) -> FaceDataset:
    """The label is the expression with most votes, the first in column order on a tie; the shares are soft labels."""
    votes = votes.astype(np.float32)
    shares = votes / votes.sum(axis=1, keepdims=True)
    names = LABEL_ORDERS["ferplus"]
    return FaceDataset(pictures, votes.argmax(axis=1), names, shares, ids=image_names, skipped=skipped)


def _fer2013new(listing: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`(N,)` usage, `(N,)` picture names, `(N, 8)` vote counts of all rows of `fer2013new.csv`."""
    if not listing.is_file():
        raise DataError(f"expected FER+'s votes at {listing}, found none")
    with listing.open(newline="", encoding="utf-8") as file:
        table = csv.DictReader(file, skipinitialspace=True)
        require_columns(table.fieldnames or (), ("Usage", "Image name", *LABEL_ORDERS["ferplus"]), listing)
        rows = list(table)
    try:
        votes = np.array([[int(row[name]) for name in LABEL_ORDERS["ferplus"]] for row in rows]).reshape(-1, 8)
    except (TypeError, ValueError) as error:
        raise DataError(f"{listing}: expected whole numbers of votes in every row, found: {error}") from error
    usage = np.array([row["Usage"] for row in rows], dtype=object)
    return usage, np.array([row["Image name"].strip() for row in rows], dtype=object), votes


def ferplus(path: Path, split: str) -> FaceDataset:
    """FER+: `fer2013new.csv` (`Usage`, `Image name`, ten vote counts) with `FER2013Train/fer0000000.png`, ...,
    `FER2013Valid`, `FER2013Test`, or instead the file of `fer2013_csv`, whose row i is row i of the votes.
    Splits: `Training`, `PublicTest`, `PrivateTest`.

    Rows without a picture name or a vote for one of the eight expressions, and one warning sign, are no faces; they are
    dropped with a count.
    """
    listing = path / "fer2013new.csv"
    usage, image_names, votes = _fer2013new(listing)
    rows, skipped = _ferplus_faces(image_names, votes, rows_of_split(usage, split, listing), f"{listing.name}, {split}")
    folder = path / FERPLUS_FOLDERS.get(split, split)
    if folder.is_dir():
        pictures = picture_files([folder / name for name in image_names[rows]])
    elif (pixels := _fer2013_file(path)).is_file():
        pictures, _, pixel_usage = _fer2013_table(pixels)
        if not np.array_equal(usage, pixel_usage):
            raise DataError(
                f"expected {pixels} to have the rows of {listing.name} in the same order, found "
                f"{len(pixel_usage)} rows against {len(usage)}, or another Usage in one of them"
            )
        pictures = pictures.select(rows)
    else:
        raise DataError(f"expected the pictures in {folder} or in {path / 'fer2013.csv'}, found neither")
    return _ferplus(pictures, image_names[rows], votes[rows], skipped)


def ferplus_parquet(path: Path, split: str) -> FaceDataset:
    """FER+ in one parquet file with the columns `image`, `image_name`, `usage` (the split) and the vote counts; labels
    and dropped rows as in `ferplus`."""
    names = LABEL_ORDERS["ferplus"]
    table = open_table(path)
    require_columns(table.column_names, ("image", "image_name", "usage", *names), path)
    columns = table.select_columns(["image_name", "usage", *names]).to_pandas()
    image_names = columns["image_name"].fillna("").to_numpy(dtype=object)
    votes = columns[list(names)].to_numpy()
    rows = rows_of_split(columns["usage"].to_numpy(dtype=object), split, path)
    rows, skipped = _ferplus_faces(image_names, votes, rows, f"{path.name}, {split}")
    return _ferplus(table.select(rows), image_names[rows], votes[rows], skipped)


def ckplus_labelled(path: Path) -> tuple[list[tuple[Path, tuple[Path, ...], str]], list[str]]:
    """CK+'s sequences that have a label: the folder of the pictures, these in the order of time, and the expression;
    and the names of those that have none.

    Raises:
        DataError: folders that are not there, several labels, a label that is no number from 0 to 7, too few frames.
    """
    images, emotions = path / "cohn-kanade-images", path / "Emotion"
    for folder in (images, emotions):
        if not folder.is_dir():
            raise DataError(f"expected CK+ to have the folder {folder}, found none")
    labelled, unlabelled = [], []
    folders = [f for root in (images, emotions) for f in visible(root.glob("S*/*")) if f.is_dir()]
    for sequence in sorted({folder.relative_to(folder.parents[1]) for folder in folders}):
        labels = visible((emotions / sequence).glob("*_emotion.txt"))
        if not labels:
            unlabelled.append(sequence.as_posix())
            continue
        if len(labels) > 1:
            raise DataError(f"expected one label for the sequence {sequence}, found {len(labels)}")
        text = labels[0].read_text(encoding="utf-8").strip()
        try:
            code = float(text)
        except ValueError:
            raise DataError(f"{labels[0]}: expected a number from 0 to 7, found {text!r}") from None
        codes = {str(float(number)): name for number, name in enumerate(CKPLUS_CODES)}
        frames = tuple(visible((images / sequence).glob("*.png")))
        if len(frames) < CKPLUS_LAST_FRAMES:
            raise DataError(f"expected {CKPLUS_LAST_FRAMES} or more frames in {images / sequence}, found {len(frames)}")
        labelled.append((images / sequence, frames, expressions_of([code], codes, labels[0])[0]))
    if not labelled:
        raise DataError(f"expected labelled sequences in {emotions}, found none")
    return labelled, unlabelled


def ckplus(path: Path, split: str) -> FaceDataset:
    """CK+: `cohn-kanade-images/S005/001/*.png` and `Emotion/S005/001/S005_001_00000011_emotion.txt` (`3.0000000e+00`).
    One split, `all`: the last three frames of every labelled sequence, with the subjects. Sequences without a label are
    left out with a count."""
    require_whole(split, path)
    labelled, unlabelled = ckplus_labelled(path)
    pairs = [(file, expression) for _, frames, expression in labelled for file in frames[-CKPLUS_LAST_FRAMES:]]
    files, expressions = map(list, zip(*pairs, strict=True))
    names = CKPLUS_CODES if "neutral" in expressions else LABEL_ORDERS["ckplus"]
    return FaceDataset(
        picture_files(files),
        class_ids(expressions, names, path / "Emotion"),
        names,
        ids=[file.name for file in files],
        subjects=[file.parts[-3] for file in files],
        skipped=count_skips("CK+", {"sequence without a label": unlabelled} if unlabelled else {}),
    )


def ckplus_folders(path: Path, split: str) -> FaceDataset:
    """CK+'s 48 x 48 copy: `anger/S010_004_00000017.png`, the subject first in the name. One split, `all`."""
    require_whole(split, path)
    dataset = _folders(path, "", LABEL_ORDERS["ckplus"])
    subjects = []
    for name in dataset.ids:
        subject = re.match(r"(S\d+)_", name.split("/")[-1])
        if not subject:
            raise DataError(f"expected a subject in the name, as in S010_004_00000017.png, found {name}")
        subjects.append(subject[1])
    dataset.subjects = np.array(subjects)
    return dataset


def jaffe(path: Path, split: str) -> FaceDataset:
    """JAFFE: one folder of `KA.AN1.39.tiff`, the subject, then the expression. One split, `all`."""
    require_whole(split, path)
    if not path.is_dir():
        raise DataError(f"expected JAFFE's pictures in the folder {path}, found no folder")
    names = LABEL_ORDERS["jaffe"]
    files, words, subjects, others = [], [], [], []
    for file in visible(f for f in path.iterdir() if f.is_file()):
        entry = re.fullmatch(r"([A-Z]{2})\.([A-Z]{2})\d+\.\d+\.tiff?", file.name)
        if entry:
            files.append(file)
            subjects.append(entry[1])
            words.append(entry[2])
        elif file.suffix.lower() in PICTURE_SUFFIXES:
            raise DataError(f"expected a name like KA.AN1.39.tiff, found {file}")
        else:
            others.append(file.name)
    if not files:
        raise DataError(f"expected pictures like KA.AN1.39.tiff in {path}, found none")
    return FaceDataset(
        picture_files(files),
        class_ids(expressions_of(words, None, path), names, path),
        names,
        ids=[file.name for file in files],
        subjects=subjects,
        skipped=count_skips(path.name, {"not a picture": others} if others else {}),
    )
