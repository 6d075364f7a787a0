"""The photo: every face a button at its place, every map where the model looked, a strip of many faces."""

import re

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import FoundFaces
from fer_models.checkpoint import FaceMap, Prediction
from fer_models.faces import Face, crop_square
from space.image.fixed import examples_html
from space.image.link import EXAMPLES
from space.image.recent import SeenPhoto
from space.image.stage import label, overlay_html, strip_html

MARKS = np.array([[40.0, 40.0], [60.0, 40.0], [50.0, 50.0], [42.0, 62.0], [58.0, 62.0]])


def seen(*boxes) -> SeenPhoto:
    faces = [Face(box, MARKS, 0.99) for box in boxes]
    return SeenPhoto("digest" * 8, FoundFaces(Image.new("RGB", (100, 50)), (200, 100), faces))


def prediction(model: str, values: np.ndarray, happiness: float = 0.9, sure: bool = True) -> Prediction:
    shares = {"happiness": happiness, "fear": 1 - happiness}
    maps = [FaceMap("Grad-CAM for happiness", values.astype(np.float32), "Bright.", "heat")]
    return Prediction(model, shares, sure, Image.new("RGB", (64, 64)), "happiness", maps)


SPOT = np.eye(4)
PHOTO = seen((20.0, 50.0, 60.0, 90.0), (160.0, 0.0, 196.0, 50.0), (100.0, 60.0, 108.0, 70.0))


def overlay(*answers, hidden=None) -> str:
    margins = {one.model: 0.0 for one in answers}
    return overlay_html(PHOTO, ["fear", "<b>", "anger"], 1, answers, margins, answers[0].model, hidden or {})


def test_every_face_is_a_button_over_its_place_in_the_photo():
    buttons = re.findall(r"<button.*?</button>", overlay(prediction("m", SPOT)))
    assert len(buttons) == 3
    assert "left:10.00%;top:50.00%;width:20.00%;height:40.00%" in buttons[0]
    assert 'aria-pressed="false" aria-label="Face 1: fear"' in buttons[0] and 'data-face="0"' in buttons[0]
    assert 'aria-pressed="true"' in buttons[1] and "&lt;b&gt;" in buttons[1]
    assert 'class="box low late"' in buttons[1]  # its tag would not fit above, nor to the right
    assert 'class="box small"' in buttons[2]  # a tag with a word would cover it


def test_the_maps_lie_on_the_square_that_the_models_saw_and_one_is_seen():
    page = overlay(prediction("a", SPOT), prediction("b", SPOT))
    centre, side, _ = crop_square(PHOTO.found.faces[1])
    assert f"left:{100 * (centre[0] - side / 2) / 200:.2f}%" in page and f"width:{side / 2:.2f}%" in page
    assert re.findall(r'data-model="(\w)"( hidden)?', page) == [("a", ""), ("b", " hidden")]


def test_a_map_that_says_the_same_everywhere_is_not_drawn():
    assert 'data-model="m"' not in overlay(prediction("m", np.full((4, 4), 0.9)))


def test_what_is_hidden_is_veiled_at_its_place():
    page = overlay(prediction("m", SPOT), hidden={0.0: [(0.1, 0.2), (0.5, 0.2), (0.5, 0.6), (0.1, 0.6)]})
    assert "clip-path:polygon(10.0% 20.0%,50.0% 20.0%,50.0% 60.0%,10.0% 60.0%)" in page


@pytest.mark.parametrize(
    "answers, words",
    [
        ([prediction("a", SPOT), prediction("b", SPOT, 0.8)], "happiness"),
        ([prediction("a", SPOT), prediction("b", SPOT, 0.8, sure=False)], "happiness?"),
        ([prediction("a", SPOT), prediction("b", SPOT, 0.1)], "models differ"),
    ],
)
def test_a_face_is_labelled_in_a_word_or_two(answers, words):
    assert label(answers) == words


def test_several_faces_stand_in_a_strip_and_a_single_one_does_not():
    crops = [Image.new("RGB", (48, 48))] * 3
    strip = strip_html(PHOTO, ["fear", "<b>", "anger"], 1, crops)
    assert re.findall(r'data-face="(\d)" aria-pressed="(\w+)"', strip) == [
        ("0", "false"),
        ("1", "true"),
        ("2", "false"),
    ]
    assert strip_html(seen((1.0, 1.0, 9.0, 9.0)), ["fear"], 0, crops[:1]) == ""


def test_every_example_is_a_button_with_a_name_of_people():
    names = re.findall(r'data-example="(\w+)" aria-label="example: ([^"]+)"', examples_html(EXAMPLES))
    assert [name for name, _ in names] == list(EXAMPLES)
    assert dict(names)["several_faces"] == "three faces" and not any("_" in label for _, label in names)
