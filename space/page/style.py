"""How the page looks and what the browser does alone: Gradio's theme, our style sheets and scripts, all from files."""

from pathlib import Path

import gradio as gr

from fer_models.looks import LOOKS
from space.image.maps import COLORMAPS, DEFAULT_COLORMAP, DEFAULT_OPACITY

# The visitor's own fonts: nothing is fetched, and there is nothing to wait for.
FONTS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
THEME = gr.themes.Soft(
    primary_hue="indigo", secondary_hue="indigo", neutral_hue="slate", radius_size="md", font=FONTS
).set(
    block_title_background_fill="transparent",
    block_title_background_fill_dark="transparent",
    block_title_padding="0",
    block_title_text_color="*body_text_color",
    block_title_text_color_dark="*body_text_color",
    block_title_text_weight="600",
    block_label_text_color="*body_text_color",
    block_label_text_color_dark="*body_text_color",
)

_FOLDER = Path(__file__).resolve().parents[1]
SHEETS = ("page/style.css", "image/photo.css", "live/live.css", "live/timeline.css", "numbers/measured.css")
SCRIPTS = (
    *("page/page.js", "page/preview.js", "page/errors.js"),
    *("image/photo.js", "image/waiting.js", "image/checks.js", "image/many.js", "image/shown.js"),
    *("image/incoming.js", "image/controls.js", "image/rectangle.js"),
    *("live/camera.js", "live/live.js", "live/video.js"),
)


def _looks_css() -> str:
    """Each model's colour as a variable, as in every other plot of the project."""
    light = "".join(f"--model-{look.number}: {look.color}; " for look in LOOKS)
    dark = "".join(f"--model-{look.number}: {look.dark}; " for look in LOOKS)
    return f":root {{ {light}}}\n.dark {{ {dark}}}\n"


def _colormap_css() -> str:
    """One rule per colour map: which of the page's SVG filters colours the grey pictures."""
    rules = "\n".join(
        f"{':root' if name == DEFAULT_COLORMAP else f':root[data-colormap={name}]'} "
        f".fer .heat {{ filter: url(#colormap-{name}); }}"
        for name in sorted(COLORMAPS, key=lambda name: name != DEFAULT_COLORMAP)
    )
    return f":root {{ --map-opacity: {DEFAULT_OPACITY}; }}\n{rules}\n"


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


# In the head and not as Gradio's `css`, which is rewritten on its way and loses rules.
PAGE_CSS = "\n".join([_looks_css(), _colormap_css(), *map(_read, SHEETS)])
HEAD = f"<style>{PAGE_CSS}</style>" + "".join(f"<script>{_read(name)}</script>" for name in SCRIPTS)


def plain(value: str, **more) -> gr.HTML:
    """HTML of ours, without the style that Gradio has for text."""
    return gr.HTML(value, apply_default_css=False, **more)


__all__ = ["HEAD", "THEME", "plain"]
