"""Pieces of work at a time: really at a time, each on one core, and nothing of it stays behind."""

import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from fer_models.fork import alone_with
from fer_models.side_by_side import compute_alone, cores, on_one_core, side_by_side


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr("fer_models.side_by_side._pool", None)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def meeting(barrier: threading.Barrier, name: str) -> str:
    barrier.wait(timeout=20)  # breaks unless another is there at the same time
    return name


def test_two_pieces_work_at_the_same_time_and_return_in_their_order():
    barrier = threading.Barrier(2)
    names = side_by_side([lambda name=name: meeting(barrier, name) for name in "abcd"])
    assert names == ["a", "b", "c", "d"]


def test_a_piece_has_one_core_and_other_threads_keep_theirs():
    inside = side_by_side([lambda: (torch.get_num_threads(), on_one_core())] * 2)
    new = []
    thread = threading.Thread(target=lambda: new.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert inside == [(1, True)] * 2
    assert new == [2] and torch.get_num_threads() == 2 and not on_one_core()


def test_threads_that_begin_together_leave_the_number_of_cores_as_it_was():
    for _ in range(20):
        threads = [threading.Thread(target=compute_alone) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    new = []
    thread = threading.Thread(target=lambda: new.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert new == [2]


def test_pieces_of_a_piece_stay_in_its_thread():
    def outer() -> bool:
        here = threading.get_ident()
        return side_by_side([threading.get_ident] * 3) == [here] * 3

    assert side_by_side([outer] * 4) == [True] * 4  # and they do not wait for threads that wait for them


def test_with_one_core_everything_stays_in_the_thread_of_who_asks(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert cores() == 1 and side_by_side([threading.get_ident] * 2) == [threading.get_ident()] * 2


@pytest.mark.parametrize("told, number", [("3", 3), ("4,2", 4), ("", 2), ("0", 2), ("many", 2)])
def test_cores_are_those_that_are_told_or_that_the_container_has(told, number, monkeypatch, tmp_path):
    quota = tmp_path / "cpu.max"
    quota.write_text("200000 100000\n")
    monkeypatch.setattr("fer_models.side_by_side.QUOTA", quota)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(16), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert cores() == number


@pytest.mark.parametrize("content", ["max 100000\n", "", None])
def test_a_container_without_a_limit_has_the_machines_cores(content, monkeypatch, tmp_path):
    quota = tmp_path / "cpu.max"
    if content is not None:
        quota.write_text(content)
    monkeypatch.setattr("fer_models.side_by_side.QUOTA", quota)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(16), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert cores() == 16


def test_an_error_is_raised_once_all_have_ended():
    ended = []

    def fails() -> None:
        raise ValueError("a piece")

    def ends() -> None:
        time.sleep(0.2)
        ended.append(1)

    with pytest.raises(ValueError, match="a piece"):
        side_by_side([fails, ends, ends])
    assert len(ended) == 2


def test_two_networks_are_explained_at_a_time_but_one_never_twice():
    one, other = nn.Linear(1, 1), nn.Linear(1, 1)
    barrier = threading.Barrier(2)

    def use(network: nn.Module, name: str) -> str:
        with alone_with(network):
            return meeting(barrier, name)

    assert side_by_side([lambda: use(one, "a"), lambda: use(other, "b")]) == ["a", "b"]
    inside, most = [], []

    def count() -> None:
        with alone_with(one):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    side_by_side([count] * 8)
    assert np.max(most) == 1 and len(most) == 8
