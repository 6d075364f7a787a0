"""The floor under the times of the engines."""

from benchmarks.engines import floors, multiply_adds


def test_an_answer_has_its_networks_floor_and_other_work_none():
    pieces = ["finding faces", "a: answer, one face", "a: answer with maps, one face", "ab: answer, one face"]
    assert floors(pieces, {"a": 3_000_000, "ab": 500_000}, 1e9) == {
        "a: answer, one face": 3.0,
        "ab: answer, one face": 0.5,
    }


def test_the_rate_is_that_of_a_product_of_matrices():
    assert 1e7 < multiply_adds(side=64, times=3) < 1e14
