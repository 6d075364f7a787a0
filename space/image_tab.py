"""The Image tab: a photo's faces, and for each every model's answer and maps."""

from pathlib import Path

import gradio as gr

from fer_models.analyzer import Analyzer
from fer_models.faces import PhotoError, read_photo
from fer_models.html import analysis_html, message_html

from .photo_input import PhotoInput, expression_choice, method_choice

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.jpg"))


def analyze_photo(analyzer: Analyzer, source: str | bytes | None, method: str, expression: str) -> str:
    """The page for one photo, or one sentence that says what is wrong with it."""
    if source is None:
        return message_html("Upload a photo, or choose an example.")
    try:
        photo = read_photo(source)
    except PhotoError as error:
        return message_html(str(error))
    return analysis_html(analyzer.analyze(photo, method=method, expression=expression))


def image_tab(analyzer: Analyzer) -> None:
    """The tab, wired to an analyzer; called inside the page's `gr.Blocks`."""

    def on_photo(source: str | bytes | None, method: str, expression: str) -> str:
        return analyze_photo(analyzer, source, method, expression)

    with gr.Tab("Image"), gr.Row():
        with gr.Column(scale=1, min_width=260):
            photo = PhotoInput(
                sources=["upload", "clipboard", "webcam"], type="filepath", label="Photo", elem_id="photo", height=300
            )
            gr.Examples([[str(path)] for path in EXAMPLES], inputs=[photo], label="Examples")
            method = method_choice("method")
            expression = expression_choice(analyzer, "expression")
        with gr.Column(scale=3, min_width=320):
            answer = gr.HTML(message_html("Upload a photo, or choose an example."), elem_id="answer")
        for event in (photo.change, method.change, expression.change):
            event(on_photo, [photo, method, expression], answer, show_progress="minimal", trigger_mode="always_last")
