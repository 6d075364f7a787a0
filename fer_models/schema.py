"""What is known about a face as plain data, the same from the command line, the endpoints and the page's downloads; and
where it comes from."""

from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TypedDict

from fer_models.answering import Answering
from fer_models.faces import Face
from fer_models.prediction import Prediction
from fer_models.trust import RANDOM_MAPS, Steadiness, Trust
from fer_models.words import how_sure

PACKAGE = "fer-models"


class MapTrustResult(TypedDict):
    """Areas under the deletion and insertion curves, of the map and (mean) of random maps of its resolution. gain: how
    much better than random, -1 to 1. beats: how many of the random_maps random ones. likeness: correlation with the map
    of the same network with random weights, null where one of them is constant. gain_over_mean_map: as gain, over the
    mean map of other faces; verdict: "passes", "unclear" or "fails", by rank of itself among of maps; null where no
    maps of other faces belong to the weights."""

    deletion_area: float
    insertion_area: float
    random_deletion_area: float
    random_insertion_area: float
    gain: float
    beats: int
    random_maps: int
    likeness: float | None
    gain_over_mean_map: float | None
    verdict: str | None
    rank: int | None
    of: int | None


class Answer(TypedDict):
    """One model's answer for one face.

    expression: the most probable one. probability: its, in [0, 1]. how_sure: the same in words.
    sure: false where the probability is below the model's own threshold, so that the answer should not be used.
    probabilities: of every expression that the model knows; they sum to 1.
    """

    model: str
    expression: str
    probability: float
    sure: bool
    how_sure: str
    probabilities: dict[str, float]


class SteadinessResult(TypedDict):
    """same: with how many of the `of` faces that were degraded a little the answer stays. lowest: its lowest
    probability among them."""

    same: int
    of: int
    lowest: float


class CheckedAnswer(Answer):
    """trust: by the map's name, how far it can be trusted. steadiness: of the answer; `how_sure` is a word less where
    it does not hold."""

    trust: dict[str, MapTrustResult]
    steadiness: SteadinessResult


class FaceResult(TypedDict):
    """face: its number, in reading order, from 1. box: left, top, right, bottom in pixels of the photo; null of a
    picture that is a face itself. score: the detector's confidence that this is a face; null likewise. agreed: the
    expression that all models name, else null. conditions: what is against the answers, such as "very small"."""

    face: int
    box: list[float] | None
    score: float | None
    agreed: str | None
    conditions: list[str]
    answers: list[Answer]


class Origin(TypedDict):
    """Where answers come from.

    software: name and version. weights: by model, the SHA-256 of the weights that answered.
    settings: what was asked for, as far as it changes what is answered.
    """

    software: str
    weights: dict[str, str]
    settings: dict[str, str]


def origin(checkpoints: Iterable[Answering], **settings: object) -> Origin:
    """Of answers that these checkpoints give with these settings."""
    return Origin(
        software=software(),
        weights={checkpoint.name: checkpoint.sha256 for checkpoint in checkpoints},
        settings={name: _told(value) for name, value in settings.items()},
    )


def mirror_setting(mirror: bool) -> dict[str, object]:
    """How `mirror` is told among the settings: not at all where it is not used, as in files from before it was there,
    which are gone on with."""
    return {"mirror": True} if mirror else {}


def _told(setting: object) -> str:
    if isinstance(setting, bool):
        return "yes" if setting else "no"
    return "none" if setting is None else str(setting)


def software() -> str:
    """This package's name and version."""
    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:  # the sources alone, not installed
        return PACKAGE


def agreed_expression(answers: Iterable[Prediction]) -> str | None:
    """The expression that all answers name; `None` when they differ or there is none."""
    named = {answer.expression for answer in answers}
    return named.pop() if len(named) == 1 else None


def answer_result(answer: Prediction, trust: Trust | None = None) -> Answer | CheckedAnswer:
    """A prediction without its pictures; with `trust`, what was measured about its maps."""
    result = Answer(
        model=answer.model,
        expression=answer.expression,
        probability=round(answer.probability, 4),
        sure=answer.sure,
        how_sure=how_sure(answer, trust is None or trust.steadiness.steady),
        probabilities={expression: round(share, 4) for expression, share in answer.probabilities.items()},
    )
    if trust is None:
        return result
    return CheckedAnswer(**result, trust=trust_results(trust), steadiness=steadiness_result(trust.steadiness))


def steadiness_result(steadiness: Steadiness) -> SteadinessResult:
    """The same as plain data."""
    return SteadinessResult(same=steadiness.same, of=steadiness.of, lowest=round(steadiness.lowest, 4))


def face_result(
    number: int, face: Face | None, answers: Sequence[Prediction], trusts: Sequence[Trust] | None = None
) -> FaceResult:
    """Everything about a face.

    Args:
        number: counts from 1.
        face: `None` for a picture that is a face itself.
        trusts: one for each answer, where they were measured.
    """
    measured = trusts or [None] * len(answers)
    return FaceResult(
        face=number,
        box=None if face is None else [round(value, 1) for value in face.box],
        score=None if face is None else round(face.score, 4),
        agreed=agreed_expression(answers),
        conditions=list(answers[0].conditions) if answers else [],
        answers=[answer_result(answer, trust) for answer, trust in zip(answers, measured, strict=True)],
    )


def trust_results(trust: Trust) -> dict[str, MapTrustResult]:
    """By the map's name, what was measured about it."""
    results = {}
    for measured in trust.maps:
        random, verdict = trust.random[measured.shown.values.shape], measured.verdict
        results[measured.shown.name] = MapTrustResult(
            deletion_area=round(measured.curves.deletion_area, 4),
            insertion_area=round(measured.curves.insertion_area, 4),
            random_deletion_area=round(random.deletion_area, 4),
            random_insertion_area=round(random.insertion_area, 4),
            gain=round(measured.gain, 4),
            beats=measured.beats,
            random_maps=RANDOM_MAPS,
            likeness=_rounded(measured.likeness),
            gain_over_mean_map=_rounded(measured.gain_over_mean_map),
            verdict=verdict.word if verdict else None,
            rank=verdict.rank if verdict else None,
            of=verdict.of if verdict else None,
        )
    return results


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


__all__ = [
    "Answer",
    "CheckedAnswer",
    "FaceResult",
    "MapTrustResult",
    "Origin",
    "SteadinessResult",
    "agreed_expression",
    "answer_result",
    "face_result",
    "mirror_setting",
    "origin",
    "software",
    "steadiness_result",
    "trust_results",
]
