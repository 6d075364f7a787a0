"""What was timed on the page is told in words; ways are timed in turn, on photos that are new to the page."""

from pathlib import Path

from benchmarks.benchmark_page import in_turn
from fer_models.results.benchmark_page import BenchmarkPage, Opening
from train.pages.found import Found
from train.pages.speed import page

RESULT = BenchmarkPage(
    models=4,
    rounds=5,
    opened=Opening(loaded=400, answer=300, usable=1500),
    opened_slowly=Opening(loaded=4000, answer=4600, usable=9000),
    slow_megabits=1.6,
    hidden=420,
    answered=900,
    answered_earlier=1200,
    earlier="458a96d",
    hardware={"device": "a processor", "threads": 2},
    commit=None,
    dirty=None,
    date="2026-11-28",
    versions={},
)


def test_the_waits_are_told_in_seconds():
    told = page(Found({"benchmark-page": RESULT}), "")
    assert "seen 0.3 s after it is asked for, -0.1 s against its load event" in told
    assert "over 1.6 Mbit/s 4.6 s after it is asked for, +0.6 s against its load event" in told
    assert "0.42 s until all 4 models" in told and "0.90 s, 0.75 x the time of commit `458a96d`" in told
    assert page(Found({}), "") == "Not measured yet."


def test_ways_take_turns_with_photos_of_their_own_and_the_first_round_does_not_count(tmp_path):
    seen: list[tuple[str, bytes]] = []

    def way(name: str, milliseconds: float):
        def run(photo: Path) -> float:
            seen.append((name, photo.read_bytes()))
            return milliseconds + 1000 * (len(seen) <= 2)

        return run

    assert in_turn([way("new", 1), way("old", 2)], tmp_path, 3) == [[1, 1, 1], [2, 2, 2]]
    assert [name for name, _ in seen] == ["new", "old"] * 4 and len({content for _, content in seen}) == 8
