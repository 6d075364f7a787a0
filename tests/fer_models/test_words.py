"""Numbers in words: no line says the opposite of its own numbers."""

from types import SimpleNamespace

import numpy as np

from fer_models.trust import RANDOM_MAPS
from fer_models.trust.verdict import FAILS, PASSES, UNCLEAR, verdict
from space.image.check import map_check, place_words


def test_no_line_about_a_map_contradicts_itself():
    """Scores as skewed as they come: one random map far from the others moves their mean, not the ranks."""
    generator = np.random.default_rng(0)
    seen = set()
    for scores in generator.standard_t(2, size=(3000, 2 + 19 + RANDOM_MAPS)):
        own, mean, others, random = scores[0], scores[1], scores[2:21], scores[21:]
        beats = int((own > random).sum())
        found = verdict(own, mean, others).among_random(beats == RANDOM_MAPS)
        for measured in (SimpleNamespace(verdict=found, beats=beats), SimpleNamespace(verdict=None, beats=beats)):
            check, place = map_check(measured), place_words(measured)
            assert f"beats {beats} of {RANDOM_MAPS} random maps" in place
            assert ("no better than the average map" in place) == (measured.verdict is not None and own <= mean)
            if check.word == PASSES:
                assert beats == RANDOM_MAPS and own > mean and (others < own).sum() >= 18
            if "some random map tells as much" in check.sentence or "no sooner than blurring random" in check.sentence:
                assert beats < RANDOM_MAPS
            if "better than all random maps" in check.sentence:
                assert beats == RANDOM_MAPS
            if "no more about this face than other faces" in check.sentence:
                assert own <= np.median([mean, *others])
            seen.add((check.word, measured.verdict is None))
    assert seen == {(PASSES, False), (UNCLEAR, False), (FAILS, False), (UNCLEAR, True), (FAILS, True)}
