"""Made-up data sets in the layouts that the hub configs read: small, but every class and enough people in each."""

import csv
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_models.expressions import LABEL_ORDERS
from tests.support.tiny import tiny_ferplus, tiny_pictures

PEOPLE = 12  # enough for ten folds by person


def _ferplus_parquet(folder: Path) -> Path:
    # an odd number of splits, so that each of them has each of the 8 labels
    return tiny_ferplus(folder / "ferplus.parquet", 24, splits=("Training", "PublicTest", "PrivateTest"))


def _fer2013_csv(folder: Path) -> Path:
    splits = ("Training", "Training", "PublicTest", "PrivateTest")
    with (folder / "fer2013.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["emotion", "pixels", "Usage"])
        for index, picture in enumerate(tiny_pictures(28)):
            table.writerow([index % 7, " ".join(map(str, np.asarray(picture).ravel())), splits[index // 7]])
    return folder / "fer2013.csv"


def _rafdb(folder: Path) -> Path:
    """Ten training pictures of each class, so that a tenth of them has each class."""
    (folder / "EmoLabel").mkdir()
    (folder / "Image/aligned").mkdir(parents=True)
    names = [f"{split}_{number:05}" for split, count in (("train", 70), ("test", 7)) for number in range(count)]
    lines = []
    for index, (name, picture) in enumerate(zip(names, tiny_pictures(77), strict=True)):
        picture.convert("RGB").resize((100, 100)).save(folder / f"Image/aligned/{name}_aligned.jpg")
        lines.append(f"{name}.jpg {index % 7 + 1}")
    (folder / "EmoLabel/list_patition_label.txt").write_text("\n".join(lines))
    return folder


def _fer2013plus_folders(folder: Path) -> Path:
    places = itertools.product(("train", "validation", "test"), LABEL_ORDERS["fer2013plus"])
    for (split, name), picture in zip(places, tiny_pictures(24), strict=True):
        (folder / split / name).mkdir(parents=True)
        picture.resize((112, 112)).save(folder / split / name / "0.png")
    return folder


def _ckplus_folders(folder: Path) -> Path:
    names = LABEL_ORDERS["ckplus"]
    for index, picture in enumerate(tiny_pictures(2 * PEOPLE)):
        person, name = index % PEOPLE, names[index % len(names)]
        (folder / name).mkdir(exist_ok=True)
        picture.save(folder / name / f"S{person:03}_{index:03}_00000017.png")
    return folder


def _jaffe(folder: Path) -> Path:
    codes = ("AN1", "DI1", "FE1", "HA1", "NE1", "SA1", "SU1")
    for index, picture in enumerate(tiny_pictures(2 * PEOPLE)):
        person = "ABCDEFGHIJKL"[index % PEOPLE]
        picture.resize((256, 256)).save(folder / f"K{person}.{codes[index % len(codes)]}.{index}.tiff")
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "ferplus_parquet": _ferplus_parquet,
    "fer2013_csv": _fer2013_csv,
    "rafdb": _rafdb,
    "fer2013plus_folders": _fer2013plus_folders,
    "ckplus_folders": _ckplus_folders,
    "jaffe": _jaffe,
}


def tiny_data(layout: str, folder: Path) -> Path:
    """A data set in this layout in the empty folder; what `--data` must name."""
    return WRITERS[layout](folder)
