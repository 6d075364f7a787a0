"""Equal and nearly equal pictures of two splits, and whether their labels agree."""

import json

import datasets
import numpy as np
import pytest
from PIL import Image

from fer_models.results.near_duplicates import Pairs
from train.data.face_dataset import DataError, FaceDataset
from train.near_duplicates import compare, fingerprints, main

pytestmark = pytest.mark.usefixtures("data_cache")
RANDOM = np.random.default_rng(0)
SMOOTH = [
    np.asarray(Image.fromarray(RANDOM.integers(0, 255, (6, 6), dtype=np.uint8)).resize((48, 48))) for _ in range(6)
]


def split(pictures, labels, names=("neutral", "fear")):
    table = datasets.Dataset.from_dict({"image": [Image.fromarray(picture) for picture in pictures]})
    return FaceDataset(table.cast_column("image", datasets.Image()), np.array(labels), names)


def brighter(picture):
    return (picture * 0.8 + 40).astype(np.uint8)


def test_equal_and_near_pictures_are_told_apart_and_unlike_ones_are_not_counted():
    first = split(SMOOTH[:3], [0, 0, 1])
    second = split([SMOOTH[0], brighter(SMOOTH[1]), SMOOTH[4], SMOOTH[5]], [0, 1, 0, 0])
    equal, near = compare(first, second)
    assert equal.pictures_of_second == 1 and equal.pairs_with_different_labels == 0
    assert near == Pairs(
        pairs=2,
        pairs_with_different_labels=1,
        pictures_of_first=2,
        pictures_of_second=2,
        share_of_second=0.5,
        pictures_of_second_with_a_different_label=1,
    )


def test_a_picture_with_several_partners_is_counted_once():
    first = split([SMOOTH[0], SMOOTH[0], brighter(SMOOTH[0])], [0, 1, 1])
    _, near = compare(first, split([SMOOTH[0]], [0]))
    assert near.pairs == 3 and near.pairs_with_different_labels == 2
    assert near.pictures_of_second == near.pictures_of_second_with_a_different_label == 1


def test_pictures_of_one_grey_are_equal_only_when_they_are_equal():
    grey = [np.full((48, 48), value, dtype=np.uint8) for value in (10, 200)]
    assert np.all(fingerprints(split(grey, [0, 0]))[0] == 0)
    _, near = compare(split(grey[:1], [0]), split(grey, [0, 0]))
    assert near.pairs == 1


def test_splits_in_different_label_orders_cannot_be_compared():
    with pytest.raises(DataError, match="expected one label order, found neutral, fear and fear, neutral"):
        compare(split(SMOOTH[:1], [0]), split(SMOOTH[:1], [0], ("fear", "neutral")))


@pytest.fixture
def folder(tmp_path):
    for name, pictures in (("train", SMOOTH[:3]), ("test", [SMOOTH[3], SMOOTH[1]])):
        (tmp_path / name / "happy").mkdir(parents=True)
        for n, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / name / f"happy/{n}.png")
    return tmp_path


def test_the_command_writes_what_was_compared_and_how(folder):
    out = folder / "results/near.json"
    arguments = ["--layout", "imagefolder", "--data", str(folder), "--splits", "train", "test", "--out", str(out)]
    main(arguments)
    result = json.loads(out.read_text())
    assert result["first"] == {"split": "train", "pictures": 3} and result["second"]["pictures"] == 2
    assert result["equal"]["pairs"] == 1 and result["threshold"] == 0.96
    assert result["data"] == {"layout": "imagefolder", "file": folder.name}


def test_one_split_is_not_compared_with_itself(folder):
    arguments = ["--layout", "imagefolder", "--data", str(folder), "--splits", "train", "train"]
    with pytest.raises(SystemExit, match="two different splits, found train twice"):
        main(arguments)
