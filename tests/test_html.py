"""The page of an analysis: what is written there is what was measured, and nothing a file says is taken as HTML."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import FaceMap, PhotoAnalysis, Prediction
from fer_models.faces import Face
from fer_models.html import analysis_html, data_url, how_sure, message_html


def prediction(probability: float = 0.8, sure: bool = True, model: str = "m") -> Prediction:
    return Prediction(
        model=model,
        probabilities={"neutral": 1 - probability, "happiness": probability},
        sure=sure,
        crop=Image.new("RGB", (64, 64), (10, 200, 10)),
        explained="happiness",
        maps=[
            FaceMap("Grad-CAM for happiness", np.eye(14, dtype=np.float32), "Where it looked.", kind="heat"),
            FaceMap("patch attention", np.full((2, 2), 0.25, dtype=np.float32), "Four shares.", kind="shares"),
        ],
    )


def analysis(*models: str, faces: int = 1) -> PhotoAnalysis:
    face = Face((10, 10, 60, 60), np.zeros((5, 2)), 0.99)
    answers = {name: prediction(model=name) for name in models or ("m",)}
    return PhotoAnalysis(Image.new("RGB", (100, 80)), [face] * faces, [answers] * faces, {"detect": 12.3})


@pytest.mark.parametrize(
    "probability, sure, words",
    [
        (0.95, True, "very sure"),
        (0.75, True, "sure"),
        (0.55, True, "fairly sure"),
        (0.5001, True, "fairly sure"),
        (0.95, False, "not sure"),
    ],
)
def test_the_probability_becomes_a_word(probability, sure, words):
    assert how_sure(prediction(probability, sure)) == words


def test_every_share_is_written_largest_first():
    page = analysis_html(analysis())
    shares = re.findall(r'<th scope="row">(\w+)</th>.*?<td class="share">([\d.]+) %', page)
    assert shares == [("happiness", "80.0"), ("neutral", "20.0")]


def test_each_map_stands_with_its_name_its_meaning_and_a_text_for_screen_readers():
    page = analysis_html(analysis())
    assert "<b>Grad-CAM for happiness</b>Where it looked." in page
    assert "<b>patch attention</b>Four shares." in page
    assert all(re.search(r' alt="[^"]+"', image) for image in re.findall(r"<img[^>]*>", page))


def test_there_is_a_card_per_face_and_a_column_per_model():
    page = analysis_html(analysis("first", "second", faces=3))
    assert page.count('<section class="face"') == 3
    assert page.count('data-model="first"') == page.count('data-model="second"') == 3


def test_no_face_shows_the_photo_and_a_sentence():
    page = analysis_html(PhotoAnalysis(Image.new("RGB", (30, 20)), [], [], {}))
    assert "No face found." in page and 'class="photo"' in page


def test_names_and_messages_cannot_be_markup():
    assert "<script>" not in analysis_html(analysis("<script>"))
    assert "&lt;b&gt;" in message_html("<b>")


def test_a_data_url_holds_the_picture():
    encoded = data_url(Image.new("RGB", (8, 8), (200, 30, 30)))
    decoded = Image.open(io.BytesIO(base64.b64decode(encoded.partition(",")[2])))
    assert decoded.size == (8, 8) and np.abs(np.asarray(decoded)[4, 4] - np.array([200, 30, 30])).max() < 6
