"""What is remembered for a while: no longer than promised, no more than there is room for, and nothing twice."""

import threading
import time

import pytest

from fer_models.analyzer import CHECKPOINTS, Analyzer, Checkpoint
from fer_models.faces import PhotoError
from space.image.link import EXAMPLES
from space.image.recent import Recent, RecentPhotos, file_digest

EXAMPLE = EXAMPLES["several_faces"]


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


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer([CHECKPOINTS / "pattlite-ferplus"])


def test_a_change_of_settings_computes_only_what_is_new(analyzer, monkeypatch):
    passes, searches = [], []
    predict, detect = Checkpoint.predict, analyzer.detector.detect
    monkeypatch.setattr(Checkpoint, "predict", lambda *a, **k: passes.append(a[2:] or k) or predict(*a, **k))
    monkeypatch.setattr(analyzer.detector, "detect", lambda photo: searches.append(photo.size) or detect(photo))
    recent, name = RecentPhotos(analyzer), "pattlite-ferplus"
    photo = recent.photo(EXAMPLE)
    answers = recent.answers(photo, name)[0]
    own = recent.explained(photo, 1, name, "gradcam")
    other = recent.explained(photo, 1, name, "gradcam", "fear")
    assert (len(searches), len(passes)) == (1, 3)
    again = recent.photo(EXAMPLE)
    assert recent.answers(again, name)[0] is answers
    assert recent.explained(again, 1, name, "gradcam") is own
    assert recent.explained(again, 1, name, "gradcam", "fear") is other
    assert (len(searches), len(passes)) == (1, 3)
    assert own.explained == "happiness" and other.explained == "fear"
    assert own.probabilities == pytest.approx(answers[1].probabilities, abs=1e-4)


def test_the_shown_photo_is_small_and_the_faces_are_cut_from_the_large_one(analyzer, tmp_path, portrait):
    large = portrait.resize((2520, 2520))
    large.save(tmp_path / "large.jpg")
    photo = RecentPhotos(analyzer).photo(tmp_path / "large.jpg")
    assert photo.size == (2520, 2520) and photo.picture.size == (1280, 1280)
    (crop,) = photo.crops[analyzer.checkpoints["pattlite-ferplus"].model.config.face_margin]
    assert crop.width == 512  # in the shown photo the face would have half of that
