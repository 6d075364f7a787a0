"""The made clips of people who cross: where they are, and that their numbers are told apart."""

import pytest

from benchmarks.crossing import AFTER, BEFORE, SETTLED, Stage, crossings, cuts, followed, who
from fer_models.detector import FaceDetector

pytestmark = pytest.mark.slow  # searches many frames


@pytest.fixture(scope="module")
def stage():
    detector = FaceDetector()
    return Stage(detector), detector


def test_people_are_found_where_the_stage_puts_them(stage):
    made, detector = stage
    moment = next(cuts())[0]
    found = who(made, moment, dict(enumerate(detector.detect(made.frame(moment)))))
    assert sorted(found) == [0, 1, 2] and len(set(found.values())) == 3


def test_after_a_cut_everybody_has_the_own_number(stage):
    counts = followed(*stage, next(cuts()))
    assert counts["own"] == counts.total() == 3 * (AFTER - SETTLED)


def test_two_who_cross_end_at_each_others_place():
    clip = next(crossings())
    (behind, first), (front, second) = clip[0].items()
    assert clip[-1] == {behind: (second[0], first[1]), front: (first[0], second[1])} and clip[BEFORE - 1] == clip[0]
