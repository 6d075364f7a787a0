"""The verdict on a map is one of three words with a sentence, and nothing where nothing was compared."""

from dataclasses import dataclass

import pytest

from fer_models.trust import RANDOM_MAPS
from fer_models.trust.verdict import FAILS, PASSES, UNCLEAR, Verdict
from space.image.check import map_check, place_words


@dataclass
class Measured:
    verdict: Verdict | None
    beats: int = RANDOM_MAPS


@pytest.mark.parametrize("word", [PASSES, UNCLEAR, FAILS])
def test_every_verdict_is_a_word_and_a_sentence_of_its_own(word):
    found = map_check(Measured(Verdict(word, 3, 20, True)))
    assert found.word == word and found.sentence.endswith(".")
    assert ("no more" in found.sentence) == (word == FAILS)


def test_the_place_among_other_maps_is_told_in_words():
    assert place_words(Measured(Verdict(UNCLEAR, 3, 20, True), 4)) == (
        "Among 19 other faces’ maps it is number 3, better than the average map, and beats 4 of 5 random maps."
    )
    assert "number 15, no better than the average map" in place_words(Measured(Verdict(FAILS, 15, 20, False)))
    assert place_words(Measured(None, 2)) == "It beats 2 of 5 random maps."


def test_a_map_that_marks_no_place_has_no_verdict():
    assert map_check(None).word == "" and "no place" in map_check(None).sentence


def test_without_average_maps_no_map_passes():
    assert map_check(Measured(None)).word == UNCLEAR
    assert map_check(Measured(None, RANDOM_MAPS - 1)).word == map_check(Measured(None, 0)).word == FAILS


def test_a_map_that_a_random_one_equals_is_unclear_for_that_reason_alone():
    found = map_check(Measured(Verdict(PASSES, 1, 20, True).among_random(False), 3))
    assert found.word == UNCLEAR and "some random map tells as much" in found.sentence
    assert "random" not in map_check(Measured(Verdict(UNCLEAR, 4, 20, True).among_random(False), 3)).sentence
