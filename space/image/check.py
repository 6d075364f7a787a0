"""The verdict on one map, as the page says it: passes, unclear or fails, and one sentence that says why."""

from dataclasses import dataclass

from fer_models.trust import RANDOM_MAPS, MapTrust
from fer_models.trust.verdict import FAILS, PASSES, UNCLEAR

SENTENCES = {
    PASSES: "Blurring what it marks changes this answer sooner than the average map or other faces’ maps do.",
    UNCLEAR: "It tells hardly more about this face than the average map or other faces’ maps do.",
    FAILS: "It tells no more about this face than other faces’ maps do.",
}
ONLY_RANDOM = "It tells more about this face than other faces’ maps do, but some random map tells as much."
WORSE_THAN_RANDOM = "Blurring what it marks changes this answer no sooner than blurring random places does."
BETTER_THAN_RANDOM = "It is better than all random maps; other faces’ maps of this model are not there to compare with."
NO_PLACE = "This map marks no place, so there is nothing to check."


@dataclass(frozen=True)
class Check:
    """word: "passes", "unclear", "fails", or nothing where there is no verdict. sentence: why."""

    word: str
    sentence: str


def map_check(measured: MapTrust | None) -> Check:
    """The verdict on a map of one face; `None` is a map that marks no place. A model without average maps is only
    compared with random ones, which no map passes by."""
    if measured is None:
        return Check("", NO_PLACE)
    if measured.verdict is None:
        worse = measured.beats < RANDOM_MAPS  # better is easy: what is better may still say nothing about this face
        return Check(FAILS, WORSE_THAN_RANDOM) if worse else Check(UNCLEAR, BETTER_THAN_RANDOM)
    found = measured.verdict
    kept_by_random = found.word == UNCLEAR and found.beats_mean and found.rank <= 2
    return Check(found.word, ONLY_RANDOM if kept_by_random else SENTENCES[found.word])


def place_words(measured: MapTrust) -> str:
    """Where a map stands among maps that never saw its face: what its verdict rests on."""
    random = f"beats {measured.beats} of {RANDOM_MAPS} random maps"
    found = measured.verdict
    if found is None:
        return f"It {random}."
    mean = "better" if found.beats_mean else "no better"
    return (
        f"Among {found.of - 1} other faces’ maps it is number {found.rank}, {mean} than the average map, and {random}."
    )


__all__ = ["Check", "map_check", "place_words"]
