"""Numbers and answers in words, the same on the command line, in the endpoints and on the page."""

from fer_models.prediction import Prediction
from fer_models.trust.found import Steadiness

_SURE = ((0.9, "very sure"), (0.7, "sure"), (0.5, "fairly sure"), (0.0, "little more than a guess"))


def how_sure(prediction: Prediction, steady: bool = True) -> str:
    """The highest probability in a word: below the model's threshold it is "not sure", whatever its height; a word less
    where something is against the answer (`Prediction.conditions`), and one less again where it is not `steady`
    (`trust.steadiness`)."""
    if not prediction.sure:
        return "not sure"
    place = next(place for place, (least, _) in enumerate(_SURE) if prediction.probability >= least)
    return _SURE[min(place + bool(prediction.conditions) + (not steady), len(_SURE) - 1)][1]


def doubt(prediction: Prediction) -> str:
    """What has to stand beside an answer that is not to be taken at its probability: how sure it is; nothing, where
    nothing is against it."""
    return "" if prediction.sure and not prediction.conditions else how_sure(prediction)


def steadiness_words(steadiness: Steadiness) -> str:
    """What a degraded face does to an answer."""
    if steadiness.steady:
        return f"the same with all {steadiness.of} degraded faces"
    return f"another one with {steadiness.of - steadiness.same} of {steadiness.of} degraded faces"


def counted(count: int, one: str, several: str | None = None) -> str:
    """`1 picture`, `1,234 pictures`."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def yes_or_no(value: bool) -> str:
    """How every table of ours writes whether something is so."""
    return "yes" if value else "no"


__all__ = ["counted", "doubt", "how_sure", "steadiness_words", "yes_or_no"]
