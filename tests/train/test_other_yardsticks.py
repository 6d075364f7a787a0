"""Our yardsticks of maps say what other packages' say of the same maps."""

import importlib.util

import numpy as np
import pytest
import torch

from fer_models.explain import explain
from fer_models.integrated_numpy import enlarged
from fer_models.paths import CHECKPOINTS
from fer_models.results import read
from fer_models.results.other_yardsticks import Compared, OtherYardsticks
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train import other_yardsticks
from train.measure.scoring import load_checkpoint
from train.measure.yardsticks import max_sensitivity

pytestmark = pytest.mark.slow  # explains faces again and again

needs_quantus = pytest.mark.skipif(importlib.util.find_spec("quantus") is None, reason="quantus is not installed")


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(str(CHECKPOINTS / "pattlite-ferplus"))


@pytest.fixture
def face(checkpoint, portrait):
    return checkpoint.pixel_values([portrait.crop((170, 55, 290, 175))])[0]


def test_the_change_with_noise_is_the_one_of_captum(checkpoint, face):
    answer = explain(checkpoint.model, face[None])
    ours = max_sensitivity(
        lambda faces: explain(checkpoint.model, faces, "gradcam", answer.class_ids * len(faces)).cam, face
    )
    assert (
        0.01
        < ours
        == pytest.approx(
            other_yardsticks.sensitivity_of_captum(checkpoint, face, answer.class_ids[0], own_noise=False), rel=1e-5
        )
    )


def test_a_map_without_ties_has_the_order_of_the_map():
    values = np.array([[0.0, 0.5], [0.5, 1.0]])
    strict = other_yardsticks.without_ties(values, seed=0)
    assert sorted(strict.ravel()) == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert strict[0, 0] == 0 and strict[1, 1] == 1


@needs_quantus
def test_quantus_agrees_if_it_is_asked_in_our_way(checkpoint, face):
    answer = explain(checkpoint.model, face[None])
    raw = enlarged(answer.cam[0], face.shape[-2:])
    asked = (checkpoint, face, other_yardsticks.without_ties(raw, 0), answer.class_ids[0])
    ours = other_yardsticks.deletion_of_ours(*asked)
    assert other_yardsticks.deletion_of_quantus(*asked, float(face.mean())) == pytest.approx(ours, abs=0.003)


def test_numbers_are_compared_face_by_face():
    found = other_yardsticks.compared([0.1, 0.2, 0.6], [0.2, 0.4, 1.2])
    assert found == Compared(
        ours=pytest.approx(0.3), theirs=pytest.approx(0.6), largest=pytest.approx(0.6), correlation=pytest.approx(1)
    )
    assert other_yardsticks.compared([0.1, 0.2], [0.3, 0.3]).correlation is None


def test_without_the_package_one_sentence_says_how_to_install_it(tmp_path, data_cache, monkeypatch, capsys):
    def missing(name):
        raise other_yardsticks.PackageNotFoundError(name)

    monkeypatch.setattr(other_yardsticks, "version", missing)
    data = tiny_ferplus(tmp_path / "data.parquet", count=4)
    with pytest.raises(SystemExit, match=r"^error: .* is not installed: pip install quantus$"):
        other_yardsticks.main(
            [str(tmp_path), "--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest"]
        )


@needs_quantus
def test_the_command_writes_what_it_measured(tmp_path, data_cache):
    data = tiny_ferplus(tmp_path / "data.parquet", count=4)
    folder = tiny_checkpoint(tmp_path / "tiny")
    pictures = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest", "--limit", "2"]
    result = read(other_yardsticks.main([str(folder), *pictures, "--out", str(tmp_path / "results")]))
    assert isinstance(result, OtherYardsticks)
    assert list(result.compared) == [other_yardsticks.DELETION, other_yardsticks.SENSITIVITY]
    assert result.packages["quantus"] and result.n_samples == 2


@pytest.mark.parametrize("side, steps", [(56, 14), (112, 14), (160, 16), (224, 14)])
def test_the_steps_of_a_curve_divide_the_pixels(side, steps):
    assert other_yardsticks.points_of(torch.zeros(3, side, side)) == 3 * steps and side**2 % steps == 0
