"""What a client names as its photo or clip -> a regular file that was uploaded to this very process, or one refusal.

Gradio checks the files of a message only where they carry its mark, and a component opens whatever it is given. So
every message passes `Page` before anything looks at it, and the components open nothing but what `uploaded_file` gives.
"""

import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio.utils import get_upload_folder
from gradio_client.utils import is_http_url_like
from pydantic import ValidationError

MOST_BYTES = 50 * 2**20  # of an upload; Gradio's "50mb"
ANSWER = "/gradio_api/file="  # the address at which this server holds an upload goes on with its path

NOT_UPLOADED = "This file is not among your uploads, or was deleted since; choose it again."
TOO_LARGE = f"The file has more than {MOST_BYTES // 2**20} MB; make it smaller and try again."
NO_UPLOAD = (
    "A photo is sent as an upload or as its base64 data URL, a clip as an upload, neither as a path or another text; "
    "gradio_client uploads the file that is named in handle_file(PATH)."
)
ELSEWHERE = "Send the picture itself; this server fetches nothing from other places."


class UploadError(ValueError):
    """No upload that can be used; the message is one sentence for whoever sent it, without a path."""


def uploaded_file(path: str | Path) -> Path:
    """The upload at a path, with all links resolved.

    Raises:
        UploadError: anything else than a regular file of at most `MOST_BYTES` in the folder of uploads. What lies
            outside of it is not even looked at, so neither the answer nor its time tells whether it exists.
    """
    folder = Path(get_upload_folder())
    try:
        asked = Path(os.path.abspath(path))  # noqa: PTH100 (`Path.resolve` would follow links before the check)
        if not any(asked.is_relative_to(root) for root in (folder, folder.resolve())):
            raise UploadError(NOT_UPLOADED)
        found = asked.resolve(strict=True)
        status = found.stat()
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise UploadError(NOT_UPLOADED) from error
    if not found.is_relative_to(folder.resolve()) or not stat.S_ISREG(status.st_mode):
        raise UploadError(NOT_UPLOADED)
    if status.st_size > MOST_BYTES:
        raise UploadError(TOO_LARGE)
    return found


def read_uploaded(path: str | Path) -> bytes:
    """The content of an upload; nothing that could block is opened, and nothing without an end read.

    Raises:
        UploadError: as `uploaded_file`.
    """
    found = uploaded_file(path)
    try:
        descriptor = os.open(found, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123 (a descriptor, not a path)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UploadError(NOT_UPLOADED)
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UploadError(NOT_UPLOADED) from error
    if len(content) > MOST_BYTES:
        raise UploadError(TOO_LARGE)
    return content


def checked_message(value: Any) -> Any:
    """A client's value for a component, in which every file is an upload; addresses on this server become its path.

    Raises:
        UploadError: some file is none.
    """
    if isinstance(value, list):
        return [checked_message(one) for one in value]
    if not isinstance(value, dict):
        return value
    checked = {key: checked_message(one) for key, one in value.items()}
    if checked.get("path"):
        checked["path"] = str(uploaded_file(_path_here(checked["path"])))
    elif isinstance(checked.get("url"), str) and not checked["url"].startswith("data:"):
        checked["path"] = str(uploaded_file(_path_here(checked["url"])))
    return checked


def _path_here(path: str) -> str:
    if not is_http_url_like(path):
        return path
    here = unquote(path.partition(ANSWER)[2])
    if not here:
        raise UploadError(ELSEWHERE)
    return here


class Page(gr.Blocks):
    """`gr.Blocks` whose handlers, of every component and by every way in, are given no file that was not uploaded."""

    async def preprocess_data(self, block_fn, inputs, *rest, **options):
        try:
            inputs = checked_message(inputs)
        except UploadError as error:
            raise gr.Error(str(error), title="That did not work", print_exception=False) from error
        try:
            return await super().preprocess_data(block_fn, inputs, *rest, **options)
        except ValidationError as error:  # of Gradio's models of files, which told it with a traceback
            raise gr.Error(NO_UPLOAD, title="That did not work", print_exception=False) from error


__all__ = ["MOST_BYTES", "Page", "UploadError", "checked_message", "read_uploaded", "uploaded_file"]
