"""The rolling timeline is bounded."""

import pytest

from fer_models.video.timeline import RollingTimeline, Sample


def sample(at: float, happiness: float, model: str = "m") -> Sample:
    return Sample(at, {model: {"happiness": happiness, "anger": 1 - happiness}})


def test_the_timeline_holds_the_last_seconds_and_no_more_samples_than_its_capacity():
    timeline = RollingTimeline(window=30, capacity=300)
    for i in range(60 * 60 * 3):
        timeline.add(sample(i / 60, 0.5))
    times = [s.at for s in timeline.samples]
    assert len(times) <= 300
    assert times[-1] > 179.8 and times[0] == pytest.approx(times[-1] - 30, abs=0.3)


def test_what_comes_slowly_is_kept_in_full():
    timeline = RollingTimeline(window=30)
    for i in range(20):
        timeline.add(sample(i, i / 20))
    assert [s.at for s in timeline.samples] == list(range(20))
    timeline.forget(40)
    assert [s.at for s in timeline.samples] == list(range(10, 20))
