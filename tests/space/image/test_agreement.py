"""What agreement is worth: told for the very models that it was measured for, and for no others."""

from dataclasses import replace

from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.results import Number
from fer_models.results.agreement import Agreeing, Agreement, MeanAnswer
from space.image.agreement import agreement_words, right_by_count
from tests.support.results import ORIGIN, PICTURES, weights

NUMBER = Number(0.8, (0.7, 0.9))
MEASURED = Agreement(
    checkpoints=tuple(replace(weights("a"), name=name) for name in "abc"),
    data=PICTURES,
    seed=0,
    n_scored=100,
    by_count={
        "3": Agreeing(pictures=70, share=0.7, right=Number(0.912, (0.9, 0.93))),
        "2": Agreeing(pictures=30, share=0.3, right=Number(0.6, (0.5, 0.7))),
    },
    mean=MeanAnswer(
        accuracy=NUMBER, best="a", best_accuracy=NUMBER, only_mean=1, only_best=1, p_value=1.0, difference=NUMBER
    ),
    **ORIGIN,
)


def answers(**given: str) -> list[Prediction]:
    return [Prediction(name, {said: 1.0}, True, Image.new("RGB", (8, 8))) for name, said in given.items()]


def test_the_sentence_is_about_as_many_models_as_agree():
    alike, different = answers(a="fear", b="fear", c="fear"), answers(a="fear", b="anger", c="fear")
    assert agreement_words(alike, MEASURED) == (
        "When all 3 models agree, they are right in 91 of 100 (FER+ validation pictures)."
    )
    assert agreement_words(different, MEASURED).startswith("When 2 of 3 models agree, they are right in 60 of 100")


def test_nothing_is_said_of_what_was_not_measured():
    assert agreement_words(answers(a="fear", b="anger", c="happiness"), MEASURED) == ""
    assert agreement_words(answers(a="fear", b="fear"), MEASURED) == ""
    assert agreement_words(answers(a="fear", b="fear", d="fear"), MEASURED) == ""
    assert agreement_words(answers(a="fear", b="fear", c="fear"), None) == ""


def test_programs_get_the_shares_by_number():
    assert right_by_count(MEASURED, ["c", "a", "b"]) == {3: 0.912, 2: 0.6}
    assert right_by_count(MEASURED, ["a", "b"]) == right_by_count(None, ["a", "b", "c"]) == {}
