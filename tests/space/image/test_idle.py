"""A measurement runs alone and only while nobody waits, and leaves the model as it was."""

import threading

import pytest
import torch
from torch import nn

from space.image.idle import Busy, Interrupted


def test_it_runs_while_nobody_waits():
    assert Busy().when_idle([nn.Identity()], lambda: 7) == 7


def test_it_does_not_start_while_somebody_waits():
    busy = Busy()
    with busy.working(), pytest.raises(Interrupted):
        busy.when_idle([nn.Identity()], lambda: 7)


def test_it_stops_between_two_runs_as_soon_as_somebody_waits_and_leaves_no_hook():
    busy, other, model, runs = Busy(), nn.Linear(1, 1), nn.Linear(1, 1), []

    def measure():
        for _ in range(9):
            model(torch.ones(1, 1))
            runs.append(1)
            if len(runs) == 2:
                waiting.enter_context(busy.working())

    from contextlib import ExitStack

    with ExitStack() as waiting, pytest.raises(Interrupted):
        busy.when_idle([other, model], measure)
    assert len(runs) == 2 and not model._forward_pre_hooks and not other._forward_pre_hooks
    assert busy.when_idle([model], lambda: "again") == "again"


def test_the_one_who_waits_may_use_the_same_model():
    busy, model = Busy(), nn.Linear(1, 1)

    def measure():
        with busy.working():
            other = threading.Thread(target=lambda: answers.append(model(torch.ones(1, 1))))
            other.start()
            other.join()

    answers = []
    busy.when_idle([model], measure)
    assert len(answers) == 1


def test_two_measurements_do_not_run_at_once():
    busy = Busy()
    with pytest.raises(Interrupted):
        busy.when_idle([nn.Identity()], lambda: busy.when_idle([nn.Identity()], lambda: 7))
