"""The made sequences and what is counted on them."""

import numpy as np
import pytest

from benchmarks.benchmark_smoothing import averaged, compared, found_again, made_sequence, main, measured, stretches
from fer_models.results import read
from fer_models.results.smoothing import Smoothing
from tests.support.tiny import tiny_checkpoint, tiny_ferplus

SHARES = np.array([0.6, 0.4])
LABELS = np.repeat([0, 1], 20)


def answers_right_in(share: float) -> dict[str, np.ndarray]:
    """Answers about 40 pictures: right with 0.8 in so many of them, wrong with 0.8 in the others."""
    right = np.random.default_rng(0).random(40) < share
    happy = np.where(right == (LABELS == 1), 0.8, 0.2)
    return dict.fromkeys(("clean", "blur", "dark"), np.stack([1 - happy, happy], axis=1))


def test_a_sequence_changes_its_expression_after_one_to_five_seconds_and_its_answers_are_of_its_pictures():
    truth, answers = made_sequence(np.random.default_rng(0), LABELS, answers_right_in(1.0), SHARES)
    assert len(truth) == len(answers) == 600
    lengths = [after - first for first, after, _ in stretches(truth)]
    assert min(lengths[:-1]) >= 10 and max(lengths) <= 50
    np.testing.assert_array_equal(answers.argmax(axis=1), truth)


def test_a_stretch_is_found_again_where_half_of_both_is_shared():
    truth = stretches(np.array([0] * 10 + [1] * 10))
    assert truth == [(0, 10, 0), (10, 20, 1)]
    assert found_again(truth, stretches(np.array([0] * 13 + [1] * 7))) == 2
    assert found_again(truth, stretches(np.array([0] * 16 + [1] * 4))) == 1  # 10 of 16, and 4 of 10
    assert found_again(truth, stretches(np.array([1] * 10 + [0] * 10))) == 0


def test_delay_is_counted_from_each_change():
    truth = np.array([0] * 10 + [1] * 10)
    way = measured([(truth, np.zeros((20, 2)))], lambda _: np.array([0] * 13 + [1] * 7))
    assert way.delay == pytest.approx(0.3) and way.accuracy == 0.85 and way.segment_f1 == 1


def test_the_average_is_half_way_after_its_half_life():
    assert averaged(np.array([[1.0], [0.0], [0.0]]), 0.2)[2, 0] == pytest.approx(0.5)


def test_the_markov_model_finds_more_segments_than_the_raw_answers_which_it_is_made_for():
    table = compared(LABELS, answers_right_in(0.85), np.array([0.5, 0.5]), sequences=2, seed=0)
    named = table["all alike"]
    assert named["HMM, best path"].segment_f1 > 0.5 > 0.3 > named["raw"].segment_f1
    assert named["HMM, whole clip"].accuracy > named["exponential average, 0.25 s"].accuracy


@pytest.mark.slow
def test_the_command_writes_a_result_that_can_be_read(tmp_path, data_cache):
    folder = tiny_checkpoint(tmp_path / "tiny")
    data = tiny_ferplus(tmp_path / "data.parquet", count=48)
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
    result = read(main([str(folder), *where, "--sequences", "1"]))
    assert isinstance(result, Smoothing) and result.made.sequences == 1
    assert list(result.ways) == ["as FER+ has them", "all alike"]
    assert all(0 <= way.accuracy <= 1 for ways in result.ways.values() for way in ways.values())
