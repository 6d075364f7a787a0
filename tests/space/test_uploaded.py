"""A client's path becomes a regular file among the uploads, or one refusal; nothing else is looked at."""

import os
import threading
from pathlib import Path

import pytest

from space import uploaded
from space.uploaded import (
    ELSEWHERE,
    NOT_UPLOADED,
    TOO_LARGE,
    UploadError,
    checked_message,
    read_uploaded,
    uploaded_file,
)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The uploads, one of them; beside it a file that is none."""
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "mine.jpg").write_bytes(b"mine")
    (tmp_path / "other.jpg").write_bytes(b"other")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    return uploads


def test_an_upload_is_given_and_read(folder):
    assert uploaded_file(folder / "mine.jpg") == folder / "mine.jpg"
    assert uploaded_file(f"{folder}/x/../mine.jpg") == folder / "mine.jpg"
    assert read_uploaded(str(folder / "mine.jpg")) == b"mine"


@pytest.mark.parametrize(
    "path", ["../other.jpg", "../missing.jpg", "missing.jpg", ".", "", "mine.jpg/x", "nul\0", 9999 * "x"]
)
def test_anything_else_is_refused_in_the_same_words(folder, path):
    with pytest.raises(UploadError, match=NOT_UPLOADED) as refused:
        uploaded_file(f"{folder}/{path}")
    assert str(folder) not in str(refused.value)


@pytest.mark.parametrize("path", [None, 3, "", "mine.jpg", "/dev/zero", "~/x", [], {}])
def test_what_is_no_path_of_an_upload_is_refused(folder, path):
    with pytest.raises(UploadError, match=NOT_UPLOADED):
        read_uploaded(path)


def test_a_folder_that_only_begins_alike_is_another_one(folder):
    (folder.parent / "uploads-of-others").mkdir()
    (folder.parent / "uploads-of-others" / "face.jpg").write_bytes(b"face")
    with pytest.raises(UploadError):
        uploaded_file(folder.parent / "uploads-of-others" / "face.jpg")


def test_a_link_out_of_the_folder_is_refused_and_one_within_it_resolved(folder):
    (folder / "out.jpg").symlink_to(folder.parent / "other.jpg")
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "in.jpg").symlink_to(folder / "mine.jpg")
    for name in ("out.jpg", "loop.jpg"):
        with pytest.raises(UploadError, match=NOT_UPLOADED):
            uploaded_file(folder / name)
    assert uploaded_file(folder / "in.jpg") == folder / "mine.jpg"


def test_uploads_below_a_link_are_found_by_both_names(folder, monkeypatch):
    link = folder.parent / "link"
    link.symlink_to(folder)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(link))
    assert uploaded_file(link / "mine.jpg") == uploaded_file(folder / "mine.jpg") == folder / "mine.jpg"


def test_a_pipe_is_refused_at_once(folder):
    os.mkfifo(folder / "pipe.jpg")
    answers = []

    def read() -> None:
        try:
            read_uploaded(folder / "pipe.jpg")
        except UploadError as error:
            answers.append(str(error))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(20)
    assert answers == [NOT_UPLOADED]


def test_what_is_too_large_is_not_opened(folder, monkeypatch):
    monkeypatch.setattr(uploaded, "MOST_BYTES", 3)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    with pytest.raises(UploadError, match=TOO_LARGE):
        read_uploaded(folder / "mine.jpg")


def test_every_file_of_a_message_is_checked_however_deep_it_lies(folder):
    mine, other = ({"path": str(path)} for path in (folder / "mine.jpg", folder.parent / "other.jpg"))
    assert checked_message([1, None, "text", {"a": [mine]}]) == [1, None, "text", {"a": [mine]}]
    with pytest.raises(UploadError):
        checked_message([mine, {"a": [{"video": other, "subtitles": None}]}])


def test_an_address_on_this_server_becomes_its_path_and_any_other_is_refused(folder):
    here = "http://127.0.0.1:7860/gradio_api/file="
    for file in ({"path": f"{here}{folder}/mine.jpg"}, {"path": None, "url": f"{here}{folder}/mine.jpg"}):
        assert checked_message(file)["path"] == f"{folder}/mine.jpg"
    with pytest.raises(UploadError, match=NOT_UPLOADED):
        checked_message({"path": f"{here}{folder.parent}/other.jpg"})
    for file in ({"path": "https://example.org/face.jpg"}, {"url": "http://127.0.0.1/face.jpg"}):
        with pytest.raises(UploadError, match=ELSEWHERE):
            checked_message(file)


def test_a_picture_in_the_message_itself_needs_no_file(folder):
    picture = {"path": "", "url": "data:image/jpeg;base64,AQID"}
    assert checked_message(picture) == picture
