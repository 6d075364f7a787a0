"""Numbers in words: no line says the opposite of its own numbers."""

import numpy as np
import pytest

from fer_models.trust.verdict import FAILS, PASSES, verdict
from fer_models.words import chance_words


@pytest.mark.parametrize(
    "gain, beats, words",
    [
        (0.123, 5, "better than chance by 0.12: beats 5 of 5 random maps"),
        (0.004, 5, "better than chance: beats 5 of 5 random maps"),
        (-0.3, 0, "worse than chance by 0.30: beats none of 5 random maps"),
        (-0.08, 3, "about as good as chance: beats 3 of 5 random maps"),
        (0.08, 2, "about as good as chance: beats 2 of 5 random maps"),
    ],
)
def test_a_comparison_with_random_maps_in_words(gain, beats, words):
    assert chance_words(gain, beats, 5) == words


def test_no_line_about_chance_contradicts_itself():
    """Scores as skewed as they come: one random map far from the others moves their mean, not the ranks."""
    generator = np.random.default_rng(0)
    seen = set()
    for own, *random in generator.standard_t(1, size=(2000, 6)) / 10:
        gain, beats = own - np.mean(random), sum(own > one for one in random)
        line = chance_words(float(gain), beats, 5)
        claim = line.split(" ")[0]
        seen.add(claim)
        if claim == "better":
            assert own > max(random) and gain > 0 and "beats 5 of 5" in line
        elif claim == "worse":
            assert own <= min(random) and gain <= 0 and "beats none of 5" in line
        else:
            assert claim == "about" and min(random) < own <= max(random) and "by" not in line
    assert seen == {"better", "worse", "about"}


def test_no_verdict_passes_a_map_that_a_random_one_equals():
    generator = np.random.default_rng(1)
    words = set()
    for own, mean, *others in generator.standard_t(2, size=(2000, 21)):
        found = verdict(own, mean, np.array(others))
        without = found.among_random(False)
        assert found.among_random(True).word == found.word and without.word != PASSES
        assert (
            (without.word == FAILS)
            == (found.word == FAILS)
            == bool(own <= np.median([mean, *others]) and not (own > mean and found.rank <= 2))
        )
        words.add((found.word, without.word))
    assert len(words) == 3
