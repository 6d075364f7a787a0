"""What is remembered for a while: no longer than promised, no more than there is room for, and nothing twice."""

import threading
import time

import pytest

from fer_models.photo import PhotoError
from space.image.recent import Recent, file_digest


def test_a_result_is_made_once_and_the_oldest_goes_first():
    recent, made = Recent(max_items=2), []

    def get(key: str) -> str:
        return recent.get(key, lambda: made.append(key) or key.upper())

    assert [get(key) for key in "aababc"] == list("AABABC")
    assert made == ["a", "b", "c"]
    get("b")
    get("a")  # had to make room for c
    assert made == ["a", "b", "c", "a"] and len(recent) == 2


def test_nothing_stays_longer_than_its_age_even_if_nobody_asks():
    recent = Recent(max_items=9, max_age=0.05)
    recent.get("photo", lambda: "private")
    deadline = time.monotonic() + 20
    while len(recent):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    assert recent.get("photo", lambda: "new") == "new"


def test_being_used_does_not_make_a_result_younger():
    recent = Recent(max_items=9, max_age=0.2)
    start = time.monotonic()
    while recent.get("photo", lambda: time.monotonic()) < start + 0.2:
        assert time.monotonic() < start + 20


def test_an_error_is_raised_and_not_kept():
    recent = Recent(max_items=2)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 / 0)
    assert recent.get("a", lambda: 5) == 5


def test_a_photo_is_known_by_its_content_not_by_its_name(tmp_path):
    one, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    one.write_bytes(b"same")
    other.write_bytes(b"same")
    assert file_digest(one) == file_digest(str(other)) == file_digest(b"same") != file_digest(b"else")
    with pytest.raises(PhotoError, match="choose it again"):
        file_digest(tmp_path / "gone.jpg")
