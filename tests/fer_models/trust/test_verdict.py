"""The rule behind passes, unclear and fails."""

import numpy as np
import pytest

from fer_models.trust.verdict import FAILS, PASSES, UNCLEAR, verdict

OTHERS = np.linspace(0, 0.9, 19)


@pytest.mark.parametrize(
    "own, mean, word, rank",
    [
        (1.0, 0.5, PASSES, 1),
        (0.88, 0.5, PASSES, 2),
        (0.83, 0.5, UNCLEAR, 3),
        (1.0, 1.1, UNCLEAR, 1),  # first of the faces, but the mean map is better
        (0.45, 0.5, FAILS, 11),  # the median of all is no better than half
        (-1.0, 0.5, FAILS, 20),
    ],
)
def test_the_word_follows_from_the_rank_and_the_mean_map(own, mean, word, rank):
    judged = verdict(own, mean, OTHERS)
    assert (judged.word, judged.rank, judged.of, judged.beats_mean) == (word, rank, 20, own > mean)


def test_a_map_as_good_as_another_face_s_does_not_count_as_better():
    assert verdict(0.5, 0.1, np.full(19, 0.5)).rank == 20


def test_a_map_that_knows_nothing_of_the_face_passes_at_most_ten_times_in_a_hundred():
    """Shuffled: whose map is the face's own is drawn by lot, over scores of many shapes."""
    generator = np.random.default_rng(0)
    passed = []
    for _ in range(20_000):
        scores = generator.normal(size=20) ** generator.integers(1, 4)
        passed.append(verdict(scores[0], generator.normal(), scores[1:]).word == PASSES)
    assert np.mean(passed) <= 0.10 + 3 * np.sqrt(0.1 * 0.9 / len(passed))


@pytest.mark.parametrize("own, others", [(np.nan, OTHERS), (0.5, np.array([])), (0.5, np.array([np.inf]))])
def test_scores_that_cannot_be_ranked_are_refused(own, others):
    with pytest.raises(ValueError, match="finite scores"):
        verdict(own, 0.1, others)
