"""Numbers and answers in words, the same on the command line, in the endpoints and on the page."""

from fer_models.prediction import Prediction

_SURE = ((0.9, "very sure"), (0.7, "sure"), (0.5, "fairly sure"), (0.0, "little more than a guess"))


def how_sure(prediction: Prediction) -> str:
    """The highest probability in a word: below the model's threshold it is "not sure", whatever its height; a word less
    where something is against the answer (`Prediction.conditions`)."""
    if not prediction.sure:
        return "not sure"
    place = next(place for place, (least, _) in enumerate(_SURE) if prediction.probability >= least)
    return _SURE[min(place + bool(prediction.conditions), len(_SURE) - 1)][1]


def chance_words(gain: float, beats: int, of: int) -> str:
    """How a map compares with random ones. How many it beats decides, as their mean hangs on a single odd one: better
    than all, worse than all, or neither; its distance to the mean is told where it says the same.

    Args:
        gain: over the mean of the random maps. beats: how many of the `of` random maps it is better than.
    """
    if 0 < beats < of:
        return f"about as good as chance: beats {beats} of {of} random maps"
    how = "better" if beats else "worse"
    by = "" if abs(gain) < 0.005 else f" by {abs(gain):.2f}"
    return f"{how} than chance{by}: beats {beats or 'none'} of {of} random maps"


def counted(count: int, one: str, several: str | None = None) -> str:
    """`1 picture`, `1,234 pictures`."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def yes_or_no(value: bool) -> str:
    """How every table of ours writes whether something is so."""
    return "yes" if value else "no"


__all__ = ["chance_words", "counted", "how_sure", "yes_or_no"]
