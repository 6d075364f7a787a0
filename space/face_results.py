"""What was found in a photo, as plain data: what the API returns and the downloads hold."""

from typing import TypedDict

from fer_models.analyzer import Prediction
from fer_models.faces import Face
from space.page.html import how_sure


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


class FaceResult(TypedDict):
    """face: its number, in reading order, from 1. box: left, top, right, bottom in pixels of the photo.
    score: the detector's confidence that this is a face. agreed: the expression that all models name, else null."""

    face: int
    box: list[float]
    score: float
    agreed: str | None
    answers: list[Answer]


def agreed_expression(answers: list[Prediction]) -> str | None:
    """The expression that all answers name; `None` when they differ or there is none."""
    named = {answer.expression for answer in answers}
    return named.pop() if len(named) == 1 else None


def answer_result(answer: Prediction) -> Answer:
    """A prediction without its pictures."""
    return Answer(
        model=answer.model,
        expression=answer.expression,
        probability=round(answer.probability, 4),
        sure=answer.sure,
        how_sure=how_sure(answer),
        probabilities={expression: round(share, 4) for expression, share in answer.probabilities.items()},
    )


def face_result(number: int, face: Face, answers: list[Prediction]) -> FaceResult:
    """Everything about a face; `number` counts from 1."""
    return FaceResult(
        face=number,
        box=[round(value, 1) for value in face.box],
        score=round(face.score, 4),
        agreed=agreed_expression(answers),
        answers=[answer_result(answer) for answer in answers],
    )


__all__ = ["Answer", "FaceResult", "agreed_expression", "answer_result", "face_result"]
