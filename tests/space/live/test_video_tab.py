"""What the Video tab shows while it works and afterwards, and that it leaves nothing behind."""

import re
import tempfile
import time
from pathlib import Path

import pytest
from PIL import Image

from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.video.clip import VideoFace, VideoResult
from fer_models.video.segments import Segment
from fer_models.video.timeline import Sample
from space.live import video_tab
from space.live.video_html import MOST_PLOTS, MOST_SEGMENTS, progress_html, result_html
from space.live.video_tab import EXAMPLE, FAILED, follow_clip
from space.uploads import sweep
from tests.support.clips import still_clip

NAME = "pattlite-ferplus"


@pytest.fixture(scope="module")
def analyzer():
    return Analyzer([CHECKPOINTS / NAME])


@pytest.fixture
def clip(tmp_path) -> Path:
    return still_clip(tmp_path / "clip.mp4", Image.new("RGB", (64, 48), "gray"), 2)


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """The only folders for temporary files and uploads; every step is reported."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    monkeypatch.setattr(video_tab, "REPORT_EVERY", 0)
    return folder


def result(samples_per_face: list[int], damaged: int = 0, left_out: int = 0) -> VideoResult:
    faces = [
        VideoFace(number, [Sample(i / 10, {"m": {"happiness": 0.9, "anger": 0.1}}) for i in range(count)])
        for number, count in enumerate(samples_per_face, start=1)
    ]
    return VideoResult(Path("a.mp4"), Path("a.csv"), Path("b.csv"), 10.0, 100, damaged, left_out, faces)


def test_the_files_stay_among_the_uploads_until_those_are_swept(analyzer, clip, scratch):
    *_, (progress, _) = follow_clip(analyzer, str(clip), [NAME], 0.5)
    files = sorted(path for path in scratch.rglob("*") if path.is_file())
    assert files == [progress.result.clip, progress.result.table, progress.result.segments]
    sweep(scratch, age=60, now=time.time() + 61)
    assert list(scratch.iterdir()) == []


def test_progress_is_reported_until_the_end(analyzer, clip, scratch):
    fractions = [progress.fraction for progress, _ in follow_clip(analyzer, str(clip), [NAME], 0.5)]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1 and len(fractions) > 10


def test_a_cancel_leaves_nothing(analyzer, clip, scratch):
    steps = follow_clip(analyzer, str(clip), [NAME], 0.5)
    for _ in range(8):
        progress, _ = next(steps)
    assert 0 < progress.fraction < 1 and list(scratch.glob("*/*"))
    steps.close()
    assert list(scratch.iterdir()) == []


def test_a_fault_is_one_sentence_and_leaves_nothing(analyzer, tmp_path, scratch):
    bad = tmp_path / "secret-name.mp4"
    bad.write_text("not a video")
    *_, (progress, text) = follow_clip(analyzer, str(bad), [NAME], 0.5)
    assert progress is None and "not a video that can be read" in text and "secret-name" not in text
    assert list(scratch.iterdir()) == []


def test_what_nobody_foresaw_is_one_sentence_too_and_in_the_log(analyzer, clip, scratch, monkeypatch, caplog):
    def full(*_):
        raise OSError("No space left on device")

    steps = follow_clip(analyzer, str(clip), [NAME], 0.5)
    for _ in range(4):
        next(steps)
    monkeypatch.setattr("fer_models.video.clip.draw_faces", full)
    ((progress, text),) = steps
    assert progress is None and FAILED in text and "device" not in text
    assert "No space left on device" in caplog.text and list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "source, models, words", [(None, [NAME], "60 seconds and 50 MB or less"), ("clip", [], "at least one model")]
)
def test_what_is_missing_is_asked_for(analyzer, source, models, words):
    ((progress, text),) = follow_clip(analyzer, source, models, 0.5)
    assert progress is None and words in text


def test_the_progress_bar_says_how_long_it_will_take():
    assert "40 %, about 15 s left" in progress_html(0.4, 10) and 'value="0.400"' in progress_html(0.4, 10)
    assert "left" not in progress_html(0.0, 0)


def test_each_face_has_a_plot_with_its_time_in_the_clip():
    page = result_html(result([100, 20]))
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["Face 1, 0.0 to 9.9 s", "Face 2, 0.0 to 1.9 s"]
    assert page.count('<table class="timeline"') == 2 and "10.0 s" in page
    assert page.count('data-span="0.000 10.000"') == 4  # where a click leads: two rows of each face


def test_each_face_has_the_shares_of_its_answers():
    page = result_html(result([100]))
    assert re.search(r'<table class="named">.*<th scope="row">m</th><td>happiness over 99 %</td>', page)


def test_each_face_has_its_segments_with_a_way_to_their_peaks():
    found = [Segment(i, i + 1.0, "fear" if i % 2 else "neutral", i + 0.25, 0.876) for i in range(10)]
    given = result([100, 20])
    given.faces[0].segments["m"] = found
    page = result_html(given)
    assert page.count("data-at=") == MOST_SEGMENTS and "2 more in the table of segments." in page
    assert re.search(
        r'<th scope="row">fear</th><td>1.0 to 2.0 s</td><td><button [^>]*data-at="1.250" [^>]*>peak 1.2 s</button></td>'
        r"<td>88 %</td>",
        page,
    )
    given.faces[0].segments["m"] = found[:3]
    assert "more in the table" not in result_html(given)


@pytest.mark.slow
def test_the_example_clip_is_small_and_its_face_is_followed_to_the_end(analyzer, scratch):
    assert EXAMPLE.stat().st_size < 300_000
    *_, (progress, _) = follow_clip(analyzer, str(EXAMPLE), [NAME], 0.25)
    (face,) = progress.result.faces
    assert face.samples[0].at < 0.2 and face.samples[-1].at > progress.result.seconds - 0.3


def test_of_many_faces_those_seen_longest_are_shown_in_their_order():
    page = result_html(result([*range(1, 16)]))
    shown = [int(number) for number in re.findall(r"<h3>Face (\d+)", page)]
    assert shown == list(range(4, 16)) and len(shown) == MOST_PLOTS
    assert "Of 15 faces the 12 seen longest" in page


def test_faces_that_were_too_many_to_follow_are_told():
    told = "Up to 7 more faces at a time were not followed"
    assert told in result_html(result([5], left_out=7)) and told not in result_html(result([5]))


def test_a_clip_without_faces_and_a_damaged_one_say_so():
    assert "No face found in this clip." in result_html(result([]))
    assert "damaged" in result_html(result([5], damaged=1)) and "damaged" not in result_html(result([5]))
