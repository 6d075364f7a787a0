"""The benchmark of archives measures a command without Ray and one on it, and its numbers become the pages' plan."""

import pytest

from benchmarks import archives
from fer_models.results.archives import Archives, Run
from train.pages.archives import archives as page
from train.pages.archives import plan
from train.pages.found import Found


@pytest.mark.slow
def test_a_command_is_measured_to_its_last_row(tmp_path):
    pytest.importorskip("ray")
    folder = archives.write_pictures(tmp_path / "in", 24)
    run = archives.measured(folder, tmp_path / "ray.csv", 24, workers=1)
    assert (run.runner, run.workers, run.pictures) == ("ray", 1, 24)
    assert run.rate > 0 and 0 < run.driver_seconds < run.seconds
    assert 100 < run.driver_megabytes < run.peak_megabytes < 8000


def result(**other) -> Archives:
    runs = [
        Run("here", 0, 2000, 60, 40.0, 800, 800, 100),
        Run("ray", 1, 2000, 120, 20.0, 1500, 500, 10),
        Run("ray", 2, 2000, 65, 36.0, 2000, 500, 10),
        Run("ray", 2, 20000, 560, 36.0, 2000, 518, 19),
    ]
    known = {"runs": runs, "listed": 10_000.0, "to_parquet": 20_000.0, "size": (480, 360), "model": "m", "cores": 2}
    known |= {"hardware": {"device": "a CPU"}, "commit": None, "dirty": None, "date": "2026-11-28", "versions": {}}
    return Archives(**known | other)


def test_the_page_compares_and_the_plan_multiplies():
    found = Found({"archives": result()})
    assert "Two workers do 1.80 x the pictures of one, and 0.90 x those of the command without Ray" in page(found, "")
    told = plan(found, "")
    # 20 a second of which 90 % are left, on 100 cores
    assert "1,800 a second on 100 cores, 10,000,000 in 1.5 hours" in told
    assert "154 core-hours; at 0.04 dollars each, 6 dollars" in told
    assert "0.50 ms" in told and "2,000 pictures a second, and 9.8 GB" in told


def test_without_a_result_nothing_is_claimed():
    assert page(Found({}), "") == plan(Found({}), "") == "Not measured yet."
