"""The command line follows short videos as the benchmark has it follow long ones."""

import pytest

from benchmarks import long_videos
from fer_models.results import read
from fer_models.results.long_videos import LongVideos

pytestmark = pytest.mark.slow  # another process


def test_each_video_has_its_rows_and_its_peak(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["", "--seconds", "1", "2", "--fps", "2", "--out", str(tmp_path / "out.json")])
    long_videos.main()
    result = read(tmp_path / "out.json")
    assert isinstance(result, LongVideos)
    assert [one.rows for one in result.followed.values()] == [3, 5]  # an answer each half a second, and the end
    assert all(200 < one.peak_megabytes < 5000 for one in result.followed.values())
