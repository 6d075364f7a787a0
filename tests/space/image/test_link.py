"""A wish holds what is chosen, and nothing that a stranger writes into an address breaks the page."""

import pytest

from space.image.link import EXAMPLES, Wish, example_of, read_wish, to_query
from space.image.recent import file_digest

MODELS = ["a", "b", "c"]
EXPRESSIONS = ["happiness", "fear"]


def test_the_defaults_need_no_query():
    assert to_query(Wish(models=MODELS), MODELS) == {}
    assert read_wish({}, MODELS, EXPRESSIONS) == read_wish(None, MODELS, EXPRESSIONS) == Wish(models=MODELS)


def test_a_link_brings_back_what_was_chosen():
    wish = Wish("several_faces", 0, 2, "c", ["a", "c"], "eigencam", "fear")
    query = to_query(wish, MODELS)
    assert query["face"] == "3"  # people count from 1
    assert read_wish(query, MODELS, EXPRESSIONS) == wish


def test_the_page_opens_with_an_example_that_need_not_be_in_the_address():
    wish = Wish("mouth_hidden", models=MODELS, shown="a")
    assert to_query(wish, MODELS, "mouth_hidden") == {}
    assert to_query(wish, MODELS, "portrait") == {"example": "mouth_hidden"}


@pytest.mark.parametrize(
    "told",
    [
        {"example": "../../etc/passwd"},
        {"example": ["portrait"]},
        {"model": "x"},
        {"method": "magic"},
        {"expression": "boredom"},
        {"face": "-3"},
        {"face": "two"},
        {"face": "9" * 5000},
        {"face": -3},
        {"face": None},
        {"hide": "<b>"},
        {"hide": [0, 0, 0, 0]},
        {"hide": [0.5, 0.5, 0.1, 0.1]},
        {"hide": [float("nan"), 0, float("nan"), 1]},
        {"hide": ["a", 0, 1, 1]},
        {"opened": "compare"},
        {"opened": ["cellar"]},
    ],
)
def test_what_cannot_be_meant_is_as_if_it_were_not_there(told):
    assert read_wish(told, MODELS, EXPRESSIONS) == Wish(models=MODELS)


def test_no_model_can_be_chosen_and_unknown_ones_are_left_out():
    assert read_wish({"models": []}, MODELS, EXPRESSIONS).models == []
    assert read_wish({"models": "c,x,a"}, MODELS, EXPRESSIONS).models == ["a", "c"]


def test_what_is_hidden_is_a_part_or_a_rectangle_inside_the_photo():
    assert read_wish({"hide": "mouth"}, MODELS, EXPRESSIONS).hide == "mouth"
    assert read_wish({"hide": [-1, 0.25, 0.5, 7]}, MODELS, EXPRESSIONS).hide == (0.0, 0.25, 0.5, 1.0)


def test_the_face_is_only_told_together_with_an_example():
    assert to_query(Wish(None, 0, 2, models=MODELS), MODELS) == {}


def test_an_example_is_known_by_its_content():
    assert all(example_of(file_digest(path)) == name for name, path in EXAMPLES.items())
    assert example_of(file_digest(b"a visitor's own photo")) is None
