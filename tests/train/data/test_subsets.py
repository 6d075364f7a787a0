"""Published list files -> our pictures, in each of the formats that the lists come in."""

import datasets
import numpy as np
import pytest

from fer_models.expressions import LABEL_ORDERS
from train.data.face_dataset import DataError, FaceDataset
from train.data.subsets import ListedPicture, picture_key, read_subset_list, select_subset


def named(ids, labels, names=LABEL_ORDERS["ferplus"]):
    return FaceDataset(datasets.Dataset.from_dict({"image": ids}), np.array(labels), names, ids=ids)


@pytest.mark.parametrize(
    "line, key, code",
    [
        ("1_fer0034656.png 8 0", "fer0034656", 8),
        ("0/fer0032226.jpg", "fer0032226", 0),
        ("test_0003_aligned 3 4", "test_0003", 3),
        ("5/test_0004_aligned.jpg", "test_0004", 5),
        ("fer0032226.png", "fer0032226", None),
    ],
)
def test_each_published_format_gives_a_picture_and_the_lists_own_label(tmp_path, line, key, code):
    (tmp_path / "list.txt").write_text(line + "\n\n")
    assert read_subset_list(tmp_path / "list.txt") == [ListedPicture(key, code)]


@pytest.mark.parametrize(
    "name", ["test_0003.jpg", "test_0003_aligned.jpg", "DATASET/test/4/test_0003_aligned.jpg", "test_0003_aligned"]
)
def test_a_picture_has_one_key_in_every_layout(name):
    assert picture_key(name) == "test_0003"


def test_a_line_that_is_no_picture_and_numbers_is_named(tmp_path):
    (tmp_path / "list.txt").write_text("0/fer0032226.jpg\nfer0032227.png happy\n")
    with pytest.raises(DataError, match=r"line 2: .*'fer0032227.png happy'"):
        read_subset_list(tmp_path / "list.txt")


@pytest.mark.parametrize("text, words", [(None, "found none"), ("\n", "found an empty file")])
def test_a_list_that_is_missing_or_empty_is_an_error(tmp_path, text, words):
    if text is not None:
        (tmp_path / "list.txt").write_text(text)
    with pytest.raises(DataError, match=words):
        read_subset_list(tmp_path / "list.txt")


def test_listed_pictures_are_selected_once_in_the_lists_order_with_our_labels():
    data = named(["fer0000001.png", "fer0000002.png", "fer0000003.png"], [0, 1, 2])
    listed = [ListedPicture("fer0000003", 2), ListedPicture("fer0000001", 5), ListedPicture("fer0000003", 1)]
    subset, report = select_subset(data, listed, LABEL_ORDERS["ferplus"])
    assert subset.ids.tolist() == ["fer0000003.png", "fer0000001.png"] and subset.labels.tolist() == [2, 0]
    assert report["listed"] == 2 and report["listed_again"] == 1 and report["selected"] == 2


def test_a_listed_picture_that_we_do_not_have_is_counted_and_named():
    listed = [ListedPicture("fer0000001", None), ListedPicture("fer0000009", None)]
    _, report = select_subset(named(["fer0000001.png"], [0]), listed, LABEL_ORDERS["ferplus"])
    assert report["not_in_data"] == ["fer0000009"] and report["selected"] == 1


def test_the_lists_labels_are_compared_by_name_and_only_where_there_is_one():
    names = LABEL_ORDERS["ferplus"]  # our data in a model's order; the list in RAF-DB's
    data = named([f"test_000{n}.jpg" for n in range(4)], [names.index("happiness")] * 4, names)
    listed = [ListedPicture(f"test_000{n}", code) for n, code in enumerate((3, 0, None, 7))]
    _, report = select_subset(data, listed, LABEL_ORDERS["rafdb"])
    assert report["labels_compared"] == 2 and report["labels_different"] == 1
    assert report["labels_without_meaning"] == 1 and report["labels_assumed"]["3"] == "happiness"


def test_labels_of_a_list_may_count_from_one():
    data = named(["test_0001.jpg"], [LABEL_ORDERS["ferplus"].index("happiness")])
    _, report = select_subset(data, [ListedPicture("test_0001", 4)], LABEL_ORDERS["rafdb"], first_code=1)
    assert report["labels_compared"] == 1 and report["labels_different"] == 0


def test_a_listed_name_that_two_pictures_share_is_an_error():
    data = named(["train/1/a.png", "train/2/a.png"], [0, 1])
    with pytest.raises(DataError, match=r"one picture named a, found train/1/a.png, train/2/a.png"):
        select_subset(data, [ListedPicture("a", None)], LABEL_ORDERS["ferplus"])


def test_a_list_of_another_data_set_is_an_error_that_shows_both_names():
    with pytest.raises(DataError, match=r"the list has test_0001, the data fer0000001.png"):
        select_subset(named(["fer0000001.png"], [0]), [ListedPicture("test_0001", 1)], LABEL_ORDERS["rafdb"])
