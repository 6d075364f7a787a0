"""What the Photo tab shows for a wish: the photo, a face, settings; and what it says instead."""

import re

import pytest
from PIL import Image

from fer_models.analyzer import CHECKPOINTS, Analyzer, Prediction
from space.image.answers import NO_FACE, NO_MODEL, START, ImageAnswers
from space.image.link import EXAMPLES, Wish
from space.image.view import PhotoPage, opening_example
from space.image.words import share_words
from tests.support.tiny import tiny_checkpoint

MODEL = "pattlite-ferplus"


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> PhotoPage:
    other = tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "random-weights", ("happiness", "fear"))
    return PhotoPage(ImageAnswers(Analyzer([CHECKPOINTS / MODEL, other])), "portrait")


def wish(page: PhotoPage, example: str | None = "several_faces", **changes) -> Wish:
    return Wish(example, **({"models": page.answers.models} | changes))


def test_every_fault_is_one_sentence_in_the_place_of_the_answers_without_a_path(page, tmp_path):
    broken = tmp_path / "secret-name.jpg"
    broken.write_text("no picture")
    assert START in page.view(wish(page, None)).panel
    view = page.view(wish(page, None), str(broken))
    assert "not a picture" in view.panel and "secret-name" not in view.panel and str(tmp_path) not in view.panel
    assert view.picture == view.overlay == ""  # no broken picture
    assert "choose it again" in page.view(wish(page, None), str(tmp_path / "gone.jpg")).panel
    for asked, words in ((wish(page, "no_face"), NO_FACE), (wish(page, models=[]), NO_MODEL)):
        view = page.view(asked)
        assert words in view.panel and "<img" in view.picture  # the photo itself is shown
        assert "<button" not in view.overlay and view.strip == ""


def test_only_the_chosen_models_have_a_row(page):
    def rows(**changes):
        return re.findall(r'<div class="row" data-model="([^"]+)"', page.view(wish(page, **changes)).panel)

    assert rows(models=[MODEL]) == [MODEL]
    assert rows() == page.answers.models


def test_the_maps_are_about_what_was_asked_for_and_else_about_each_models_own_answer(page):
    def maps(**changes):
        found = page.view(wish(page, opened=("compare",), **changes)).sections
        return re.findall(r"Grad-CAM for (\w+)</b>", found)

    own = re.findall(r'<span class="answer">(\w+)', page.view(wish(page)).panel)
    assert maps() == own
    assert maps(expression="fear") == ["fear", "fear"]
    assert maps(expression="contempt")[0] == "contempt"
    assert "does not know contempt" in page.view(wish(page, expression="contempt")).panel


def test_what_was_found_about_a_models_maps_stands_under_each_of_them(page):
    told = {MODEL: {"Grad-CAM": "tells more", "patch attention": "tells no more"}}
    found = PhotoPage(ImageAnswers(page.answers.analyzer, worth=told))
    sections = found.view(wish(page, opened=("compare", "inside"))).sections
    assert sections.count("<small>tells more</small>") == 1
    assert len(re.findall(r"tells no more</small>", sections)) == 1  # of a map that may be much the same everywhere


def test_a_face_that_the_photo_does_not_have_is_its_first(page):
    assert "Face 3 of 3" in page.view(wish(page, face=2)).panel
    assert "Face 1 of 3" in page.view(wish(page, face=7)).panel
    assert page.view(wish(page, face=2)).state["query"] == {"example": "several_faces", "face": "3"}


def test_the_content_of_a_section_comes_when_it_is_open(page):
    closed, opened = page.view(wish(page)).sections, page.view(wish(page, opened=("compare", "details"))).sections
    assert "Grad-CAM" not in closed.partition("</details>")[0] and 'class="shares"' not in closed
    assert "Grad-CAM" in opened and 'class="shares"' in opened


def test_an_own_photo_is_answered_as_the_example_is_that_it_equals(page):
    view = page.view(wish(page, None), str(EXAMPLES["portrait"]))
    assert view.state["example"] == "portrait" and view.state["query"] == {}


def test_hiding_a_part_asks_every_model_again(page):
    view = page.view(wish(page, "portrait", hide="mouth"))
    assert view.panel.count('class="after') == 2 and "veil" in view.overlay
    assert re.search(r"Hiding the mouth changes the answer of (all|(none|\d) of) 2 models\.", view.panel)
    asked = page.view(wish(page, "portrait", hide="ask"))
    assert 'class="after' not in asked.panel and "The mouth</b> hidden" in asked.panel


def test_a_row_of_many_photos_says_what_the_models_say_or_what_is_wrong(page, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture")
    told = page.row(str(EXAMPLES["several_faces"]), wish(page, None))
    assert told["faces"] == 3 and told["words"].count(";") == 2 and told["picture"].startswith("data:image/jpeg")
    assert "not a picture" in page.row(str(broken), wish(page, None))["words"]


def test_what_is_against_an_answer_is_said_beside_it(page):
    dark, bright = page.view(wish(page, "dark")).panel, page.view(wish(page, "portrait")).panel
    assert re.findall(r'data-model="([^"]+)".*?class="against">[^<]*face is dark\.', dark) == page.answers.models
    assert "against" not in bright


def test_a_balanced_answer_is_the_librarys_and_a_model_that_cannot_says_so(page):
    analyzer, photo = page.answers.analyzer, page.answers.photo(str(EXAMPLES["several_faces"]))
    wanted = analyzer.answer(photo.found, [MODEL], method=None, balanced=True)[0][MODEL]
    view = page.view(wish(page, balanced=True, opened=("details",)))
    assert f'<span class="share">{share_words(wanted.probability)}</span>' in view.panel
    shares = re.findall(r"<td[^>]*>([\d.]+) %</td>", view.sections)
    assert f"{100 * wanted.probability:.1f}" in shares and "all equally likely" in view.sections
    assert view.panel.count("as common as on the web: it cannot do otherwise") == 1
    plain = page.view(wish(page))
    assert view.state["key"] != plain.state["key"] and "cannot do otherwise" not in plain.panel
    assert view.state["query"] == plain.state["query"] | {"balanced": "yes"}


def test_an_answer_with_the_mirror_image_is_the_librarys(page):
    analyzer, photo = page.answers.analyzer, page.answers.photo(str(EXAMPLES["several_faces"]))
    wanted = analyzer.answer(photo.found, [MODEL], method=None, mirror=True)[0][MODEL]
    view, plain = page.view(wish(page, mirror=True, opened=("details",))), page.view(wish(page))
    assert f'<span class="share">{share_words(wanted.probability)}</span>' in view.panel
    assert "the face and at its mirror image" in view.sections
    assert view.state["key"] != plain.state["key"]
    assert view.state["query"] == plain.state["query"] | {"mirror": "yes"}


class Answers:
    """Two models that agree about every example but one."""

    models = ("a", "b")

    def __init__(self, differ: str | None):
        self.differ = differ

    def photo(self, path):
        return path

    def answers(self, path, models):
        other = "fear" if path == str(EXAMPLES.get(self.differ)) else "happiness"
        crop = Image.new("RGB", (8, 8))
        return [[Prediction("a", {"happiness": 1.0}, True, crop), Prediction("b", {other: 1.0}, True, crop)]]


def test_the_page_opens_with_an_example_on_which_the_models_differ():
    assert opening_example(Answers("dark")) == "dark"
    assert opening_example(Answers(None)) == next(iter(EXAMPLES))
