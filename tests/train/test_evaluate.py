import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_models import EXPRESSIONS
from tests.support.tiny import only_result, tiny_checkpoint, tiny_ferplus, tiny_pictures
from train.evaluate import main, measure
from train.measure.scoring import load_checkpoint

pytestmark = pytest.mark.slow  # scores pictures

SHUFFLED = tuple(EXPRESSIONS[i] for i in (5, 2, 7, 0, 3, 6, 1, 4))
WITHOUT_CONTEMPT = ("fear", "anger", "neutral", "surprise", "disgust", "happiness", "sadness")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("evaluate")


def evaluate(checkpoint: Path, data: Path, out: Path, *arguments: str) -> Path:
    where = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest", "--out", str(out)]
    return main([str(checkpoint), *where, *arguments])


@pytest.fixture(scope="module")
def tiny(folder) -> Path:
    return tiny_checkpoint(folder / "tiny")


@pytest.fixture(scope="module")
def data(folder) -> Path:
    return tiny_ferplus(folder / "data.parquet")


@pytest.fixture(scope="module")
def results(folder, tiny, data) -> Path:
    """The results folder after one command that used every option."""
    seven = tiny_checkpoint(folder / "seven", names=WITHOUT_CONTEMPT)
    out = folder / "results"
    arguments = ["--batch-sizes", "1,8", "--against", str(seven), "--predictions", str(folder / "answers.npz")]
    evaluate(tiny, data, out, *arguments)
    return out


@pytest.fixture(scope="module")
def result(results) -> dict:
    return only_result(results, "tiny-on-ferplus_parquet-PublicTest.json")


def test_every_picture_is_scored(result):
    assert (result["n_samples"], result["n_scored"], result["left_out"]) == (24, 24, {})
    assert np.array(result["confusion"]).sum(axis=1).tolist() == [3] * 8


def test_the_accuracy_is_that_of_the_predictions(result, folder):
    answers = np.load(folder / "answers.npz")
    right = (answers["logits"].argmax(axis=1) == answers["labels"]).mean()
    assert result["metrics"]["accuracy"]["value"] == pytest.approx(right, abs=1e-5)


def test_the_result_says_what_was_measured_on_what(result):
    assert result["checkpoint"]["parameters"] == 1_093_033  # 33 more than for 7 classes
    assert result["data"]["file"] == "data.parquet"
    assert (result["order"], result["seed"]) == ("shuffled", 0)


def test_confusion_matrix_and_coverage_are_drawn_beside_the_result(results):
    stem = "tiny-on-ferplus_parquet-PublicTest"
    assert {file.name for file in results.glob("*.png")} == {f"{stem}-confusion.png", f"{stem}-coverage.png"}


def test_batch_sizes_agree_for_patch_attention(result):
    assert result["batch_check"]["independent"]
    assert result["batch_check"]["moved_predictions"] == 0
    assert set(result["batch_sizes"]) == {"1", "8"}


def test_two_checkpoints_are_compared_on_the_pictures_that_both_know(results):
    comparison = only_result(results, "tiny-vs-seven-on-*.json")
    assert comparison["n_scored"] == 21
    difference = comparison["accuracy_first"] - comparison["accuracy_second"]
    assert comparison["difference"]["value"] == pytest.approx(difference, abs=1e-5)


@pytest.mark.filterwarnings("ignore:attention=.batch.")
def test_a_model_that_looks_at_its_neighbours_fails_the_batch_check(folder, data, tmp_path):
    checkpoint = tiny_checkpoint(folder / "batch", attention="batch")
    with pytest.raises(SystemExit, match=r"predictions depend on the batch: \d+ of 12 change"):
        evaluate(checkpoint, data, tmp_path, "--batch-sizes", "1,8", "--limit", "12")
    assert not only_result(tmp_path)["batch_check"]["independent"]


def test_labels_are_matched_by_name_in_any_order(folder, data, result, tmp_path):
    file = evaluate(tiny_checkpoint(folder / "permuted", names=SHUFFLED), data, tmp_path)
    permuted = json.loads(file.read_text())
    assert permuted["metrics"]["accuracy"] == result["metrics"]["accuracy"]
    assert permuted["recall"] == result["recall"]


def test_left_out_and_unreadable_pictures_are_counted_and_the_latter_are_wrong(folder, tmp_path):
    checkpoint = tiny_checkpoint(folder / "seven", names=WITHOUT_CONTEMPT)
    evaluate(checkpoint, tiny_ferplus(tmp_path / "broken.parquet", broken=(3,)), tmp_path)
    broken = only_result(tmp_path)
    assert (broken["n_samples"], broken["n_scored"]) == (24, 20)
    assert broken["left_out"] == {"contempt": 3}
    assert len(broken["unreadable"]) == 1
    accuracy = broken["metrics"]["accuracy"]["value"]
    assert broken["accuracy_unreadable_wrong"] == pytest.approx(accuracy * 20 / 21, abs=1e-5)


def test_a_model_with_more_expressions_is_also_measured_with_only_those_of_the_data(tiny):
    shared = np.isin(EXPRESSIONS, ["happiness", "sadness"])
    logits = np.zeros((2, 8))
    logits[:, 0], logits[0, 1], logits[1, 3] = 9, 5, 5  # neutral first, the label second
    numbers = measure(logits, np.array([1, 3]), shared, load_checkpoint(str(tiny)), seed=0)["metrics"]
    assert numbers.accuracy.value == 0
    assert numbers.accuracy_shared_classes.value == 1


def test_only_the_pictures_of_a_published_list_are_scored_and_the_result_says_how_it_fits(folder, tiny, data, tmp_path):
    listed = tmp_path / "pose_30.txt"
    # Picture i has the label i modulo 8; the last one is not in the data, and 8 is no code of FER+'s order.
    listed.write_text(
        "1_fer0000001.png 1 0\n1_fer0000010.png 5 0\n3/fer0000011.jpg\n8/fer0000012.jpg\n0/fer0034656.jpg\n"
    )
    answers = tmp_path / "answers.npz"
    arguments = ("--subset", str(listed), "--subset-name", "pose > 30", "--predictions", str(answers))
    file = evaluate(tiny, data, tmp_path / "out", *arguments)
    assert file.name == "tiny-on-ferplus_parquet-PublicTest-pose-30.json"
    result = json.loads(file.read_text())
    assert (result["n_samples"], result["n_scored"]) == (4, 4)
    assert sorted(np.load(answers)["ids"]) == [f"fer{index:07}.png" for index in (1, 10, 11, 12)]
    assert result["data"]["subset"] == {
        "name": "pose > 30",
        "list": "pose_30.txt",
        "sha256": hashlib.sha256(listed.read_bytes()).hexdigest(),
        "listed": 5,
        "listed_again": 0,
        "selected": 4,
        "not_in_data": ["fer0034656"],
        "labels_compared": 3,
        "labels_different": 1,
        "labels_without_meaning": 1,
        "labels_assumed": {str(code): name for code, name in enumerate(EXPRESSIONS)},
    }


@pytest.fixture(scope="module")
def rafdb(folder) -> Path:
    """RAF-DB's files with two test pictures, both happy."""
    names = ("test_0003", "test_0004")
    for part in ("EmoLabel", "Image/aligned"):
        (folder / "rafdb" / part).mkdir(parents=True)
    (folder / "rafdb/EmoLabel/list_patition_label.txt").write_text("\n".join(f"{name}.jpg 4" for name in names))
    for name, picture in zip(names, tiny_pictures(2), strict=True):
        picture.save(folder / f"rafdb/Image/aligned/{name}_aligned.jpg")
    return folder / "rafdb"


@pytest.mark.slow
@pytest.mark.parametrize(
    "line, arguments, different",
    [
        ("test_0003_aligned 3 4", (), 0),
        ("3/test_0004_aligned.jpg", (), 0),
        ("test_0003_aligned 3 4", ("--subset-labels", "ferplus"), 1),
        ("3/test_0004_aligned.jpg", ("--subset-labels", "neutral,sadness,anger,happiness"), 0),
        ("4/test_0004_aligned.jpg", ("--subset-first-code", "1"), 0),
    ],
)
def test_a_lists_codes_mean_the_owners_order_unless_the_command_says_otherwise(
    tiny, rafdb, tmp_path, line, arguments, different
):
    (tmp_path / "list.txt").write_text(line)
    where = ("--layout", "rafdb", "--data", str(rafdb), "--split", "test", "--out", str(tmp_path / "out"))
    file = main([str(tiny), *where, "--subset", str(tmp_path / "list.txt"), *arguments])
    subset = json.loads(file.read_text())["data"]["subset"]
    assert (subset["selected"], subset["labels_compared"], subset["labels_different"]) == (1, 1, different)


def test_an_unknown_label_order_of_a_list_is_refused(tiny, data, tmp_path, capsys):
    with pytest.raises(SystemExit):
        evaluate(tiny, data, tmp_path, "--subset", "list.txt", "--subset-labels", "affectnet")
    assert "unknown label order 'affectnet'; known: ferplus" in capsys.readouterr().err


def test_a_checkpoint_with_priors_is_measured_in_both_settings(folder, tiny, data):
    priors = [0.4, 0.3, 0.1, 0.1, 0.04, 0.03, 0.02, 0.01]
    other = shutil.copytree(tiny, folder / "priors")
    config = json.loads((other / "config.json").read_text())
    own = {"class_priors": priors, "balanced_temperature": 30.0, "balanced_threshold": 0.2}
    (other / "config.json").write_text(json.dumps(config | own))
    answers = folder / "priors.npz"
    evaluate(other, data, folder / "balanced", "--predictions", str(answers))
    result = only_result(folder / "balanced", "priors-on-ferplus_parquet-PublicTest.json")
    scored = np.load(answers)
    divided = np.exp(scored["logits"] / 30) / priors
    shares = divided / divided.sum(axis=1, keepdims=True)
    right = shares.argmax(axis=1) == scored["labels"]
    assert result["balanced"]["accuracy"]["value"] == pytest.approx(right.mean(), abs=1e-5)
    assert result["balanced"]["answered"] == pytest.approx((shares.max(axis=1) >= 0.2).mean(), abs=1e-5)
    by_class = [right[scored["labels"] == label].mean() for label in range(8)]
    assert result["balanced"]["mean_class_accuracy"]["value"] == pytest.approx(np.mean(by_class), abs=1e-5)
    assert list(result["balanced"]["recall"].values()) == pytest.approx(by_class, abs=1e-5)


def test_a_checkpoint_without_priors_is_measured_in_one(result):
    assert "balanced" not in result
