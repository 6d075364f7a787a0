"""Splits that are made here: nobody in two parts, the same for the same seed, close to the shares asked for."""

import numpy as np
import pytest
from PIL import Image

from train.config.recipe import ConfigError, Data
from train.data.face_dataset import DataError
from train.data.splits import load_splits, split_by_subject, stratified_split, subject_folds

# 118 people with 3 to 18 pictures each, as in CK+, in mixed order.
RANDOM = np.random.default_rng(0)
SUBJECTS = RANDOM.permutation(np.repeat([f"S{n:03}" for n in range(118)], 3 * RANDOM.integers(1, 7, 118)))


def partition(parts: list[np.ndarray]) -> list[int]:
    return sorted(np.concatenate(parts).tolist())


def test_no_person_is_in_two_folds_and_every_picture_is_in_one():
    folds = subject_folds(SUBJECTS, 10, seed=1)
    assert partition(folds) == list(range(len(SUBJECTS)))
    people = [set(SUBJECTS[rows]) for rows in folds]
    assert sum(map(len, people)) == len(set().union(*people)) == 118


def test_folds_are_equal_in_size_to_within_one_small_person():
    sizes = [len(rows) for rows in subject_folds(SUBJECTS, 10, seed=1)]
    assert max(sizes) - min(sizes) <= 3


def test_folds_depend_on_the_seed_alone():
    first, again, other = (subject_folds(SUBJECTS, 10, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_as_many_folds_as_people_leaves_one_out():
    subjects = np.repeat(list("abcdefghij"), [20, 21, 22, 23, 20, 21, 21, 22, 21, 22])
    folds = subject_folds(subjects, 10, seed=3)
    assert sorted(set(subjects[rows]).pop() for rows in folds) == list("abcdefghij")
    assert all(len(set(subjects[rows])) == 1 for rows in folds)


@pytest.mark.parametrize("folds", [1, 4])
def test_folds_that_the_people_do_not_fill_are_an_error(folds):
    with pytest.raises(DataError, match=f"2 to 3 folds for 3 persons, found {folds}"):
        subject_folds(np.array(["a", "b", "c"]), folds, seed=0)


def test_a_split_by_person_comes_close_to_its_shares():
    parts = split_by_subject(SUBJECTS, (0.7, 0.2, 0.1), seed=0)
    assert partition(parts) == list(range(len(SUBJECTS)))
    assert not set(SUBJECTS[parts[0]]) & set(SUBJECTS[parts[1]]) and not set(SUBJECTS[parts[0]]) & set(
        SUBJECTS[parts[2]]
    )
    assert not set(SUBJECTS[parts[1]]) & set(SUBJECTS[parts[2]])
    np.testing.assert_allclose([len(part) / len(SUBJECTS) for part in parts], [0.7, 0.2, 0.1], atol=0.005)


def test_a_part_without_a_person_is_an_error():
    with pytest.raises(DataError, match=r"enough persons for 3 parts of \[0.7, 0.2, 0.1\], found 2"):
        split_by_subject(np.array(["a", "b"]), [0.7, 0.2, 0.1], seed=0)


def test_shares_that_are_not_a_whole_are_an_error():
    with pytest.raises(DataError, match=r"shares that sum to 1, found 0.7, 0.2"):
        split_by_subject(SUBJECTS, (0.7, 0.2), seed=0)


LABELS = np.repeat(np.arange(7), [1290, 281, 717, 4772, 1982, 705, 2524])  # RAF-DB's training classes


@pytest.mark.parametrize("share", [0.1, 0.2, 0.037])
def test_a_carved_split_has_each_classs_share_to_within_one_picture(share):
    rest, carved = stratified_split(LABELS, share, seed=5)
    assert partition([rest, carved]) == list(range(len(LABELS))) and len(carved) == round(share * len(LABELS))
    expected = np.bincount(LABELS) * len(carved) / len(LABELS)
    assert np.abs(np.bincount(LABELS[carved]) - expected).max() <= 1


def test_a_carved_split_depends_on_the_seed_alone():
    assert np.array_equal(stratified_split(LABELS, 0.1, 5)[1], stratified_split(LABELS, 0.1, 5)[1])
    assert not np.array_equal(stratified_split(LABELS, 0.1, 5)[1], stratified_split(LABELS, 0.1, 6)[1])


def test_a_class_of_one_picture_cannot_be_carved():
    with pytest.raises(DataError, match="cannot carve 50% of 5 pictures by class: there is a single picture of fear;"):
        stratified_split(np.array([0, 0, 0, 0, 1]), 0.5, seed=0, names=("anger", "fear"))


def test_parts_that_cannot_hold_every_class_are_refused():
    with pytest.raises(DataError, match="cannot carve 20% of 6 pictures by class: each part needs one of all 3"):
        stratified_split(np.array([0, 0, 1, 1, 2, 2]), 0.2, seed=0)


@pytest.fixture
def rafdb(tmp_path):
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "Image/aligned").mkdir(parents=True)
    names = [f"train_{n:05}" for n in range(70)] + [f"test_{n:04}" for n in range(7)]
    for name in names:
        Image.new("L", (8, 8)).save(tmp_path / f"Image/aligned/{name}_aligned.jpg")
    lines = [f"{name}.jpg {n % 7 + 1}" for n, name in enumerate(names)]
    (tmp_path / "EmoLabel/list_patition_label.txt").write_text("\n".join(lines))
    return tmp_path


def test_a_config_without_validation_gets_one_from_train_and_leaves_test_alone(rafdb):
    splits = load_splits(Data("rafdb", "rafdb", train="train", test="test", validation_share=0.2), rafdb)
    assert {name: len(split) for name, split in splits.items()} == {"train": 56, "validation": 14, "test": 7}
    assert np.bincount(splits["validation"].labels).tolist() == [2] * 7
    assert not set(splits["train"].ids) & set(splits["validation"].ids)
    assert set(splits["test"].ids) == {f"test_{n:04}.jpg" for n in range(7)}


def test_a_config_with_a_validation_split_uses_it(rafdb):
    splits = load_splits(Data("rafdb", "rafdb", train="train", validation="test"), rafdb)
    assert {name: len(split) for name, split in splits.items()} == {"train": 70, "validation": 7}


@pytest.fixture
def jaffe(tmp_path):
    for subject in ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM"):
        for n, code in enumerate(("AN", "DI", "FE", "HA", "NE", "SA", "SU")):
            Image.new("L", (8, 8)).save(tmp_path / f"{subject}.{code}1.{n}.tiff")
    return tmp_path


def test_each_fold_of_a_config_is_another_test_person(jaffe):
    seen = []
    for fold in range(10):
        splits = load_splits(Data("jaffe", "jaffe", train="all", folds=10, fold=fold), jaffe)
        people = {name: set(split.subjects) for name, split in splits.items()}
        assert {name: len(people[name]) for name in people} == {"test": 1, "validation": 1, "train": 8}
        assert len(set.union(*people.values())) == 10
        seen += people["test"]
    assert sorted(seen) == ["KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM"]


def test_a_config_with_shares_splits_by_person(jaffe):
    splits = load_splits(Data("jaffe", "jaffe", train="all", shares=[0.7, 0.2, 0.1]), jaffe)
    assert {name: len(set(s.subjects)) for name, s in splits.items()} == {"train": 7, "validation": 2, "test": 1}


def test_folds_of_data_without_persons_are_an_error(rafdb):
    with pytest.raises(DataError, match="the layout rafdb does not say them"):
        load_splits(Data("rafdb", "rafdb", train="train", folds=10), rafdb)


def test_a_config_may_list_its_labels(jaffe):
    labels = ["sad", "happy", "neutral", "surprise", "anger", "disgust", "fear"]
    data = Data("jaffe", labels, train="all", validation="all")
    train = load_splits(data, jaffe)["train"]
    assert train.names == ("sadness", "happiness", "neutral", "surprise", "anger", "disgust", "fear")
    assert train.labels[:7].tolist() == [4, 5, 6, 1, 2, 0, 3]


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"labels": "fer"}, "unknown label order 'fer'; known: ferplus"),
        ({"labels": ["sad", "sadness"]}, "each expression once"),
        ({"shares": [0.7, 0.3]}, "three shares"),
        ({"folds": 10, "fold": 10}, "a `fold` below `folds`"),
        ({"validation_share": 1.0}, "between 0 and 1, found 1.0"),
    ],
)
def test_a_data_config_that_contradicts_itself_is_refused(wrong, words):
    with pytest.raises(ConfigError, match=words):
        Data(**({"layout": "jaffe", "labels": "jaffe", "train": "all"} | wrong))


def test_a_rehearsal_trains_on_a_sample_and_validates_on_all_the_pictures(rafdb):
    whole = load_splits(Data("rafdb", "rafdb", train="train", validation="test"), rafdb)
    few = [load_splits(Data("rafdb", "rafdb", train="train", validation="test", train_pictures=3), rafdb) for _ in "ab"]
    assert len(whole["train"]) > len(few[0]["train"]) == 3
    assert few[0]["train"].ids.tolist() == few[1]["train"].ids.tolist()
    assert set(few[0]["train"].ids) < set(whole["train"].ids)
    assert few[0]["validation"].ids.tolist() == whole["validation"].ids.tolist()
