"""A picture that came as text -> its bytes, however the text was written."""

import base64
import binascii
import re

from gradio.components.image import ImageData
from pydantic import model_validator

from space.uploaded import NO_UPLOAD, UploadError, uploaded_file

_OTHER_ALPHABET = str.maketrans("-_", "+/")  # of addresses (RFC 4648, section 5)


def decoded(data_url: str) -> bytes:
    """The bytes of a base64 data URL, whose text may be wrapped, in the alphabet of addresses, or without padding.

    Raises:
        ValueError: it is no base64.
    """
    text = re.sub(r"\s|%0[aAdD]", "", data_url.partition(",")[2]).replace("%2B", "+").replace("%2F", "/")
    text = text.replace("%3D", "=").rstrip("=").translate(_OTHER_ALPHABET)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


class PhotoData(ImageData):
    """What the photo inputs take from programs: an upload, or a data URL as a field or as text alone. Any other text is
    taken for a path, which is refused unless it is that of an upload; what is neither is refused."""

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: object) -> object:
        if isinstance(value, str) and value.startswith("data:"):
            return {"url": value}
        if isinstance(value, str):
            try:
                return {"path": str(uploaded_file(value))}
            except UploadError as error:
                raise ValueError(NO_UPLOAD) from error
        return value


__all__ = ["PhotoData", "decoded"]
