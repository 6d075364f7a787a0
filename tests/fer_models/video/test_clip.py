"""A clip becomes an annotated clip, timelines and a table; a bad one a sentence; a cancelled one leaves nothing."""

import csv

import av
import numpy as np
import pytest
from PIL import Image

from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.schema import software
from fer_models.video import clip as video
from fer_models.video.clip import VideoError, VideoResult, annotate_video
from fer_models.visualize import BOX_COLOR
from tests.support.clips import still_clip, write_clip

pytestmark = pytest.mark.slow  # encodes clips

NAME = "pattlite-ferplus"
GREY = Image.new("RGB", (64, 48), "gray")


@pytest.fixture(scope="module")
def analyzer():
    return Analyzer([CHECKPOINTS / NAME])


@pytest.fixture(scope="module")
def frames(several_faces):
    """Three people who move down by one pixel a frame, for two seconds."""
    people = several_faces.resize((504, 210))
    pictures = []
    for y in range(20):
        picture = Image.new("RGB", (504, 240), "gray")
        picture.paste(people, (0, y))
        pictures.append(picture)
    return pictures


def result_of(source, folder, analyzer, **options) -> VideoResult:
    *_, last = annotate_video(source, folder, analyzer, **options)
    return last.result


def decoded(file) -> list[av.VideoFrame]:
    with av.open(str(file)) as container:
        return list(container.decode(video=0))


@pytest.fixture(scope="module")
def result(tmp_path_factory, frames, analyzer):
    folder = tmp_path_factory.mktemp("video")
    return result_of(write_clip(folder / "in.mp4", frames, rate=10), folder, analyzer)


def test_the_annotated_clip_plays_in_a_browser_and_has_every_frame_at_its_time(result):
    with av.open(str(result.clip)) as container:
        (stream,) = container.streams  # no sound
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        times = [frame.time for frame in container.decode(stream)]
    assert times == pytest.approx(np.arange(20) / 10, abs=0.01)
    assert result.frames == 20 and result.seconds == pytest.approx(2)


def test_the_boxes_follow_the_faces(result):
    def top_of_yellow(frame: av.VideoFrame) -> float:
        pixels = frame.to_ndarray(format="rgb24").astype(int)
        yellow = (np.abs(pixels - BOX_COLOR) < 60).all(axis=2)
        return float(np.flatnonzero(yellow.any(axis=1))[0])

    tops = [top_of_yellow(frame) for frame in decoded(result.clip)]  # the detector wavers by some pixels
    pixels_per_frame = np.polyfit(np.arange(20), tops, deg=1)[0]
    assert pixels_per_frame == pytest.approx(1, abs=0.25)


def test_every_face_is_followed_through_the_clip_under_one_number(result):
    assert [face.number for face in result.faces] == [1, 2, 3]
    assert all(len(face.samples) == 20 for face in result.faces)
    last = result.faces[0].samples[-1]
    assert last.at == pytest.approx(1.9) and sum(last.probabilities[NAME].values()) == pytest.approx(1)


def test_the_table_has_a_row_for_each_answer_with_boxes_of_the_original_clip(result, frames, analyzer):
    with result.table.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and {row["face"] for row in rows} == {"1", "2", "3"}
    photo = analyzer.analyze(frames[0])
    for row, face, answers in zip(rows[:3], photo.faces, photo.predictions, strict=True):
        box = [float(row[side]) for side in ("left", "top", "right", "bottom")]
        assert box == pytest.approx(face.box, abs=6)
        assert float(row[row["expression"]]) == pytest.approx(answers[NAME].probabilities[row["expression"]], abs=0.2)
        assert (row["how_sure"] == "not sure") == (row["sure"] == "no") and row["conditions"] == ""
    assert float(rows[-1]["seconds"]) == pytest.approx(1.9)


@pytest.mark.slow
def test_the_table_holds_the_answers_and_the_samples_what_is_smoothed(tmp_path, analyzer, portrait, frames):
    source = write_clip(tmp_path / "in.mp4", frames, rate=10)
    raw = result_of(source, tmp_path, analyzer, half_life=0)
    with raw.table.open() as file:
        happiness = [float(row["happiness"]) for row in csv.DictReader(file) if row["face"] == "1"]
    assert [sample.probabilities[NAME]["happiness"] for sample in raw.faces[0].samples] == pytest.approx(
        happiness, abs=1e-4
    )
    smooth = result_of(source, tmp_path, analyzer, half_life=5.0)
    smoothed = [sample.probabilities[NAME]["happiness"] for sample in smooth.faces[0].samples]
    single = [sample.probabilities[NAME]["happiness"] for sample in raw.faces[0].samples]
    assert np.ptp(smoothed) < np.ptp(single) and smoothed[0] == pytest.approx(single[0], abs=1e-4)


def test_a_fast_clip_is_thinned_out_and_the_models_are_asked_less_often_still(tmp_path, analyzer, frames):
    source = write_clip(tmp_path / "in.mp4", [picture for picture in frames for _ in range(2)], rate=60)
    result = result_of(source, tmp_path, analyzer, answers_per_second=10)
    assert result.frames == 20
    assert len(result.faces[0].samples) == 7  # at 0, 0.1, ... 0.6 of 0.67 seconds


def test_a_phones_clip_comes_out_upright(tmp_path, analyzer, frames):
    lying = [picture.transpose(Image.Transpose.ROTATE_270) for picture in frames[:3]]
    result = result_of(write_clip(tmp_path / "in.mp4", lying, rotation=90), tmp_path, analyzer)
    assert len(result.faces) == 3
    assert {(frame.width, frame.height) for frame in decoded(result.clip)} == {frames[0].size}


def test_a_large_clip_with_odd_sides_is_made_smaller(tmp_path, analyzer, frames):
    pictures = [picture.resize((1926, 918)) for picture in frames[:2]]
    result = result_of(write_clip(tmp_path / "in.avi", pictures), tmp_path, analyzer)
    assert {(frame.width, frame.height) for frame in decoded(result.clip)} == {(960, 458)}
    with result.table.open() as file:
        lefts = [float(row["left"]) for row in csv.DictReader(file)]
    assert max(lefts) > 1000  # of the original


@pytest.mark.parametrize("name", ["in.webm", "in.mkv", "in.mov", "in.gif"])
def test_other_formats_are_read(tmp_path, analyzer, name):
    result = result_of(still_clip(tmp_path / name, GREY, 0.5), tmp_path, analyzer)
    assert result.faces == [] and result.frames == 5
    assert result.table.read_text().count("\n") == 1  # the heading alone


def test_progress_rises_from_zero_to_one(tmp_path, analyzer):
    progress = [p.fraction for p in annotate_video(still_clip(tmp_path / "in.mp4", GREY, 1), tmp_path, analyzer)]
    assert progress == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


def test_a_cancelled_clip_leaves_no_file(tmp_path, analyzer):
    source, out = still_clip(tmp_path / "in.mp4", GREY, 2), tmp_path / "out"
    out.mkdir()
    job = annotate_video(source, out, analyzer)
    for _ in range(10):
        next(job)
    assert list(out.iterdir())  # something is being written
    job.close()
    assert list(out.iterdir()) == []


def test_an_error_in_the_middle_leaves_no_file(tmp_path, analyzer, portrait, monkeypatch):
    source, out = still_clip(tmp_path / "in.mp4", GREY, 1), tmp_path / "out"
    out.mkdir()
    job = annotate_video(source, out, analyzer)
    next(job)
    monkeypatch.setattr(video, "draw_faces", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(job)
    assert list(out.iterdir()) == []


def playlist(file) -> None:
    still_clip(file.with_suffix(".ts"), GREY, 1)
    file.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{file.with_suffix('.ts')}\n#EXT-X-ENDLIST\n")


def sound(file) -> None:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), dtype=np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def truncated(file) -> None:
    still_clip(file, GREY, 1)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


BAD = {
    "nothing.mp4": (lambda file: file.write_bytes(b""), "empty"),
    "text.mp4": (lambda file: file.write_text("not a video at all"), "not a video"),
    "list.m3u8": (playlist, "not a video"),
    "truncated.mp4": (truncated, "its index is missing"),
    "picture.jpg": (lambda file: GREY.save(file), "not a video"),
    "picture.gif": (lambda file: GREY.save(file), "single picture"),
    "sound.m4a": (sound, "only sound"),
    "long.mp4": (lambda file: still_clip(file, GREY, 62, rate=2), "62 seconds long"),
    "large.avi": (lambda file: still_clip(file, Image.new("RGB", (3842, 2162)), 0.2), "3842 x 2162"),
    "missing.mp4": (lambda file: None, "could not be opened"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_fault_has_one_sentence_without_a_path_and_leaves_no_file(tmp_path, analyzer, name):
    make, words = BAD[name]
    make(tmp_path / name)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(VideoError, match=words) as caught:
        next(annotate_video(tmp_path / name, out, analyzer))
    text = str(caught.value)
    assert text.endswith(".") and str(tmp_path) not in text and "Error" not in text
    assert list(out.iterdir()) == []


def test_a_heavy_file_is_refused_before_it_is_read(tmp_path, analyzer):
    file = tmp_path / "heavy.mp4"
    with file.open("wb") as stream:
        stream.truncate(video.MAX_BYTES + 1)
    with pytest.raises(VideoError, match="50 MB"):
        next(annotate_video(file, tmp_path, analyzer))


def test_more_frames_than_any_camera_takes_are_refused(tmp_path, analyzer, monkeypatch):
    monkeypatch.setattr(video, "MAX_FRAMES", 10)
    with pytest.raises(VideoError, match="more than 10 frames"):
        next(annotate_video(still_clip(tmp_path / "in.mp4", GREY, 2), tmp_path, analyzer))


def test_a_damaged_part_is_left_out_and_counted(tmp_path, analyzer, frames):
    source = write_clip(tmp_path / "in.mp4", frames[:10], rate=10, g="1")
    content = bytearray(source.read_bytes())
    middle = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 3
    content[middle : middle + 30_000] = bytes(30_000)
    source.write_bytes(bytes(content))
    result = result_of(source, tmp_path, analyzer)
    assert result.damaged > 0 and result.frames == 10 - result.damaged
    assert len(result.faces) >= 3


def test_every_face_of_a_crowd_is_followed_and_those_beyond_the_limit_are_counted(
    tmp_path, analyzer, several_faces, monkeypatch
):
    people = Image.new("RGB", (1008, 420))
    for place in ((0, 0), (0, 210), (504, 0), (504, 210)):
        people.paste(several_faces.resize((504, 210)), place)
    source = write_clip(tmp_path / "in.mp4", [people] * 2)
    everyone = result_of(source, tmp_path, analyzer)
    assert len(everyone.faces) == 12 and everyone.left_out == 0
    monkeypatch.setattr(video, "MAX_FACES", 5)
    some = result_of(source, tmp_path, analyzer)
    assert len(some.faces) == 5 and some.left_out == 7
    with some.table.open() as file:
        assert {row["left_out"] for row in csv.DictReader(file)} == {"7"}


def test_joined_recordings_are_as_long_as_both(tmp_path, analyzer):
    one = still_clip(tmp_path / "one.ts", GREY, 1)
    (tmp_path / "both.ts").write_bytes(2 * one.read_bytes())
    result = result_of(tmp_path / "both.ts", tmp_path, analyzer)
    assert result.frames == 20 and result.damaged == 0 and result.seconds == pytest.approx(2, abs=0.15)


def test_the_segments_of_every_face_are_in_the_result_and_in_their_table(result):
    with result.segments.open() as file:
        rows = list(csv.DictReader(file))
    told = [(face.number, one) for face in result.faces for one in face.segments[NAME]]
    assert [(int(row["face"]), row["expression"]) for row in rows] == [(n, one.expression) for n, one in told]
    assert {row["model"] for row in rows} == {NAME} and {number for number, _ in told} == {1, 2, 3}
    for face in result.faces:
        own = face.segments[NAME]
        assert own[0].onset == pytest.approx(0) and own[-1].end == pytest.approx(1.9)
        assert all(one.onset <= one.peak <= one.end and 0 < one.certainty <= 1 for one in own)


def test_both_tables_say_which_software_weights_and_settings_made_them(result, analyzer):
    for table in (result.table, result.segments):
        with table.open() as file:
            told = {(row["software"], row["weights"], row["settings"]) for row in csv.DictReader(file)}
        assert told == {(software(), analyzer.checkpoint(NAME).sha256, "fps: 10")}
