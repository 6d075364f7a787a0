"""What every page is made of: words for how sure a model is, sentences, pictures in the page itself."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.words import how_sure
from space.page.html import data_url, message_html


def prediction(probability: float, sure: bool) -> Prediction:
    shares = {"neutral": 1 - probability, "happiness": probability}
    return Prediction("m", shares, sure, Image.new("RGB", (64, 64)), explained="happiness")


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


def test_a_message_cannot_be_markup():
    assert "&lt;b&gt;" in message_html("<b>") and 'role="status"' in message_html("")


def test_a_data_url_holds_the_picture():
    encoded = data_url(Image.new("RGB", (8, 8), (200, 30, 30)))
    decoded = Image.open(io.BytesIO(base64.b64decode(encoded.partition(",")[2])))
    assert decoded.size == (8, 8) and np.abs(np.asarray(decoded)[4, 4] - np.array([200, 30, 30])).max() < 6
