"""A measurement runs alone and only while nobody waits, and leaves the model as it was."""

import threading

import pytest
import torch
from torch import nn

from space.image.idle import Busy, Interrupted, Loading


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


def test_nobody_waits_for_what_is_loaded_and_it_is_loaded_once():
    loading, go_on, loads = Loading(), threading.Event(), []

    def load() -> int:
        go_on.wait(10)
        loads.append(1)
        return 7

    for _ in range(2):
        with pytest.raises(Interrupted):
            loading.get("one", load)
    go_on.set()
    while True:
        try:
            assert loading.get("one", load) == 7
            break
        except Interrupted:
            pass
    assert loads == [1] and loading.get("one", load) == 7 and loading.get("other", lambda: 8) == 8


def test_what_could_not_be_loaded_is_told_and_tried_again():
    loading, answers = Loading(), iter([ValueError("not now"), 7])

    def load() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ValueError, match="not now"):
        loading.get("one", load)
    assert loading.get("one", load) == 7
