"""How photos come in, and what the page calls its settings."""

import base64

import gradio as gr

from fer_models.analyzer import Analyzer
from fer_models.explain import METHODS

OWN_ANSWER = "the model's own answer"
MAX_DATA_URL = 70_000_000  # characters; the size limit of uploads does not see these


class PhotoInput(gr.Image):
    """`gr.Image` that hands the upload over undecoded, so that a broken file is told about in our words."""

    is_template = True  # the page shows it as gr.Image

    def preprocess(self, payload) -> str | bytes | None:
        if payload is None:
            return None
        if payload.url and payload.url.startswith("data:"):
            if len(payload.url) > MAX_DATA_URL:
                return b""  # told about as an empty file
            return base64.b64decode(payload.url.partition(",")[2])
        return payload.path


def method_choice(elem_id: str) -> gr.Dropdown:
    """Which method of the Grad-CAM family."""
    methods = [(method.title, key) for key, method in METHODS.items()]
    return gr.Dropdown(methods, value="gradcam", label="Explain with", elem_id=elem_id)


def expression_choice(analyzer: Analyzer, elem_id: str) -> gr.Dropdown:
    """Which expression is explained."""
    return gr.Dropdown(
        [OWN_ANSWER, *analyzer.expressions], value=OWN_ANSWER, label="Explain the answer", elem_id=elem_id
    )
