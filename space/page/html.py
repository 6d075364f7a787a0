"""What every page of ours is made of: pictures as data URLs, so that nothing is written to disk; how sure a model is,
in words; a sentence."""

import base64
import html
import io

from PIL import Image


def data_url(picture: Image.Image, quality: int = 85) -> str:
    """A picture as a JPEG data URL."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def message_html(text: str) -> str:
    """A sentence, which screen readers say at once."""
    return f'<div class="fer"><p class="message" role="status">{html.escape(text)}</p></div>'


__all__ = ["data_url", "message_html"]
