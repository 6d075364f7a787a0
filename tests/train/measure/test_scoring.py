import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from fer_models import EXPRESSIONS
from tests.support.tiny import tiny_checkpoint, tiny_ferplus, tiny_pictures
from train.data.readers import DataError, FaceDataset, load_split
from train.measure.scoring import Checkpoint, CheckpointError, labels_for, load_checkpoint, score, scoring_order


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("scoring")


@pytest.fixture(scope="module")
def checkpoint(folder) -> Checkpoint:
    return load_checkpoint(str(tiny_checkpoint(folder / "tiny")))


@pytest.fixture(scope="module")
def data(folder) -> FaceDataset:
    return load_split("ferplus_parquet", tiny_ferplus(folder / "data.parquet"), "PublicTest")


def relabelled(data: FaceDataset, labels: list[int], names: tuple[str, ...]) -> FaceDataset:
    """The first pictures of `data` with other labels."""
    return FaceDataset(data.pictures.select(range(len(labels))), np.array(labels), names)


def test_labels_become_the_models_by_name(checkpoint, data):
    two = relabelled(data, [1, 0, 1], ("sadness", "happiness"))
    matched, left_out, shared = labels_for(two, checkpoint)
    assert matched.labels.tolist() == [1, 3, 1]
    assert left_out == {}
    assert np.flatnonzero(shared).tolist() == [1, 3]


def test_data_without_a_common_expression_is_an_error(folder, data):
    seven = load_checkpoint(str(tiny_checkpoint(folder / "seven", names=EXPRESSIONS[:7])))
    with pytest.raises(DataError, match="no expression in common"):
        labels_for(relabelled(data, [0, 0], ("contempt",)), seven)


def test_each_prediction_is_that_of_its_own_picture(checkpoint, data):
    scores = score(checkpoint, data, np.array([5, 0, 17]), batch_size=2)
    picture = checkpoint.processor([tiny_pictures(24)[17]], return_tensors="pt")
    expected = checkpoint.model(**picture).logits.detach().numpy()[0]
    assert scores.rows.tolist() == [5, 0, 17]
    np.testing.assert_allclose(scores.logits[2], expected, rtol=1e-3, atol=1e-3)


def test_sorted_order_lies_class_after_class_and_shuffled_order_does_not():
    labels = np.arange(40) % 4
    assert np.all(np.diff(labels[scoring_order(labels, seed=0, by_class=True)]) >= 0)
    shuffled = scoring_order(labels, seed=0)
    assert not np.all(np.diff(labels[shuffled]) >= 0)
    assert sorted(shuffled) == list(range(40))


def test_the_order_and_a_sample_are_the_same_for_the_same_seed():
    labels = np.zeros(40, dtype=int)
    np.testing.assert_array_equal(scoring_order(labels, 5, limit=10), scoring_order(labels, 5)[:10])


def test_a_change_sees_the_picture_and_its_row(checkpoint, data):
    seen = []

    def blacken(picture: Image.Image, row: int) -> Image.Image:
        seen.append((picture.size, row))
        return Image.new("L", picture.size)

    logits = score(checkpoint, data, np.array([4, 2]), 2, change=blacken).logits
    assert seen == [((48, 48), 4), ((48, 48), 2)]
    np.testing.assert_allclose(logits[0], logits[1])


def test_a_checkpoint_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint folder and no Hub repo"):
        load_checkpoint(str(tmp_path / "absent"))


def test_weights_that_do_not_fill_the_model_are_an_error(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    weights = load_file(folder / "model.safetensors")
    del weights["classifier.fc.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"no weights for classifier\.fc\.weight"):
        load_checkpoint(str(folder))


def test_classes_that_are_no_expressions_are_an_error(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"]["0"] = "cat"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="unknown expression 'cat'"):
        load_checkpoint(str(folder))
