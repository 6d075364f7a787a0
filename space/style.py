"""How the page looks: Gradio's theme and the style of everything around the cards."""

import gradio as gr

from fer_models.html import CSS

THEME = gr.themes.Soft()

PAGE_CSS = (
    CSS
    + """
.gradio-container { max-width: 1280px !important; margin: 0 auto !important; }
footer { display: none !important; }
"""
)
