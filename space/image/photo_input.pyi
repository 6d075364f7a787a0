"""How photos come in, and what the page calls its settings."""

import base64
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from urllib.parse import unquote

import gradio as gr
from gradio.utils import is_in_or_equal
from gradio_client.utils import is_http_url_like

from fer_models.analyzer import Analyzer
from fer_models.explain import METHODS
from fer_models.faces import PhotoError

OWN_ANSWER = "its own"
MAX_DATA_URL = 70_000_000  # characters; the size limit of uploads does not see these

class PhotoInput(gr.Image):
    """`gr.Image` that hands the upload over undecoded, so that a broken file is told about in our words, and that never
    fetches anything: a program sends the picture itself, or the address at which this server holds its upload."""

    is_template = True  # the page shows it as gr.Image

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        if is_http_url_like(url_or_file_path):
            path = unquote(str(url_or_file_path).partition("/gradio_api/file=")[2])
            if not path or not is_in_or_equal(path, self.GRADIO_CACHE):
                raise gr.Error("Send the picture itself; this server fetches nothing from other places.")
            url_or_file_path = path
        return await super().async_move_resource_to_block_cache(url_or_file_path)

    def preprocess(self, payload) -> str | bytes | PhotoError | None:
        """The file or its content; what is wrong with it, where there is neither."""
        if payload is None:
            return None
        if payload.url and payload.url.startswith("data:"):
            if len(payload.url) > MAX_DATA_URL:
                return PhotoError("The pasted picture is larger than 50 MB; save it as a JPEG file and upload that.")
            try:
                return base64.b64decode(payload.url.partition(",")[2], validate=True)
            except ValueError:
                return PhotoError("The pasted picture is damaged or incomplete; copy it again, or upload a file.")
        return payload.path
    from collections.abc import Callable, Sequence
    from typing import TYPE_CHECKING, Any, Literal

    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

def method_choice(elem_id: str) -> gr.Dropdown:
    """Which method of the Grad-CAM family."""
    methods = [(method.title, key) for key, method in METHODS.items()]
    return gr.Dropdown(methods, value="gradcam", label="Explain with", elem_id=elem_id)

def expression_choice(analyzer: Analyzer, elem_id: str) -> gr.Dropdown:
    """Which expression is explained."""
    return gr.Dropdown([OWN_ANSWER, *analyzer.expressions], value=OWN_ANSWER, label="Which answer", elem_id=elem_id)

def asked_expression(choice: str) -> str | None:
    """What `expression_choice` stands at; `None` is each model's own answer."""
    return None if choice == OWN_ANSWER else choice

def politely(handler: Callable) -> Callable:
    """A handler that tells what is wrong with a photo in its own words, to people and programs."""

    @wraps(handler)  # Gradio reads parameters and documentation from it
    def handle(*values):
        try:
            return handler(*values)
        except PhotoError as error:
            raise gr.Error(str(error), title="That did not work") from error

    return handle
