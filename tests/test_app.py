"""The Space without a browser: what it says when it cannot start, and what a broken source becomes."""

import subprocess
import sys
from pathlib import Path

import pytest

from fer_models.analyzer import CHECKPOINTS, Analyzer
from space.image_tab import analyze_photo
from space.photo_input import OWN_ANSWER, PhotoInput

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "contents, words", [((), "no checkpoint in"), (("half-a-model",), "half-a-model has no config")]
)
def test_without_a_usable_checkpoint_the_start_fails_and_names_the_folder(tmp_path, contents, words):
    for name in contents:
        (tmp_path / name).mkdir()
    command = [sys.executable, str(ROOT / "app.py"), "--checkpoints", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("error: ") and words in run.stderr
    assert "Traceback" not in run.stderr


def test_an_upload_reaches_the_handler_undecoded():
    from gradio.components.image import ImageData

    photo = PhotoInput()
    assert photo.preprocess(None) is None
    assert photo.preprocess(ImageData(path="/tmp/broken.jpg")) == "/tmp/broken.jpg"
    assert photo.preprocess(ImageData(url="data:image/jpeg;base64,AQID")) == b"\x01\x02\x03"


def test_a_broken_source_becomes_a_sentence_without_its_path(tmp_path):
    file = tmp_path / "secret-name.jpg"
    file.write_text("no picture")
    page = analyze_photo(Analyzer([CHECKPOINTS / "pattlite-ferplus"]), str(file), "gradcam", OWN_ANSWER)
    assert 'class="message"' in page and "secret-name" not in page and str(tmp_path) not in page
