"""Models that agree: whose answer counts, how often it is right, and the mean of several."""

import numpy as np
import pytest

from fer_models.results import read
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train.agreement import by_count, commonest, main, mean_answer


def test_the_commonest_answer_is_that_of_the_first_model_among_equals():
    answers = np.array([[0, 1, 2], [0, 2, 2], [0, 2, 1], [1, 1, 0]])
    chosen, agreeing = commonest(answers, 3)
    assert chosen.tolist() == [0, 1, 2] and agreeing.tolist() == [3, 2, 2]


def test_each_number_of_agreeing_models_has_its_share_and_how_often_they_are_right():
    answers = np.array([[0, 0, 1, 1], [0, 0, 1, 2]])
    found = by_count(answers, np.array([0, 1, 1, 1]), 3, seed=0)
    assert list(found) == ["2", "1"]
    assert (found["2"].pictures, found["2"].share, found["2"].right.value) == (3, 0.75, pytest.approx(2 / 3))
    assert (found["1"].pictures, found["1"].right.value) == (1, 1.0)


def test_the_mean_answer_is_compared_with_the_best_model():
    labels = np.array([0, 0, 0, 1])
    first = np.array([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1], [0.6, 0.4]])  # right: yes, no, yes, no
    second = np.array([[0.4, 0.6], [0.9, 0.1], [0.4, 0.6], [0.1, 0.9]])  # no, yes, no, yes
    third = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.7, 0.3]])  # yes, yes, yes, no
    mean = mean_answer(np.stack([first, second, third]), labels, ["a", "b", "c"], seed=0)
    assert (mean.best, mean.best_accuracy.value, mean.accuracy.value) == ("c", 0.75, 1.0)
    assert (mean.only_mean, mean.only_best, mean.p_value, mean.difference.value) == (1, 0, 1.0, 0.25)


def test_the_command_measures_checkpoints_on_the_same_pictures(tmp_path, data_cache):
    data = tiny_ferplus(tmp_path / "data.parquet", count=12)
    folders = [str(tiny_checkpoint(tmp_path / name, seed=seed)) for seed, name in enumerate(("one", "two"))]
    asked = ("--data", str(data), "--layout", "ferplus_parquet", "--split", "PublicTest", "--out", str(tmp_path))
    result = read(main([*folders, *asked]))
    assert [one.name for one in result.checkpoints] == ["one", "two"] and result.n_scored == 12
    assert sum(one.pictures for one in result.by_count.values()) == 12
    with pytest.raises(SystemExit, match="agreement needs two checkpoints or more"):
        main([folders[0], *asked])
