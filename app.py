"""The Space: upload a photo or turn on the webcam, see what each model answers and where it looked."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing leaves the machine
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the models come from checkpoints/

import argparse
import base64
import sys
from pathlib import Path

import gradio as gr

from fer_models.analyzer import CHECKPOINTS, Analyzer, CheckpointError, find_checkpoints
from fer_models.explain import METHODS
from fer_models.faces import PhotoError, read_photo
from fer_models.html import CSS, analysis_html, message_html

EXAMPLES = sorted(Path(__file__).parent.glob("examples/*.jpg"))
OWN_ANSWER = "the model's own answer"
HOUR = 3600
MAX_DATA_URL = 70_000_000  # characters; the size limit of uploads does not see these

PAGE_CSS = (
    CSS
    + """
.gradio-container { max-width: 1280px !important; margin: 0 auto !important; }
footer { display: none !important; }
"""
)
INTRO = """# What does this face express, and why does the model think so?
Published facial-expression models, side by side, with the parts of the face they looked at. Expressions are not
feelings: a model names what a face shows, not what a person feels. The server deletes photos within the hour."""


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


def analyze_photo(analyzer: Analyzer, source: str | bytes | None, method: str, expression: str) -> str:
    """The page for one photo, or one sentence that says what is wrong with it."""
    if source is None:
        return message_html("Upload a photo, or choose an example.")
    try:
        photo = read_photo(source)
    except PhotoError as error:
        return message_html(str(error))
    return analysis_html(analyzer.analyze(photo, method=method, expression=expression))


def build(analyzer: Analyzer) -> gr.Blocks:
    """The page, wired to an analyzer."""

    def on_photo(source: str | bytes | None, method: str, expression: str) -> str:
        return analyze_photo(analyzer, source, method, expression)

    methods = [(method.title, key) for key, method in METHODS.items()]
    with gr.Blocks(title="Facial expressions, explained", delete_cache=(300, HOUR - 300)) as page:
        gr.Markdown(INTRO)
        with gr.Row():
            method = gr.Dropdown(methods, value="gradcam", label="Explain with", elem_id="method")
            expression = gr.Dropdown(
                [OWN_ANSWER, *analyzer.expressions], value=OWN_ANSWER, label="Explain the answer", elem_id="expression"
            )
        with gr.Tab("Image"), gr.Row():
            with gr.Column(scale=1, min_width=260):
                photo = PhotoInput(
                    sources=["upload", "clipboard", "webcam"],
                    type="filepath",
                    label="Photo",
                    elem_id="photo",
                    height=300,
                )
                gr.Examples([[str(path)] for path in EXAMPLES], inputs=[photo], label="Examples")
            with gr.Column(scale=3, min_width=320):
                answer = gr.HTML(message_html("Upload a photo, or choose an example."), elem_id="answer")
            for event in (photo.change, method.change, expression.change):
                event(
                    on_photo, [photo, method, expression], answer, show_progress="minimal", trigger_mode="always_last"
                )
        with gr.Tab("Webcam"), gr.Row():
            with gr.Column(scale=1, min_width=260):
                camera = PhotoInput(
                    sources=["webcam"],
                    streaming=True,
                    type="filepath",
                    label="Webcam",
                    elem_id="camera",
                    webcam_options=gr.WebcamOptions(constraints={"video": {"width": 640, "height": 480}}),
                )
            with gr.Column(scale=3, min_width=320):
                live = gr.HTML(message_html("Turn on the webcam."), elem_id="live")
            camera.stream(
                on_photo,
                [camera, method, expression],
                live,
                stream_every=0.1,
                time_limit=60,
                concurrency_limit=2,
                concurrency_id="camera",  # a stream never holds the place of an upload
                show_progress="hidden",
            )
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of checkpoint folders")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860 on")
    options = parser.parse_args()
    try:
        analyzer = Analyzer(find_checkpoints(options.checkpoints))
    except CheckpointError as error:
        sys.exit(f"error: {error}")
    build(analyzer).launch(
        server_port=options.port, theme=gr.themes.Soft(), css=PAGE_CSS, max_file_size="50mb", show_error=False
    )


if __name__ == "__main__":
    main()
