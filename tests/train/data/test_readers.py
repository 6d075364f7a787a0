"""`FaceDataset`, `load_split` and `relabel`."""

import os
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from train.data.face_dataset import DataError, FaceDataset, relabel
from train.data.layout_parts import picture_files
from train.data.readers import load_split
from train.data.splits import require_readable

pytestmark = pytest.mark.usefixtures("data_cache")


@pytest.fixture
def faces(tmp_path):
    files = []
    for grey in (10, 20, 30, 40):
        files.append(str(tmp_path / f"{grey}.png"))
        Image.new("L", (8, 8), grey).save(files[-1])
    table = datasets.Dataset.from_dict({"image": files}).cast_column("image", datasets.Image())
    votes = np.array([[1, 0, 0], [0.5, 0.25, 0.25], [0, 0.6, 0.4], [0.2, 0.3, 0.5]], dtype=np.float32)
    return FaceDataset(
        table,
        np.array([0, 0, 1, 2]),
        ("neutral", "contempt", "fear"),
        votes,
        ids=["a.png", "b.png", "c.png", "d.png"],
        subjects=["S1", "S1", "S2", "S3"],
        skipped={"not a face": 2},
    )


def test_a_row_is_the_picture_with_its_label_and_votes(faces):
    row = faces[2]
    assert row["image"].getpixel((0, 0))[0] == 30 and row["label"] == 1
    np.testing.assert_allclose(row["votes"], [0, 0.6, 0.4])


def test_a_batch_is_its_rows_in_the_order_asked_for(faces):
    assert [row["image"].getpixel((0, 0))[0] for row in faces.__getitems__([3, 0, 3])] == [40, 10, 40]


def test_labels_without_votes_are_one_hot_votes(faces):
    assert FaceDataset(faces.pictures, faces.labels, faces.names)[3]["votes"].tolist() == [0, 0, 1]


def test_select_keeps_what_belongs_to_a_row_together(faces):
    part = faces.select(np.array([3, 1]))
    assert [row["image"].getpixel((0, 0))[0] for row in part] == [40, 20]
    assert part.labels.tolist() == [2, 0] and part.votes[0].tolist() == faces.votes[3].tolist()
    assert part.ids.tolist() == ["d.png", "b.png"] and part.subjects.tolist() == ["S3", "S1"]
    assert part.skipped == {"not a face": 2}


@pytest.mark.parametrize("damage", [b"", b"not a picture", None])
def test_an_unreadable_picture_is_an_error_that_names_it(faces, tmp_path, damage):
    whole = (tmp_path / "30.png").read_bytes()
    (tmp_path / "30.png").write_bytes(whole[:45] if damage is None else damage)
    with pytest.raises(DataError, match=r"the picture c.png cannot be read"):
        faces.__getitems__([0, 1, 2, 3])
    assert faces[1]["image"].getpixel((0, 0))[0] == 20


def test_pictures_are_not_opened_before_they_are_asked_for(faces, tmp_path):
    (tmp_path / "10.png").unlink()
    assert len(faces.select(np.array([0, 1]))) == 2
    with pytest.raises(DataError, match=r"a.png cannot be read"):
        faces[0]


def test_relabelling_maps_by_name_and_counts_what_the_model_does_not_know(faces):
    other, left_out = relabel(faces, ("fear", "happiness", "neutral"))
    assert other.names == ("fear", "happiness", "neutral")
    assert other.labels.tolist() == [2, 2, 0] and left_out == {"contempt": 1}
    assert other.ids.tolist() == ["a.png", "b.png", "d.png"] and other.subjects.tolist() == ["S1", "S1", "S3"]
    assert [row["image"].getpixel((0, 0))[0] for row in other] == [10, 20, 40]


def test_relabelled_votes_are_shares_of_the_expressions_that_are_left(faces):
    other, _ = relabel(faces, ("fear", "happiness", "neutral"))
    np.testing.assert_allclose(other.votes, [[0, 0, 1], [1 / 3, 0, 2 / 3], [5 / 7, 0, 2 / 7]], rtol=1e-6)


def test_relabelling_to_the_same_names_changes_nothing(faces):
    same, left_out = relabel(faces, faces.names)
    assert left_out == {} and same.labels.tolist() == faces.labels.tolist()
    np.testing.assert_allclose(same.votes, faces.votes, atol=1e-7)


def test_relabelling_understands_the_words_of_other_models(faces):
    other, left_out = relabel(faces, ("Neutral", "Fearful"))
    assert other.labels.tolist() == [0, 0, 1] and left_out == {"contempt": 1}
    with pytest.raises(DataError, match="unknown expression 'LABEL_0'"):
        relabel(faces, ("LABEL_0",))


def test_an_unknown_layout_is_named_beside_the_known_ones(tmp_path):
    with pytest.raises(DataError, match="unknown layout 'raf'; known: rafdb, "):
        load_split("raf", tmp_path, "train")


def test_an_unknown_option_is_named_beside_the_known_ones(tmp_path):
    with pytest.raises(DataError, match="unknown option 'img' of the layout parquet; known: image, label"):
        load_split("parquet", tmp_path, "train", options={"img": "x"})
    with pytest.raises(DataError, match="unknown option 'image' of the layout jaffe; known: none"):
        load_split("jaffe", tmp_path, "all", options={"image": "x"})


def test_an_expression_outside_the_asked_for_names_is_an_error_with_its_count(tmp_path):
    for word in ("happy", "contempt"):
        (tmp_path / "train" / word).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "train" / word / "1.png")
    with pytest.raises(DataError, match="expected only neutral, happiness, found 1 of contempt"):
        load_split("imagefolder", tmp_path, "train", ("neutral", "happiness"))


@pytest.mark.skipif("FERPLUS_PARQUET" not in os.environ, reason="FERPLUS_PARQUET does not name the real file")
def test_the_real_ferplus_has_the_published_number_of_pictures_per_class():
    file = Path(os.environ["FERPLUS_PARQUET"])
    train, validation = (load_split("ferplus_parquet", file, split) for split in ("Training", "PublicTest"))
    assert np.bincount(train.labels).tolist() == [10387, 7539, 3588, 3548, 2477, 194, 656, 167]
    assert np.bincount(validation.labels).tolist() == [1347, 899, 459, 418, 320, 36, 75, 25]
    assert train.skipped == {"no vote for an expression": 2} and validation.skipped == {}
    assert train[0]["image"].size == (48, 48)


def test_the_same_face_is_the_same_picture_in_every_depth_it_is_stored_in(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (8, 8))
    grey[0, :2] = 0, 255
    stored = {
        "8.png": grey.astype(np.uint8),
        "16.png": (257 * grey).astype(np.uint16),
        "32.tif": grey.astype(np.int32),
        "one.tif": (grey / 255).astype(np.float32),
        "255.tif": grey.astype(np.float32),
    }
    for name, values in stored.items():
        Image.fromarray(values).save(tmp_path / name)
    faces = FaceDataset(picture_files([tmp_path / name for name in stored]), np.zeros(5, int), ("neutral",))
    for row in faces.__getitems__([0, 1, 2, 3, 4]):
        assert row["image"].mode == "RGB"
        np.testing.assert_array_equal(np.asarray(row["image"])[..., 0], grey)


def test_the_pictures_that_cannot_be_read_are_named_before_anything_is_done_with_them(faces, tmp_path):
    require_readable({"train": faces})
    (tmp_path / "20.png").write_bytes(b"")
    (tmp_path / "40.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"2 of the 4 pictures of the split validation cannot be read: b.png, d.png;"):
        require_readable({"train": faces.select(np.array([0, 2])), "validation": faces})
