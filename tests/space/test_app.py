"""The Space without a browser: what it says when it cannot start, and what a broken source becomes."""

import base64
import os
import socket
import subprocess
import sys

import gradio as gr
import pytest
from pydantic import ValidationError

from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.paths import ROOT
from fer_models.photo import PhotoError
from space.data_url import decoded
from space.image.answers import ImageAnswers
from space.image.link import Wish
from space.image.photo_input import PhotoInput, politely
from space.image.view import PhotoPage

MODEL = CHECKPOINTS / "pattlite-ferplus"


@pytest.mark.parametrize(
    "contents, words", [((), "no checkpoint in"), (("half-a-model",), "half-a-model has no config")]
)
def test_without_a_usable_checkpoint_the_start_fails_and_names_the_folder(tmp_path, contents, words):
    for name in ("", *contents):
        (tmp_path / "checkpoints" / name).mkdir()
    command = [sys.executable, str(ROOT / "app.py"), "--checkpoints", str(tmp_path / "checkpoints")]
    environment = os.environ | {"GRADIO_TEMP_DIR": str(tmp_path / "uploads")}
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("error: ") and words in run.stderr
    assert "Traceback" not in run.stderr
    assert list((tmp_path / "uploads").iterdir()) == []


def test_an_upload_reaches_the_handler_undecoded(tmp_path, monkeypatch):
    from gradio.components.image import ImageData

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    photo = PhotoInput()
    assert photo.preprocess(None) is None
    assert photo.preprocess(ImageData(path=str(tmp_path / "broken.jpg"))) == b"no picture"
    assert photo.preprocess(ImageData(url="data:image/jpeg;base64,AQID")) == b"\x01\x02\x03"


@pytest.mark.parametrize("wrapped", [76, 0])
@pytest.mark.parametrize("padding", ["=", ""])
@pytest.mark.parametrize("alphabet", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_read_however_it_was_written(alphabet, padding, wrapped):
    content = bytes(range(256)) + b"\xfb\xff\xfe!"  # with every sign of both alphabets, and padded
    text = alphabet(content).decode().rstrip("=")
    text += padding * (-len(text) % 4)
    if wrapped:
        text = "\r\n".join(text[first : first + wrapped] for first in range(0, len(text), wrapped))
    assert decoded(f"data:image/jpeg;base64,{text}") == content


def test_a_data_url_may_be_text_alone_and_any_other_text_is_a_path_that_was_not_uploaded(tmp_path):
    photo = PhotoInput()
    assert photo.preprocess(photo.data_model.model_validate("data:image/jpeg;base64,AQID")) == b"\x01\x02\x03"
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"private")
    with pytest.raises(ValidationError) as refused:
        photo.data_model.model_validate(str(secret))
    (told,) = refused.value.errors()
    assert "A photo is sent as an upload" in told["msg"] and "secret" not in told["msg"]


def test_a_visitors_fault_leaves_no_traceback_in_the_log():
    def handler():
        raise PhotoError("It is no picture.")

    with pytest.raises(gr.Error, match="It is no picture") as told:
        politely(handler)()
    assert told.value.print_exception is False


def test_a_port_that_another_program_has_is_one_sentence_at_once():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = subprocess.run(
            [sys.executable, str(ROOT / "app.py"), "--port", str(port)], capture_output=True, text=True, timeout=300
        )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith(f"error: port {port} cannot be used")
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "url, words",
    [("data:image/png;base64," + 2000 * "AAAA", "larger than 50 MB"), ("data:image/png;base64,%%", "damaged")],
)
def test_what_is_pasted_and_cannot_be_used_is_said_in_its_own_words(monkeypatch, url, words):
    from gradio.components.image import ImageData

    monkeypatch.setattr("space.image.photo_input.MAX_DATA_URL", 5000)
    source = PhotoInput().preprocess(ImageData(url=url))
    view = PhotoPage(ImageAnswers(Analyzer([MODEL]))).view(Wish(models=["pattlite-ferplus"]), source)
    assert words in view.panel and "empty" not in view.panel and view.overlay == ""
