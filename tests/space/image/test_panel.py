"""The answers beside the photo: what is written there is what the models said, in words and at most three numbers."""

import re
from dataclasses import replace

import pytest
from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.looks import looks
from space.image.hiding import Hidden
from space.image.panel import message_panel, panel_html
from space.image.words import against_words, count_words, share_words, verdict


def answer(model: str, happiness: float, sure: bool = True, third: float | None = None) -> Prediction:
    shares = {"happiness": happiness, "fear": 1 - happiness - (third or 0)} | ({"contempt": third} if third else {})
    return Prediction(model, shares, sure, Image.new("RGB", (64, 64)), explained="happiness")


def page(*answers: Prediction, asked: str | None = None, hidden: Hidden | None = None) -> str:
    places = {one.model: "the mouth" for one in answers}
    return panel_html((2, 3), list(answers), looks(places), places, asked, hidden)


def told(*answers: Prediction, **more) -> str:
    """What a reader sees."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(*answers, **more))).strip()


def said(*answers: Prediction) -> str:
    return verdict(answers, looks(one.model for one in answers))


@pytest.mark.parametrize(
    "share, words",
    [(1.0, "over 99 %"), (0.991, "over 99 %"), (0.99, "99 %"), (0.5, "50 %"), (0.01, "1 %"), (0.004, "under 1 %")],
)
def test_no_answer_is_ever_certain(share, words):
    assert share_words(share) == words


def test_one_sentence_says_where_the_models_agree():
    assert said(answer("a", 0.9), answer("b", 0.95)) == "Both models say happiness"
    assert said(*(answer(name, 0.9) for name in "abc")) == "All 3 models say happiness"
    assert said(answer("a", 0.9), answer("b", 0.2), answer("c", 0.8)) == "2 say happiness, 1 says fear"
    assert said(answer("a", 0.2), answer("b", 0.1), answer("c", 0.8)) == "2 say fear, 1 says happiness"
    assert said(answer("pattlite-ferplus", 0.9)) == "PAtt-Lite says happiness"


def test_what_is_against_an_answer_lowers_the_word_in_its_row():
    against = replace(answer("pattlite-x", 0.95), conditions=("dark",))
    assert '<em class="unsure">sure</em>' in page(against)
    assert 'class="unsure"' not in page(answer("pattlite-x", 0.95))


def test_who_is_not_sure_is_named():
    assert "DDAMFN is not sure." in told(answer("pattlite-x", 0.9), answer("ddamfn-x", 0.8, sure=False))
    both = told(answer("pattlite-x", 0.6, sure=False), answer("ddamfn-x", 0.2, sure=False))
    assert "None of them is sure." in both
    assert "sure" not in told(answer("a", 0.9), answer("b", 0.8))


@pytest.mark.parametrize(
    "share, sure, conditions, words",
    [
        (0.95, True, ("dark",), "Sure instead of very sure: the face is dark."),
        (
            0.75,
            True,
            ("very small", "turned away"),
            "Fairly sure instead of sure: the face is very small and turned away.",
        ),
        (0.75, False, ("partly hidden",), "The face is partly hidden."),
        (0.4, True, ("dark",), "The face is dark."),
        (0.95, True, (), ""),
    ],
)
def test_what_is_against_an_answer_lowers_its_word_and_is_said_in_its_row(share, sure, conditions, words):
    shares = {"happiness": share, "fear": (1 - share) / 2, "anger": (1 - share) / 2}
    crop = Image.new("RGB", (64, 64))
    found = Prediction("m", shares, sure, crop, explained="happiness", conditions=conditions)
    assert against_words(found) == words and words in told(found)


def test_an_answer_has_three_numbers_at_most_and_no_name_of_code():
    four = [answer(f"{name}-ferplus", 0.5, third=0.2) for name in ("pattlite", "ddamfn", "hfc-resnet18")]
    for row in re.findall(r'<div class="row".*?</div></div>', page(*four)):
        text = re.sub(r"<[^>]+>", " ", row)
        assert 1 <= len(re.findall(r"\d+ %", text)) <= 3 and "ferplus" not in text
    assert "PAtt-Lite" in told(*four) and "ResNet18 + HFC" in told(*four)


def test_the_row_says_what_its_map_is_about_if_that_is_not_its_answer():
    assert "The map is about happiness." in told(answer("m", 0.2))
    assert "The map is about" not in told(answer("m", 0.8))
    assert "It does not know contempt; its map is about its own answer." in told(answer("m", 0.8), asked="contempt")


def test_what_hiding_changes_stands_in_each_row():
    whole = [answer("a", 0.9), answer("b", 0.8)]
    without = {"a": answer("a", 0.2), "b": answer("b", 0.7)}
    hidden = Hidden("mouth", {}, without, {"eyes": 0, "nose": 0, "mouth": 1}, 2, "Hiding the mouth changes the answer.")
    text = told(*whole, hidden=hidden)
    assert "now fear, 80 %" in text and "still happiness, 70 %" in text
    assert "The mouth hidden: another answer from 1 of 2 models" in text
    assert "The eyes hidden: another answer from none of 2 models" in text
    assert 'data-part="mouth" aria-pressed="true"' in page(*whole, hidden=hidden)


def test_counts_are_words_at_their_ends():
    assert [count_words(n, 4) for n in (0, 3, 4)] == ["none of 4 models", "3 of 4 models", "all 4 models"]
    assert count_words(1, 1) == "1 of 1 model"


def test_names_cannot_be_markup():
    assert "<script>" not in page(answer("<script>", 0.8), asked="<script>") + message_panel("<script>")
