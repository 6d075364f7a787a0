from dataclasses import replace

import pytest

from fer_models.results import read, write
from tests.support.tiny import only_result, tiny_checkpoint, tiny_ferplus
from train.data.corruptions import CORRUPTIONS
from train.robustness import comparable, main

pytestmark = pytest.mark.slow  # every kind and severity is measured once for all


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The results folder after two checkpoints were measured on three pictures."""
    folder = tmp_path_factory.mktemp("robustness")
    data = tiny_ferplus(folder / "data.parquet")
    checkpoints = [str(tiny_checkpoint(folder / name, seed=seed)) for seed, name in enumerate(("first", "second"))]
    where = ["--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest"]
    main([*checkpoints, *where, "--limit", "3", "--out", str(folder / "results")])
    return folder / "results"


def test_every_kind_has_six_severities_that_start_from_the_same_clean_accuracy(measured):
    accuracy = only_result(measured, "first-robustness-on-*.json")["accuracy"]
    assert set(accuracy) == set(CORRUPTIONS)
    for points in accuracy.values():
        assert [point["n"] for point in points] == [3] * 6
        assert points[0] == accuracy["blur"][0]


def test_all_checkpoints_are_in_one_picture(measured):
    result = read(measured / "second-robustness-on-ferplus_parquet-PublicTest-limit3.json")
    assert set(comparable(measured, result)) == {"first", "second"}
    assert (measured / "robustness-on-ferplus_parquet-PublicTest-limit3.png").is_file()


def test_a_checkpoint_measured_on_other_pictures_is_not_drawn_beside(measured, tmp_path):
    result = read(measured / "first-robustness-on-ferplus_parquet-PublicTest-limit3.json")
    write(tmp_path / "other-robustness-on-x.json", replace(result, seed=1))
    assert comparable(tmp_path, result) == {}
