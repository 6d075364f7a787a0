"""The load script: what it counts as wrong, and that no two visitors send the same photo."""

import pytest

from benchmarks.visitors import PHOTOS, Round, new_photo, table, verdict
from fer_models.faces import read_photo


def a_round(visitors=20, answered=20, busy=0, errors=0, megabytes=1000.0, problems=()) -> Round:
    return Round(visitors, answered, busy, errors, 1.0, 2.0, megabytes, 5.0, tuple(problems))


@pytest.mark.parametrize(
    "ordinary, crowd, words",
    [
        ([a_round()] * 3, a_round(80, 50, 30), None),
        ([a_round()] * 3, None, None),
        ([a_round(answered=19, errors=1)], None, "1 of 20 visitors got an error"),
        ([a_round(answered=19)], None, "0 of 20 visitors got an error"),  # one was never heard of again
        ([a_round()] * 7 + [a_round(megabytes=1100)], None, "memory grew from 1000.0 MB to 1100 MB"),
        ([a_round(megabytes=500)] * 3 + [a_round()] * 5, None, None),  # it levels off
        ([a_round()], a_round(80, 0, 80), "nobody of the crowd got an answer"),
    ],
)
def test_the_verdict(ordinary, crowd, words):
    wrong = verdict(ordinary, crowd)
    assert wrong == ([words] if words else [])


def test_errors_are_shown_under_their_round():
    lines = table([a_round(), a_round(answered=19, errors=1, problems=["AppError: no"])]).splitlines()
    assert len(lines) == 4 and lines[3].strip() == "AppError: no"
    assert lines[2].split()[:4] == ["20", "19", "0", "1"]


def test_every_photo_is_new_and_can_be_read(tmp_path):
    files = [new_photo(number, tmp_path) for number in range(2 * len(PHOTOS))]
    assert len({file.read_bytes() for file in files}) == len(files)
    for file, source in zip(files, PHOTOS, strict=False):
        assert read_photo(file).size == read_photo(source).size
