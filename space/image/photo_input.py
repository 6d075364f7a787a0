"""How photos and clips come in, and what the page calls its settings."""

from collections.abc import Callable
from functools import wraps

import gradio as gr

from fer_models.analyzer import Analyzer
from fer_models.methods import METHODS
from fer_models.photo import PhotoError
from space.data_url import PhotoData, decoded
from space.uploaded import UploadError, read_uploaded, uploaded_file

OWN_ANSWER = "its own"
MAX_DATA_URL = 70_000_000  # characters; the size limit of uploads does not see these


class PhotoInput(gr.Image):
    """`gr.Image` that hands the upload over undecoded, so that a broken file is told about in our words."""

    def get_block_name(self) -> str:
        """What the page shows it as."""
        return "image"

    data_model = PhotoData

    def preprocess(self, payload) -> bytes | PhotoError | None:
        """The content of the file; what is wrong with it, where there is none."""
        if payload is None:
            return None
        if payload.url and payload.url.startswith("data:"):
            if len(payload.url) > MAX_DATA_URL:
                return PhotoError("The pasted picture is larger than 50 MB; save it as a JPEG file and upload that.")
            try:
                return decoded(payload.url)
            except ValueError:
                return PhotoError("The pasted picture is damaged or incomplete; copy it again, or upload a file.")
        try:
            return read_uploaded(payload.path)
        except UploadError as error:
            return PhotoError(str(error))


class PhotosInput(gr.File):
    """`gr.File` that hands several uploads over undecoded."""

    is_template = True

    def preprocess(self, payload) -> list[str | PhotoError]:
        """The path of each file, or what is wrong with it."""
        return [] if payload is None else [_upload(file.path) for file in payload.root]


def _upload(path: str) -> str | PhotoError:
    try:
        return str(uploaded_file(path))
    except UploadError as error:
        return PhotoError(str(error))


class ClipInput(gr.Video):
    """`gr.Video` that hands over nothing but an upload."""

    is_template = True

    def preprocess(self, payload) -> str | None:
        """The path of the file.

        Raises:
            gr.Error: it was not uploaded.
        """
        if payload is None:
            return None
        try:
            return str(uploaded_file(payload.path))
        except UploadError as error:
            raise gr.Error(str(error), print_exception=False) from error


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
            raise gr.Error(str(error), title="That did not work", print_exception=False) from error

    return handle
