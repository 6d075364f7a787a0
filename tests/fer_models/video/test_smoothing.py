"""The hidden Markov model of expressions, against sums over every possible course."""

import itertools

import numpy as np
import pytest

from fer_models.video.smoothing import IDLE, ExpressionChain, ferplus_shares

SHARES = np.array([0.6, 0.3, 0.1])
TIMES = [0.0, 0.1, 0.5, 0.6, 2.0]
ANSWERS = np.random.default_rng(0).dirichlet([1, 1, 1], size=5)
CHAIN = ExpressionChain(SHARES, half_life=0.8, independent_after=0.2)


def every_course(times, answers) -> dict[tuple[int, ...], float]:
    """Course -> its joint probability with the answers, term by term from the definition."""
    steps = np.diff(times)
    kept = 0.5 ** (steps / 0.8)
    worth = [1.0, *np.minimum(1, steps / 0.2)]
    weights = {}
    for course in itertools.product(range(3), repeat=len(times)):
        weight = SHARES[course[0]]
        for t, (before, after) in enumerate(itertools.pairwise(course)):
            weight *= kept[t] * (before == after) + (1 - kept[t]) * SHARES[after]
        for t, state in enumerate(course):
            weight *= (IDLE + (1 - IDLE) * answers[t, state] / SHARES[state]) ** worth[t]
        weights[course] = weight
    return weights


def marginal(weights: dict[tuple[int, ...], float], t: int) -> np.ndarray:
    sums = np.array([sum(w for course, w in weights.items() if course[t] == state) for state in range(3)])
    return sums / sums.sum()


def test_filtering_is_the_sum_over_every_course_up_to_each_time():
    beliefs = CHAIN.filtered(TIMES, ANSWERS)
    for t in range(5):
        np.testing.assert_allclose(beliefs[t], marginal(every_course(TIMES[: t + 1], ANSWERS[: t + 1]), t), atol=1e-9)


def test_smoothing_is_the_sum_over_every_course_of_the_whole():
    weights = every_course(TIMES, ANSWERS)
    beliefs = CHAIN.smoothed(TIMES, ANSWERS)
    np.testing.assert_allclose(beliefs, [marginal(weights, t) for t in range(5)], atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_path_is_the_best_of_every_course(seed):
    answers = np.random.default_rng(seed).dirichlet([0.3, 0.3, 0.3], size=5)
    weights = every_course(TIMES, answers)
    assert tuple(CHAIN.path(TIMES, answers).tolist()) == max(weights, key=weights.get)


def test_a_single_answer_stays_nearly_as_it_is():
    """But for the pictures that say nothing, of which only the shares are known."""
    answer = np.array([[0.2, 0.5, 0.3]])
    expected = (1 - IDLE) * answer + IDLE * SHARES
    np.testing.assert_allclose(CHAIN.filtered([3.0], answer), expected)
    np.testing.assert_allclose(CHAIN.smoothed([3.0], answer), expected)


def test_more_answers_in_the_same_time_say_no_more():
    """Ten copies of a frame within 0.2 s are worth one answer more than the first."""
    answer = np.array([0.3, 0.3, 0.4])
    slow = ExpressionChain(SHARES, half_life=1e6, independent_after=0.2)
    twice = slow.filtered([0, 0.2], np.array([answer] * 2))[-1]
    often = slow.filtered(np.linspace(0, 0.2, 11), np.array([answer] * 11))[-1]
    np.testing.assert_allclose(often, twice, atol=1e-5)


def test_one_impossible_frame_does_not_forbid_what_all_others_say():
    answers = np.array([[1.0, 0, 0]] * 5 + [[0, 1.0, 0]] + [[1.0, 0, 0]] * 5)
    times = np.arange(11) / 5
    chain = ExpressionChain(SHARES, half_life=20.0)
    assert chain.path(times, answers).tolist() == [0] * 11
    assert (chain.smoothed(times, answers)[:, 0] > 0.5).all()


def test_after_a_long_pause_the_past_says_nothing():
    beliefs = CHAIN.filtered([0.0, 1000.0], np.array([[0.0, 0.0, 1.0], [0.2, 0.5, 0.3]]))
    np.testing.assert_allclose(beliefs[1], CHAIN.filtered([0.0], np.array([[0.2, 0.5, 0.3]]))[0], atol=1e-6)


def test_nothing_gives_nothing():
    nothing = np.zeros((0, 3))
    assert CHAIN.filtered([], nothing).shape == CHAIN.smoothed([], nothing).shape == (0, 3)
    assert CHAIN.path([], nothing).shape == (0,)


def test_ferplus_shares_follow_the_order_and_a_foreign_word_counts_as_the_mean():
    shares = ferplus_shares(["disgust", "neutral", "bored"])
    np.testing.assert_allclose(shares, np.array([253, 13014, 6633.5]) / (253 + 13014 + 6633.5))
