"""Who computes with which network, and what lets a process answer that was forked from one that has answered already.

Of the threads that torch computes with, a forked process has none, but torch does not know it and would wait for them
for ever. A process that was forked after this module was imported therefore computes with one thread; and a fork waits
for the explanations that are being made, whose locks nobody would open in the new process.
"""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import nn

_changed = threading.Condition(threading.Lock())
_computing = 0  # explanations that are being made, or wait for their network
_forking = False
_locks: WeakKeyDictionary[nn.Module, threading.Lock] = WeakKeyDictionary()


@contextmanager
def alone_with(model: nn.Module) -> Generator[None]:
    """One explanation of a network at a time: it changes the network's flags while it runs, and callers may share a
    network between threads. Those of other networks go on."""
    global _computing
    with _changed:
        _changed.wait_for(lambda: not _forking)
        _computing += 1
        lock = _locks.setdefault(model, threading.Lock())
    try:
        with lock:
            yield
    finally:
        with _changed:
            _computing -= 1
            _changed.notify_all()


def _wait() -> None:
    global _forking
    _changed.acquire()
    _forking = True
    _changed.wait_for(lambda: not _computing)


def _go_on() -> None:
    global _forking
    _forking = False
    _changed.notify_all()
    _changed.release()


def _alone() -> None:
    _go_on()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # systems without fork have none
    os.register_at_fork(before=_wait, after_in_parent=_go_on, after_in_child=_alone)

__all__ = ["alone_with"]
