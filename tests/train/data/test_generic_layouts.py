"""Class folders, parquet files and Hub data sets with columns and labels of any name."""

import datasets
import pytest
from PIL import Image

from train.data.face_dataset import DataError
from train.data.readers import load_split

pytestmark = pytest.mark.usefixtures("data_cache")


@pytest.fixture
def pictures(tmp_path):
    files = []
    for grey in (10, 20, 30):
        files.append(str(tmp_path / f"{grey}.png"))
        Image.new("L", (8, 8), grey).save(files[-1])
    return files


def contents(dataset):
    rows = [dataset[index] for index in range(len(dataset))]
    return [(row["image"].getpixel((0, 0))[0], dataset.names[row["label"]]) for row in rows]


def write(file, pictures, **columns):
    table = datasets.Dataset.from_dict({"photo": pictures, **columns}).cast_column("photo", datasets.Image())
    table.to_parquet(str(file))
    return file


def test_class_folders_are_read_by_their_expression_words(tmp_path, pictures):
    for file, word in zip(pictures, ("happy", "sad", "sad"), strict=True):
        (tmp_path / "faces/train" / word).mkdir(parents=True, exist_ok=True)
        Image.open(file).save(tmp_path / "faces/train" / word / f"{word}-{file[-6:]}")
    train = load_split("imagefolder", tmp_path / "faces", "train")
    assert contents(train) == [(10, "happiness"), (20, "sadness"), (30, "sadness")]
    assert train.ids[0] == "train/happy/happy-10.png"


def test_class_folders_with_other_words_are_mapped_by_the_config(tmp_path, pictures):
    for file, folder in zip(pictures, ("2", "1", "2"), strict=True):
        (tmp_path / "faces/train" / folder).mkdir(parents=True, exist_ok=True)
        Image.open(file).save(tmp_path / "faces/train" / folder / f"{file[-6:]}")
    options = {"names": {1: "surprise", 2: "fear"}}
    train = load_split("imagefolder", tmp_path / "faces", "train", options=options)
    assert contents(train) == [(20, "surprise"), (10, "fear"), (30, "fear")]
    assert train.names == ("surprise", "fear")


def test_a_parquet_files_columns_and_numbers_are_mapped_by_the_config(tmp_path, pictures):
    file = write(tmp_path / "f.parquet", pictures, mood=[2, 0, 1], part=["a", "b", "a"], who=["x", "y", "z"])
    options = {"image": "photo", "label": "mood", "names": ["neutral", "happy", "sad"], "split_column": "part"}
    part = load_split("parquet", file, "a", options=options | {"subject_column": "who", "id_column": "who"})
    assert contents(part) == [(10, "sadness"), (30, "happiness")]
    assert part.names == ("neutral", "happiness", "sadness")
    assert part.subjects.tolist() == ["x", "z"] and part.ids.tolist() == ["x", "z"]


def test_a_folder_of_parquet_files_is_split_by_their_names(tmp_path, pictures):
    folder = tmp_path / "parts"
    folder.mkdir()
    write(folder / "train-00000-of-00002.parquet", pictures[:1], label=["anger"])
    write(folder / "train-00001-of-00002.parquet", pictures[1:2], label=["fear"])
    write(folder / "training.parquet", pictures[2:], label=["fear"])
    train = load_split("parquet", folder, "train", options={"image": "photo"})
    assert contents(train) == [(10, "anger"), (20, "fear")]
    with pytest.raises(DataError, match=r"expected test.parquet or .*, found none"):
        load_split("parquet", folder, "test")


def test_pictures_stored_as_bytes_are_decoded(tmp_path, pictures):
    table = datasets.Dataset.from_dict({"image": [(tmp_path / "10.png").read_bytes()], "label": ["sad"]})
    table.to_parquet(str(tmp_path / "bytes.parquet"))
    assert contents(load_split("parquet", tmp_path / "bytes.parquet", "all")) == [(10, "sadness")]


def test_numbers_without_names_are_an_error_that_says_what_to_set(tmp_path, pictures):
    file = write(tmp_path / "f.parquet", pictures, label=[2, 0, 1])
    with pytest.raises(DataError, match="expression words in the column label, found 2; set `names`"):
        load_split("parquet", file, "all", options={"image": "photo"})


def test_a_label_outside_the_mapping_is_named(tmp_path, pictures):
    file = write(tmp_path / "f.parquet", pictures, label=[0, 1, 2])
    with pytest.raises(DataError, match="unknown label '2'; known labels: 0, 1"):
        load_split("parquet", file, "all", options={"image": "photo", "names": ["sad", "happy"]})


def test_an_empty_label_is_named_by_its_row(tmp_path, pictures):
    file = write(tmp_path / "f.parquet", pictures, label=["sad", None, "sad"])
    with pytest.raises(DataError, match="label of row 1, found an empty cell"):
        load_split("parquet", file, "all", options={"image": "photo"})


def test_a_missing_column_is_named_beside_those_that_are_there(tmp_path, pictures):
    file = write(tmp_path / "f.parquet", pictures, label=["sad"] * 3)
    with pytest.raises(DataError, match="no column image; it has photo, label"):
        load_split("parquet", file, "all")


def test_a_file_that_is_no_parquet_is_an_error(tmp_path):
    (tmp_path / "f.parquet").write_text("not a table")
    with pytest.raises(DataError, match=r"expected a parquet file at .*f.parquet, found"):
        load_split("parquet", tmp_path / "f.parquet", "all")


def test_a_hub_data_sets_class_names_are_read_from_its_features(tmp_path, pictures):
    folder = tmp_path / "repo/data"
    folder.mkdir(parents=True)
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["Sad", "Happy"])})
    table = datasets.Dataset.from_dict({"image": pictures, "label": [1, 0, 1]}, features=features)
    table.to_parquet(str(folder / "train-00000-of-00001.parquet"))
    train = load_split("hub", tmp_path / "repo", "train")
    assert contents(train) == [(10, "happiness"), (20, "sadness"), (30, "happiness")]
    assert train.names == ("sadness", "happiness")
    with pytest.raises(DataError, match="the split 'test' of the data set"):
        load_split("hub", tmp_path / "repo", "test")
