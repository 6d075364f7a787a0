"""`python -m fer_models` on videos and cameras: rows as they come, a file to go on with, a sentence for a fault."""

import csv
import json

import pytest
from PIL import Image

from fer_models.__main__ import main
from fer_models.conditions import VERY_SMALL
from tests.support.clips import still_clip, write_clip
from tests.support.tiny import tiny_checkpoint


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def clip(tmp_path, portrait):
    (tmp_path / "videos").mkdir()
    return still_clip(tmp_path / "videos" / "a.mp4", portrait, 0.5)


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_video_gives_a_line_for_each_moment_and_one_at_its_end(tiny, clip, capsys):
    assert main([str(clip), "--model", tiny, "--fps", "5"]) == 0
    *moments, end = lines(capsys.readouterr().out)
    assert [one["seconds"] for one in moments] == [0.0, 0.2, 0.4]
    for one in moments:
        (face,) = one["faces"]
        assert face["face"] == 1 and sum(face["answers"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert (end["end"], end["frames"], end["damaged"], end["left_out"], end["error"]) == (True, 5, 0, 0, None)
    assert end["origin"]["settings"] == {"fps": "5"} and list(end["origin"]["weights"]) == ["tiny"]


def test_what_is_against_an_answer_stands_beside_it_and_lowers_its_word(tiny, portrait, tmp_path, capsys):
    small = still_clip(tmp_path / "small.mp4", portrait.resize((48, 48)), 0.2)
    assert main([str(small), "--model", tiny, "--csv"]) == 0
    *moments, end = csv.DictReader(capsys.readouterr().out.splitlines())
    assert moments and {row["conditions"] for row in moments} == {VERY_SMALL}
    assert all((row["how_sure"] == "not sure") == (row["sure"] == "no") for row in moments)
    assert "very sure" not in {row["how_sure"] for row in moments}
    assert end["conditions"] == ""


def test_a_run_goes_on_with_the_first_video_that_is_not_finished(tiny, clip, portrait, tmp_path, capsys):
    still_clip(clip.with_name("b.mp4"), portrait, 0.3)
    clip.with_name("cut.mp4").write_bytes(clip.read_bytes()[:2000])
    out = tmp_path / "answers.csv"
    command = [str(clip.parent), "--model", tiny, "--fps", "10", "--out", str(out)]
    assert main(command) == 1
    whole = out.read_text()
    told = list(csv.DictReader(whole.splitlines()))
    assert [(row["frames"], row["error"] == "") for row in told if row["end"]] == [
        ("5", True),
        ("3", True),
        ("0", False),
    ]
    assert [row["seconds"] for row in told if row["video"] == str(clip)] == [
        *("0.000", "0.100", "0.200", "0.300", "0.400"),
        "0.400",
    ]
    rows = whole.splitlines(keepends=True)
    out.write_text("".join(rows[:9]) + rows[9][:10])  # stopped within the second video, within a line
    assert main(command) == 1
    assert out.read_text() == whole
    assert "3 videos: 1 answered before, 1 could not be read" in capsys.readouterr().err


def test_other_settings_are_refused_and_a_replaced_video_is_asked_about_again(tiny, clip, portrait, tmp_path, capsys):
    out = tmp_path / "answers.jsonl"
    assert main([str(clip), "--model", tiny, "--out", str(out)]) == 0
    before = out.read_text()
    assert main([str(clip), "--model", tiny, "--fps", "2", "--out", str(out)]) == 2
    assert "holds answers of other weights or settings; choose another file" in capsys.readouterr().err
    assert out.read_text() == before
    still_clip(clip, portrait, 0.2)
    assert main([str(clip), "--model", tiny, "--out", str(out)]) == 0
    assert lines(out.read_text())[-1]["frames"] == 2 and len(lines(out.read_text())) == 3


def test_a_file_of_something_else_is_left_alone(tiny, clip, tmp_path, capsys):
    out = tmp_path / "answers.csv"
    out.write_text("my,own,table\n" + "1,2,3\n" * 200)
    assert main([str(clip), "--model", tiny, "--out", str(out)]) == 2
    assert "holds something else" in capsys.readouterr().err and out.read_text().startswith("my,own,table")


def test_a_camera_is_any_stream_and_its_end_no_fault(tiny, clip, capsys):
    assert main(["--camera", str(clip), "--model", tiny, "--fps", "10"]) == 0
    *moments, end = lines(capsys.readouterr().out)
    assert len(moments) == 5 and end["video"] == str(clip)


def test_a_camera_that_is_not_there_is_told(tiny, capsys):
    assert main(["--camera", "99", "--model", tiny]) == 2
    assert "'99' cannot be read" in capsys.readouterr().err


def test_a_clip_without_faces_has_its_last_line_alone(tiny, tmp_path, capsys):
    clip = write_clip(tmp_path / "grey.mp4", [Image.new("RGB", (64, 48), "gray")] * 3)
    assert main([str(clip), "--model", tiny]) == 0
    (end,) = lines(capsys.readouterr().out)
    assert end["frames"] == 3


@pytest.mark.parametrize(
    "more, words",
    [
        (["--cropped"], "--cropped is for pictures"),
        (["--fps", "0"], "--fps must be above 0"),
        (["--camera", "0"], "name pictures, videos or folders, or a --camera"),
    ],
)
def test_what_does_not_go_together_is_told(clip, more, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(clip), *more])
    assert words in str(stop.value) + capsys.readouterr().err
