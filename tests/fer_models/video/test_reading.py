"""The frames of a video as a person would see them played, at times that rise."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from fer_models.video.reading import RisingTimes, VideoError, VideoReader, open_video
from tests.support.clips import still_clip, write_clip

# a red quarter at the top left tells which way is up
PICTURE = Image.new("RGB", (128, 96), "white")
PICTURE.paste("red", (0, 0, 64, 48))


def read(file, **limits) -> tuple[list[float], list[Image.Image], VideoReader]:
    with open_video(file) as container:
        reader = VideoReader(container, **({"max_pixels": 10**7, "max_side": 960, "max_rate": 30} | limits))
        times, pictures = zip(*reader.frames(), strict=True)
    return list(times), list(pictures), reader


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("aspect, squeezed", [(Fraction(2), (64, 96)), (Fraction(1, 2), (256, 96))])
def test_pixels_become_square_and_the_picture_upright(tmp_path, aspect, squeezed, rotation):
    stored = PICTURE.resize(squeezed)
    upright = PICTURE
    if rotation:  # stored lying: its height is what the pixels squeeze once it is turned
        upright = PICTURE.transpose(Image.Transpose.ROTATE_90)
    file = write_clip(tmp_path / "in.mp4", [stored] * 3, rotation=rotation, pixel_aspect=aspect)
    _, (picture, *_), reader = read(file)
    assert picture.size == upright.size and reader.scale == 1
    np.testing.assert_allclose(np.asarray(picture)[4::8, 4::8], np.asarray(upright)[4::8, 4::8], atol=40)


def test_a_wide_pixels_picture_is_made_smaller_by_its_width_when_shown(tmp_path):
    file = write_clip(tmp_path / "in.mp4", [PICTURE] * 2, pixel_aspect=Fraction(2))
    _, (picture, _), reader = read(file, max_side=128)
    assert picture.size == (128, 48) and reader.scale == 0.5


def test_a_cover_is_not_the_video(tmp_path):
    cover = Image.new("RGB", (64, 64), "blue")
    file = write_clip(tmp_path / "in.mp4", [PICTURE] * 3, cover=cover)
    times, pictures, _ = read(file)
    assert times == pytest.approx([0, 0.1, 0.2]) and {picture.size for picture in pictures} == {(128, 96)}


def test_recordings_joined_byte_for_byte_give_all_their_frames_at_rising_times(tmp_path):
    one = still_clip(tmp_path / "one.ts", PICTURE, 1)
    (tmp_path / "both.ts").write_bytes(2 * one.read_bytes())
    times, _, reader = read(tmp_path / "both.ts")
    assert times == pytest.approx(np.arange(20) / 10, abs=0.02) and reader.damaged == 0


def test_times_that_start_again_or_are_missing_go_on_from_the_last():
    times = RisingTimes(step=0.5)
    assert [times(t) for t in (7.0, 7.5, 3.0, 3.5, None, 5.0)] == [0, 0.5, 1.0, 1.5, 2.0, 3.0]


def test_a_recording_that_broke_off_is_told_as_that(tmp_path):
    file = still_clip(tmp_path / "in.mp4", PICTURE, 1)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(VideoError, match="its index is missing"), open_video(file):
        pass
