"""What lets a process answer that was forked from one that has answered already.

Of the threads that torch computes with, a forked process has none, but torch does not know it and would wait for them
for ever. A process that was forked after this module was imported therefore computes with one thread; and a fork waits
for an explanation that is being made, whose lock nobody would open in the new process.
"""

import os
import threading

import torch

# One explanation at a time: it changes the model's flags while it runs, and callers may share a model between threads.
LOCK = threading.Lock()


def _alone() -> None:
    LOCK.release()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # systems without fork have none
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=_alone)

__all__ = ["LOCK"]
