"""What every page of ours is made of: pictures as data URLs, so that nothing is written to disk; how sure a model is,
in words; and the style of both, which follows the light or dark theme of the page around it."""

import base64
import html
import io

from PIL import Image

from fer_models.words import how_sure

# Gradio's variables where there are any, so that the cards look at home in its themes.
CSS = """
.fer { color: var(--body-text-color, #1f2937); font-size: 15px; line-height: 1.45; }
.fer .message { padding: 18px; text-align: center; }
.fer .timing { opacity: 0.75; font-size: 12.5px; margin: 6px 0 0; text-align: center; }
.fer .face { margin-top: 16px; padding: 14px 16px; border: 1px solid var(--border-color-primary, #e5e7eb);
  border-radius: 10px; background: var(--block-background-fill, #fff); }
.fer .face h3 { margin: 0 0 8px; font-size: 15px; font-weight: 600; }
.fer .answer { font-size: 24px; font-weight: 650; margin: 0; }
.fer .sure { margin: 0 0 8px; opacity: 0.75; }
.fer table.bars { width: 100%; margin: 0; border-collapse: collapse; font-size: 13.5px; height: fit-content; }
.fer table.bars, .fer table.bars :is(tr, th, td) { border: 0 !important; background: none !important; }
.fer table.bars th { text-align: left; font-weight: 400; padding: 2px 8px 2px 0; width: 1%; white-space: nowrap; }
.fer table.bars td { padding: 2px 0; }
.fer table.bars td.share { width: 1%; padding-left: 8px; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.fer table.bars tr.top th, .fer table.bars tr.top td { font-weight: 650; }
.fer .track { height: 10px; border-radius: 5px; background: var(--border-color-primary, #e5e7eb); overflow: hidden; }
.fer .fill { height: 100%; border-radius: 5px; background: #3b6fb6; }
.fer tr.top .fill { background: #e08a1e; }
.fer figure { margin: 0; }
.fer figure img { width: 100%; max-width: 232px; border-radius: 8px; display: block; }
.fer figcaption { font-size: 12.5px; margin-top: 5px; max-width: 300px; }
.fer figcaption b { display: block; font-size: 13.5px; }
"""


def data_url(picture: Image.Image, quality: int = 85) -> str:
    """A picture as a JPEG data URL."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def message_html(text: str) -> str:
    """A sentence, which screen readers say at once."""
    return f'<div class="fer"><p class="message" role="status">{html.escape(text)}</p></div>'


__all__ = ["CSS", "data_url", "how_sure", "message_html"]
