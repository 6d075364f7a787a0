"""Average maps, and the benchmark of explanations, from the command to the result file."""

import shutil

import numpy as np
import pytest

from fer_models.average_maps import FILE, OTHERS
from fer_models.checkpoint import Checkpoint
from fer_models.results import read
from fer_models.results.explanations import Mean
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train import average_maps, explanations
from train.explanations import GAINS, summarise
from train.measure.references import REFERENCES

pytestmark = pytest.mark.slow  # trainings, or many passes for each face

FACES, DEAR = 4, 2


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    """A checkpoint with its average maps, and the arguments that name the pictures."""
    folder = tmp_path_factory.mktemp("explanations")
    data = tiny_ferplus(folder / "data.parquet", count=30)
    checkpoint = tiny_checkpoint(folder / "tiny")
    arguments = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest"]
    average_maps.main([str(checkpoint), *arguments, "--limit", "24"])
    return folder, [str(checkpoint), *arguments]


@pytest.fixture(scope="module")
def result(where):
    folder, arguments = where
    limits = ["--limit", str(FACES), "--dear", str(DEAR), "--out", str(folder / "results")]
    return read(explanations.main([*arguments, *limits]))


def test_average_maps_lie_beside_the_weights_and_belong_to_them(where):
    kinds = Checkpoint(where[0] / "tiny").baselines
    assert {"gradcam", "integrated", "patch attention"} <= set(kinds)
    assert all(one.faces == 24 and len(one.others) == OTHERS for one in kinds.values())


def test_with_other_weights_the_average_maps_are_not_taken_and_that_is_said(where, tmp_path):
    other = tiny_checkpoint(tmp_path / "other", seed=1)
    shutil.copy(where[0] / "tiny" / FILE, other)
    with pytest.warns(UserWarning, match="made with other weights"):
        assert Checkpoint(other).baselines == {}


def test_every_method_is_measured_against_every_map_that_never_saw_the_face(result):
    assert {"gradcam", "integrated", *REFERENCES} <= set(result.worth)
    gradcam = result.worth["gradcam"]
    assert set(gradcam.gains) >= {"random", "centre", "mean map", "another face"}
    assert gradcam.gains["mean map"].faces == FACES and gradcam.gains["random"].faces == FACES
    assert gradcam.gains["another face"].faces == DEAR
    assert all(set(one.gains) <= set(GAINS) for one in result.worth.values())


def test_the_dearer_yardsticks_are_those_of_the_first_faces(result):
    yardsticks = result.worth["gradcam"].yardsticks
    assert yardsticks["agreement with hidden parts"].faces == DEAR
    assert yardsticks["gain over the mean map, mean colour"].faces == DEAR
    assert result.dear == DEAR and sum(result.worth["gradcam"].verdicts.values()) == pytest.approx(1)
    assert result.worth["occlusion"].gains["random"].faces == DEAR


def test_a_map_costs_more_than_a_plain_pass(result):
    assert result.worth["integrated"].passes > result.worth["gradcam"].passes > 0.8


def test_costs_are_measured_again_in_a_result_of_the_same_weights_alone(where, result, tmp_path):
    folder, arguments = where
    again = ["--limit", str(FACES), "--out", str(folder / "results"), "--costs-again"]
    found = read(explanations.main([*arguments, *again]))
    assert found.worth.keys() == result.worth.keys() and found.dear == DEAR
    assert found.worth["gradcam"].gains == result.worth["gradcam"].gains
    assert found.worth["integrated"].passes > found.worth["gradcam"].passes > 0.8
    with pytest.raises(SystemExit, match="measure the maps first, without --costs-again"):
        explanations.main([*arguments, "--limit", str(FACES), "--out", str(tmp_path), "--costs-again"])


def test_a_stopped_run_goes_on_to_the_same_result(where, result, tmp_path, monkeypatch):
    """Stopped after a face by an error; the second run must not measure it again."""
    arguments = where[1]
    again = [*arguments, "--limit", str(FACES), "--dear", str(DEAR), "--out", str(tmp_path), "--resume"]
    measured, face = [], explanations._face

    def stopping(*values):
        if len(measured) == 1:
            raise KeyboardInterrupt
        measured.append(values)
        return face(*values)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(explanations, "_face", stopping)
        explanations.main(again)
    counted = []
    monkeypatch.setattr(explanations, "_face", lambda *values: counted.append(1) or face(*values))
    resumed = read(explanations.main(again))
    assert len(counted) == FACES - 1 and not list(tmp_path.glob("*.unfinished"))
    assert resumed.worth["gradcam"].gains == result.worth["gradcam"].gains


def test_gains_are_paired_by_face_and_the_halves_are_told_apart():
    def face(own: float, other: float) -> dict:
        own_gradcam = {"own": own, "mean map": 0.1, "random": 0.0}
        return {"blur": {"gradcam": own_gradcam, "other": {"own": other, "mean map": 0.2, "random": 0.0}}}

    faces = [face(0.2, 0.5), face(0.4, 0.4), face(0.2, 0.7), face(0.4, 0.6)]
    worth = summarise(faces, ["gradcam", "other"], {"other": 7.0})
    assert worth["gradcam"].gains["mean map"].value == pytest.approx(0.2)
    assert worth["other"].gains["mean map"].value == pytest.approx(0.35)
    assert worth["other"].beyond_gradcam["choice"].value == pytest.approx(0.3)  # of the first and the third face
    assert worth["other"].beyond_gradcam["report"].value == pytest.approx(0.0)
    assert worth["gradcam"].beyond_gradcam == {} and worth["other"].passes == 7.0
    spread = np.std([0.3, 0.2, 0.5, 0.4], ddof=1)
    assert worth["other"].gains["mean map"].margin == pytest.approx(1.96 * spread / 2)


def test_an_interval_that_reaches_zero_is_not_above_it():
    assert Mean(0.2, 0.1, 10).above_zero and not Mean(0.1, 0.1, 10).above_zero


def test_one_face_has_no_mean(where, tmp_path):
    with pytest.raises(SystemExit, match="a mean over faces needs at least two, not 1"):
        explanations.main([*where[1], "--limit", "1", "--out", str(tmp_path)])
