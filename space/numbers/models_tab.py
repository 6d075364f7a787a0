"""The tab Compare models: what was measured about each model, and its card."""

import gradio as gr

from space.numbers.measured import Measured
from space.numbers.models_html import models_html

INTRO = """<div class="fer measured"><p class="lead">Every number on this page was measured with this software and comes
from a result file; nothing is copied from a publication. Pictures, split and sample are named, because numbers on other
pictures cannot be compared.</p></div>"""


def models_tab(found: Measured) -> None:
    """The tab; called inside the page's `gr.Tabs`. Nothing on it is computed when it is opened."""
    with gr.Tab("Compare models", id="compare", elem_id="models-page"):
        gr.HTML(INTRO + models_html(found), padding=False)
        if any(model.card for model in found.models):
            gr.HTML('<div class="fer measured"><h2>Cards</h2></div>', padding=False)
        for model in found.models:
            if model.card:
                with gr.Accordion(model.title, open=False, elem_id=f"card-{model.name}", elem_classes="card"):
                    gr.Markdown(model.card, padding=True)


__all__ = ["models_tab"]
