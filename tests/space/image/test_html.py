"""The parts of the Image tab: what is written there is what the models said, in words and in numbers."""

import re

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import FoundFaces, Prediction
from fer_models.faces import Face
from space.image.html import agreement_html, column_html, examples_html, face_label, notice_html, photo_html
from space.image.link import EXAMPLES
from space.image.recent import SeenPhoto


def answer(model: str, happiness: float, sure: bool = True, third: float | None = None) -> Prediction:
    shares = {"happiness": happiness, "fear": 1 - happiness - (third or 0)} | ({"contempt": third} if third else {})
    return Prediction(model, shares, sure, Image.new("RGB", (64, 64)), explained="happiness")


def told(*answers: Prediction) -> str:
    """What a reader sees of the agreement."""
    text = re.sub(r"<[^>]+>", " ", agreement_html(2, 3, list(answers), "finding faces 12 ms"))
    return re.sub(r"\s+", " ", text).strip()


def test_the_row_says_that_all_agree():
    assert "Both models say happiness. No probability differs by more than 5 points." in told(
        answer("a", 0.9), answer("b", 0.95)
    )
    assert "No probability differs by more than 1 point." in told(answer("a", 0.99), answer("b", 0.995))
    assert "No probability differs by more than 3 points." in told(answer("a", 0.9), answer("b", 0.9243))
    assert "All 3 models say happiness." in told(*(answer(name, 0.9) for name in "abc"))
    assert told(answer("a", 0.9)).startswith("Face 2 of 3 a says happiness. finding")


def test_the_row_says_who_differs_and_where_most():
    text = told(answer("a", 0.9), answer("b", 0.2), answer("c", 0.8))
    assert "The models differ: happiness (a, c); fear (b)." in text
    assert "They differ most on happiness: 20 % (b) to 90 % (a)." in text


def test_the_row_says_who_is_not_sure():
    assert "a says happiness, but is not sure." in told(answer("a", 0.9, sure=False))
    assert "Both models say happiness, though b is not sure." in told(answer("a", 0.9), answer("b", 0.8, sure=False))
    assert "fear (b); a and b are not sure." in told(answer("a", 0.6, sure=False), answer("b", 0.2, sure=False))


def test_models_with_different_expressions_are_compared_on_those_they_share():
    assert "They differ most on fear: 20 % (a) to 60 % (b)." in told(answer("a", 0.5, third=0.3), answer("b", 0.4))


@pytest.mark.parametrize(
    "answers, label",
    [
        ([answer("a", 0.9), answer("b", 0.8)], "happiness"),
        ([answer("a", 0.9), answer("b", 0.8, sure=False)], "happiness?"),
        ([answer("a", 0.9), answer("b", 0.1)], "models differ"),
    ],
)
def test_a_face_is_labelled_in_a_word_or_two(answers, label):
    assert face_label(answers) == label


def seen(*boxes) -> SeenPhoto:
    faces = [Face(box, np.zeros((5, 2)), 0.99) for box in boxes]
    return SeenPhoto("digest", FoundFaces(Image.new("RGB", (100, 50)), (200, 100), faces))


def test_every_face_is_a_button_over_its_place_in_the_photo():
    page = photo_html(seen((20.0, 50.0, 60.0, 90.0), (100.0, 0.0, 140.0, 50.0)), ["fear", "<b>"], chosen=1)
    buttons = re.findall(r"<button.*?</button>", page)
    assert len(buttons) == 2
    assert "left:10.00%;top:50.00%;width:20.00%;height:40.00%" in buttons[0]
    assert 'aria-pressed="false" aria-label="Face 1: fear"' in buttons[0] and 'data-index="0"' in buttons[0]
    assert 'aria-pressed="true"' in buttons[1] and "&lt;b&gt;" in buttons[1]
    assert 'class="box low"' in buttons[1]  # its tag would not fit above


def test_the_bars_stand_in_the_models_order_and_sum_to_one():
    page = column_html(answer("m", 0.2, third=0.3), None)
    rows = re.findall(r'<tr( class="top")?><th scope="row">(\w+)</th>.*?<td class="share">([\d.]+) %', page)
    assert [(bool(top), name, share) for top, name, share in rows] == [
        (False, "happiness", "20.0"),
        (True, "fear", "50.0"),
        (False, "contempt", "30.0"),
    ]


def test_a_column_says_how_sure_and_whether_it_knows_what_is_asked():
    assert "sure, 80 %" in column_html(answer("m", 0.8), None)
    unsure = column_html(answer("m", 0.8, sure=False), "contempt")
    assert 'class="sure unsure">not sure, 80 %' in unsure
    assert "does not know contempt; its maps are about its own answer" in unsure
    assert "does not know" not in column_html(answer("m", 0.8), "fear")


def test_names_cannot_be_markup():
    assert "<script>" not in column_html(answer("<script>", 0.8), "<script>")
    assert "<script>" not in notice_html("<script>") + told(answer("<script>", 0.8))


def test_every_example_is_a_button_with_a_name():
    page = examples_html(EXAMPLES)
    labels = re.findall(r'<button type="button" data-index="(\d)" aria-label="example: ([^"]+)"', page)
    assert labels == [(str(i), name.replace("_", " ")) for i, name in enumerate(EXAMPLES)]
