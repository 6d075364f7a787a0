"""Segments: from when to when a face showed what."""

import numpy as np
import pytest

from fer_models.video.segments import Segment, segments
from fer_models.video.smoothing import ExpressionChain

NAMES = ("neutral", "happiness")
CHAIN = ExpressionChain(np.array([0.5, 0.5]), half_life=1.0, independent_after=0.0)


def answers(*happiness: float) -> np.ndarray:
    return np.array([[1 - share, share] for share in happiness])


def test_a_smile_has_an_onset_an_end_a_peak_and_a_certainty():
    shares = [0.1] * 10 + [0.8, 0.9, 0.99, 0.9, 0.8] + [0.1] * 10
    first, smile, last = segments(np.arange(25) / 10, answers(*shares), NAMES, CHAIN)
    assert (first.expression, first.onset, first.end) == ("neutral", 0.0, 1.0)
    assert (smile.expression, smile.onset, smile.end, smile.peak) == ("happiness", 1.0, 1.5, pytest.approx(1.2))
    assert (last.onset, last.end) == (1.5, 2.4) and 0.8 < smile.certainty < 0.9


def test_a_single_doubtful_frame_is_no_segment():
    found = segments(np.arange(11) / 10, answers(*[0.1] * 5, 0.7, *[0.1] * 5), NAMES, CHAIN)
    assert [one.expression for one in found] == ["neutral"]


def test_a_face_that_was_away_has_two_segments_and_nothing_between():
    found = segments([0.0, 0.1, 5.0, 5.1], answers(0.1, 0.1, 0.1, 0.1), NAMES, CHAIN)
    assert [(one.onset, one.end) for one in found] == [(0.0, 0.1), (5.0, 5.1)]


def test_one_answer_is_a_segment_without_length_and_none_is_no_segment():
    (one,) = segments([2.0], answers(0.75), NAMES, CHAIN)
    assert one == Segment(2.0, 2.0, "happiness", 2.0, pytest.approx(0.725))  # a tenth of the pictures say nothing
    assert segments([], np.zeros((0, 2)), NAMES, CHAIN) == []
