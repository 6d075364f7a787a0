"""The verdict on a map is one of three words with a sentence, and nothing where nothing was compared."""

from dataclasses import dataclass

import pytest

from fer_models.trust.verdict import FAILS, PASSES, UNCLEAR, Verdict
from space.image.check import map_check


@dataclass
class Measured:
    verdict: Verdict | None
    gain: float = 0.1


@pytest.mark.parametrize("word", [PASSES, UNCLEAR, FAILS])
def test_every_verdict_is_a_word_and_a_sentence_of_its_own(word):
    found = map_check(Measured(Verdict(word, 3, 20, True)))
    assert found.word == word and found.sentence.endswith(".")
    assert ("no more" in found.sentence) == (word == FAILS)


def test_a_map_that_marks_no_place_has_no_verdict():
    assert map_check(None).word == "" and "no place" in map_check(None).sentence


def test_without_average_maps_no_map_passes():
    assert map_check(Measured(None, 0.5)).word == UNCLEAR
    assert map_check(Measured(None, 0.0)).word == map_check(Measured(None, -0.1)).word == FAILS
