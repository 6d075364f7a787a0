import json

import numpy as np
import pytest
import torch

from fer_models.expressions import EXPRESSIONS
from fer_models.paths import ROOT
from tests.support.tiny import only_result, tiny_checkpoint, tiny_ferplus
from train.calibrate import (
    Setting,
    calibration,
    class_priors,
    cross_fitted,
    fit_temperature,
    main,
    reject_threshold,
    warnings_of,
)
from train.data.face_dataset import DataError
from train.measure import metrics
from train.measure.scoring import load_checkpoint


@pytest.fixture(scope="module")
def calibrated() -> tuple[np.ndarray, np.ndarray]:
    """Logits (20000, 5) and labels drawn from their own softmax: a model that is exactly as sure as it should be."""
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(20000, 5))
    shares = metrics.probabilities(logits).cumsum(axis=1)
    return logits, (rng.random((20000, 1)) > shares).sum(axis=1)


def test_a_calibrated_model_has_temperature_1(calibrated):
    assert fit_temperature(*calibrated) == pytest.approx(1, abs=0.03)


def test_logits_multiplied_by_3_have_temperature_3(calibrated):
    logits, labels = calibrated
    assert fit_temperature(3 * logits, labels) == pytest.approx(3 * fit_temperature(logits, labels), rel=1e-3)


def test_the_temperature_repairs_an_overconfident_model(calibrated):
    logits, labels = calibrated
    result = calibration(3 * logits, labels, error=0.05, seed=0)
    assert result.ece_before > 0.1
    assert result.ece_after_cross_fitted < 0.02
    assert result.nll_after_same_pictures < result.nll_before


def test_the_cross_fitted_confidence_comes_from_the_other_half():
    logits = np.random.default_rng(0).normal(size=(200, 3))
    labels = logits.argmax(axis=1)
    half = np.random.default_rng(0).permutation(200) % 2
    labels[half == 0] = (labels[half == 0] + 1) % 3  # all wrong here, all right there
    confidence, *_ = cross_fitted(logits, labels, error=0.05, seed=0)
    assert np.median(confidence[half == 0]) > 0.99  # sharpened by the half that is right
    assert np.median(confidence[half == 1]) < 0.4  # flattened by the half that is wrong


def test_the_threshold_is_the_lowest_that_keeps_the_error():
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    correct = np.array([True, False, True, True, False])
    # Wrong among the answered, from the surest on: 0, 1/2, 1/3, 1/4, 2/5.
    assert reject_threshold(confidence, correct, 0.25) == pytest.approx(0.55)
    assert reject_threshold(confidence, correct, 0.10) == pytest.approx(0.85)


def test_a_good_model_always_answers():
    assert reject_threshold(np.array([0.9, 0.6]), np.array([True, True]), 0.05) == 0


def test_a_threshold_that_cannot_be_reached_is_none():
    assert reject_threshold(np.array([0.9, 0.6]), np.array([False, True]), 0.05) is None


@pytest.mark.slow
def test_the_command_stores_what_it_fitted_and_leaves_the_rest_of_the_config_alone(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    data = tiny_ferplus(tmp_path / "data.parquet", count=200)
    before = json.loads((folder / "config.json").read_text())
    out = tmp_path / "results"
    where = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest", "--out", str(out)]
    main([str(folder), *where, "--error", "0.95"])
    after = json.loads((folder / "config.json").read_text())
    result = only_result(out)
    fitted = ("softmax_temperature", "reject_threshold", "calibration")
    assert {k: v for k, v in after.items() if k not in fitted} == {k: v for k, v in before.items() if k not in fitted}
    assert after["softmax_temperature"] == pytest.approx(result["softmax_temperature"], rel=1e-4)
    assert after["reject_threshold"] == pytest.approx(result["reject_threshold"], abs=1e-5)
    assert load_checkpoint(str(folder)).model.config.calibration == after["calibration"]
    assert (after["calibration"]["split"], after["calibration"]["n"]) == ("PublicTest", 200)
    assert (out / "tiny-calibration-on-ferplus_parquet-PublicTest-reliability.png").is_file()


@pytest.mark.slow
def test_folded_into_the_weights_the_temperature_is_in_everybodys_softmax(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    data = tiny_ferplus(tmp_path / "data.parquet", count=200)
    out = tmp_path / "out"
    where = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest", "--out", str(out)]
    faces = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    def logits() -> torch.Tensor:
        model = load_checkpoint(str(folder)).model
        with torch.no_grad():
            return model(torch.nn.functional.interpolate(faces, size=model.config.image_size)).logits

    main([str(folder), *where, "--error", "0.95"])
    known = load_checkpoint(str(folder)).model.config
    before = logits()
    main([str(folder), *where, "--error", "0.95", "--fold"])
    config = load_checkpoint(str(folder)).model.config
    temperature = known.softmax_temperature
    assert temperature != pytest.approx(1, abs=0.05)  # else folding shows nothing
    assert config.softmax_temperature == 1 and config.folded_temperature == pytest.approx(temperature, rel=1e-4)
    assert config.reject_threshold == pytest.approx(known.reject_threshold, abs=1e-3)
    torch.testing.assert_close(logits() * temperature, before, rtol=1e-3, atol=1e-4)
    assert only_result(out)["checkpoint"]["sha256"] == load_checkpoint(str(folder)).sha256


def test_a_handful_of_pictures_is_refused_and_the_checkpoint_stays_as_it_is(tmp_path):
    folder = tiny_checkpoint(tmp_path / "tiny")
    data = tiny_ferplus(tmp_path / "data.parquet", count=40)
    before = (folder / "config.json").read_text()
    where = [
        "--data",
        str(data),
        "--layout",
        "ferplus_parquet",
        "--split",
        "PublicTest",
        "--out",
        str(tmp_path / "out"),
    ]
    with pytest.raises(SystemExit, match="calibration needs 200 pictures or more, found 40"):
        main([str(folder), *where])
    assert (folder / "config.json").read_text() == before
    assert not (tmp_path / "out").exists()


def test_a_perfect_score_is_warned_about_and_a_useful_calibration_is_not(calibrated):
    logits, labels = calibrated
    assert warnings_of(calibration(logits, labels, error=0.05, seed=0)) == []
    perfect = calibration(logits, logits.argmax(axis=1), error=0.05, seed=0)
    bound, sure = warnings_of(perfect)
    assert bound.startswith("the temperature ended at 0.05, a bound of the search") and "every answer is sure" in sure


def test_a_folder_without_a_config_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match=r"no config\.json in"):
        main([str(tmp_path), "--data", "x", "--layout", "ferplus_parquet", "--split", "PublicTest"])


@pytest.fixture(scope="module")
def rare() -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """Logits (40000, 3) and labels of a model that is exactly as sure as it should be, and how common its classes are:
    the last one is rare."""
    rng = np.random.default_rng(1)
    priors = np.array([0.7, 0.25, 0.05])
    labels = rng.choice(3, size=40000, p=priors)
    seen = rng.normal(size=(40000, 3)) + np.eye(3)[labels]  # log likelihood ratios are the values themselves
    return seen + np.log(priors), labels, tuple(priors)


def test_where_classes_are_equally_likely_the_rare_one_is_recognised_and_the_model_is_as_sure_as_it_should_be(rare):
    logits, labels, priors = rare
    result = calibration(logits, labels, 0.2, 0, Setting(priors))
    assert result.softmax_temperature == pytest.approx(1, abs=0.03)
    assert result.ece_after_cross_fitted < 0.02
    assert result.cross_fitted.error == pytest.approx(0.2, abs=0.02)
    balanced = Setting(priors).probabilities(logits, 1.0).argmax(axis=1)
    recalled = [(answers[labels == 2] == 2).mean() for answers in (logits.argmax(axis=1), balanced)]
    assert recalled[0] < 0.2 and recalled[1] > 0.55


def test_class_priors_are_the_mean_votes_and_refuse_a_class_without_any():
    votes = np.array([[0.5, 0.5, 0], [1, 0, 0], [0, 0.5, 0.5], [1, 0, 0]])
    assert class_priors(votes, "abc") == pytest.approx((0.625, 0.25, 0.125))
    with pytest.raises(DataError, match="no vote for c; the classes cannot be made equally likely"):
        class_priors(votes[[0, 1]], "abc")


@pytest.mark.slow
def test_with_a_config_the_command_stores_the_balanced_setting_too(tmp_path, data_cache):
    folder = tiny_checkpoint(tmp_path / "tiny", names=tuple(reversed(EXPRESSIONS)))
    data = tiny_ferplus(tmp_path / "data.parquet", count=600, splits=("Training", "Training", "PublicTest"))
    config = str(ROOT / "hub_configs/pattlite-ferplus.yaml")
    main([str(folder), "--data", str(data), "--config", config, "--out", str(tmp_path / "results"), "--error", "0.9"])
    balanced = only_result(tmp_path / "results")["balanced"]
    stored = load_checkpoint(str(folder)).model.config
    labels = [index % 8 for index in range(600) if index % 3 < 2]  # all ten votes of picture i are for class i modulo 8
    expected = np.bincount(labels, minlength=8)[::-1] / len(labels)
    np.testing.assert_allclose(stored.class_priors, expected, atol=1e-5)
    assert list(balanced["class_priors"]) == list(reversed(EXPRESSIONS))
    assert stored.balanced_temperature == pytest.approx(balanced["softmax_temperature"], rel=1e-4)
    assert stored.balanced_threshold == pytest.approx(balanced["reject_threshold"], abs=1e-5)
