"""A link holds what is chosen, and nothing that a stranger writes into it breaks the page."""

import pytest

from space.image.link import EXAMPLES, Choices, example_of, from_query, to_query
from space.image.recent import file_digest

MODELS = ["a", "b", "c"]
EXPRESSIONS = ["happiness", "fear"]


def test_the_defaults_need_no_query():
    assert to_query(Choices(MODELS), MODELS) == {}
    assert from_query({}, MODELS, EXPRESSIONS) == Choices(MODELS)


def test_a_link_brings_back_what_was_chosen():
    choices = Choices(["a", "c"], "several_faces", 2, "eigencam", "fear")
    query = to_query(choices, MODELS)
    assert query["face"] == "3"  # people count from 1
    assert from_query(query, MODELS, EXPRESSIONS) == choices
    looks = from_query(query | {"opacity": "30", "colormap": "cividis"}, MODELS, EXPRESSIONS)
    assert (looks.opacity, looks.colormap) == (0.3, "cividis")


@pytest.mark.parametrize(
    "query",
    [
        {"example": "../../etc/passwd"},
        {"models": "x,y"},
        {"method": "magic"},
        {"expression": "boredom"},
        {"face": "-3"},
        {"face": "two"},
        {"face": "9" * 5000},
        {"opacity": "²"},
        {"colormap": "'; alert(1)"},
    ],
)
def test_what_a_link_cannot_mean_is_as_if_it_were_not_there(query):
    assert from_query(query, MODELS, EXPRESSIONS) == Choices(MODELS)


def test_opacity_is_kept_in_its_range():
    assert from_query({"opacity": "700"}, MODELS, EXPRESSIONS).opacity == 1


def test_the_face_is_only_told_together_with_an_example():
    assert to_query(Choices(MODELS, None, 2), MODELS) == {}


def test_an_example_is_known_by_its_content():
    assert all(example_of(file_digest(path)) == name for name, path in EXAMPLES.items())
    assert example_of(file_digest(b"a visitor's own photo")) is None
