"""How the page looks and what the browser does alone: Gradio's theme, our style sheet, our script."""

from pathlib import Path

import gradio as gr

from fer_models.video.timeline import CSS as TIMELINE_CSS
from space.image.maps import COLORMAPS, DEFAULT_COLORMAP, DEFAULT_OPACITY
from space.page.html import CSS

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

# One rule per colour map: which of the page's SVG filters colours the grey pictures.
_COLORMAP_CSS = f":root {{ --map-opacity: {DEFAULT_OPACITY}; }}\n" + "\n".join(
    f"{':root' if name == DEFAULT_COLORMAP else f':root[data-colormap={name}]'} "
    f".fer .heat {{ filter: url(#colormap-{name}); }}"
    for name in sorted(COLORMAPS, key=lambda name: name != DEFAULT_COLORMAP)
)

_FOLDER = Path(__file__).resolve().parents[1]
_SHEETS = [(_FOLDER / name).read_text() for name in ("page/style.css", "live/live.css", "numbers/measured.css")]
PAGE_CSS = "\n".join([CSS, TIMELINE_CSS, *_SHEETS, _COLORMAP_CSS])
HEAD = "".join(f"<script>{(_FOLDER / name).read_text()}</script>" for name in ("page/page.js", "live/camera.js"))
