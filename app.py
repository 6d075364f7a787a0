"""The Space: upload a photo or turn on the webcam, see what each model answers and where it looked."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing leaves the machine
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the models come from checkpoints/

import argparse
import sys
from pathlib import Path

import gradio as gr

from fer_models.analyzer import CHECKPOINTS, Analyzer, CheckpointError, find_checkpoints
from space.image_tab import image_tab
from space.style import PAGE_CSS, THEME
from space.webcam_tab import webcam_tab

HOUR = 3600
INTRO = """# What does this face express, and why does the model think so?
Published facial-expression models, side by side, with the parts of the face they looked at. Expressions are not
feelings: a model names what a face shows, not what a person feels. The server deletes photos within the hour."""


def build(analyzer: Analyzer) -> gr.Blocks:
    """The page, wired to an analyzer."""
    with gr.Blocks(title="Facial expressions, explained", delete_cache=(300, HOUR - 300)) as page:
        gr.Markdown(INTRO)
        image_tab(analyzer)
        webcam_tab(analyzer)
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
    build(analyzer).launch(server_port=options.port, theme=THEME, css=PAGE_CSS, max_file_size="50mb", show_error=False)


if __name__ == "__main__":
    main()
