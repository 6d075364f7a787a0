"""A measurement runs alone and only while nobody waits."""

from contextlib import ExitStack

import pytest

from space.image.idle import Busy, Interrupted


def test_it_runs_while_nobody_waits():
    assert Busy().when_idle(lambda give_way: give_way() or 7) == 7


def test_it_does_not_start_while_somebody_waits():
    busy = Busy()
    with busy.working(), pytest.raises(Interrupted):
        busy.when_idle(lambda give_way: 7)


def test_it_stops_before_its_next_pass_as_soon_as_somebody_waits():
    busy, passes = Busy(), []

    def measure(give_way):
        for _ in range(9):
            give_way()
            passes.append(1)
            if len(passes) == 2:
                waiting.enter_context(busy.working())

    with ExitStack() as waiting, pytest.raises(Interrupted):
        busy.when_idle(measure)
    assert len(passes) == 2
    assert busy.when_idle(lambda give_way: "again") == "again"


def test_two_measurements_do_not_run_at_once():
    busy = Busy()
    with pytest.raises(Interrupted):
        busy.when_idle(lambda give_way: busy.when_idle(lambda give_way: 7))
