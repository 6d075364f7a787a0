"""The Webcam tab: every frame answered and explained as it comes."""

import gradio as gr

from fer_models.analyzer import Analyzer
from fer_models.html import message_html

from .image_tab import analyze_photo
from .photo_input import PhotoInput, expression_choice, method_choice


def webcam_tab(analyzer: Analyzer) -> None:
    """The tab, wired to an analyzer; called inside the page's `gr.Blocks`."""

    def on_frame(source: str | bytes | None, method: str, expression: str) -> str:
        return analyze_photo(analyzer, source, method, expression)

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
            method = method_choice("camera-method")
            expression = expression_choice(analyzer, "camera-expression")
        with gr.Column(scale=3, min_width=320):
            live = gr.HTML(message_html("Turn on the webcam."), elem_id="live")
        camera.stream(
            on_frame,
            [camera, method, expression],
            live,
            stream_every=0.1,
            time_limit=60,
            concurrency_limit=2,
            concurrency_id="camera",  # a stream never holds the place of an upload
            show_progress="hidden",
        )
