"""Several pieces of work at a time, each on a core of its own.

The networks here are small: one that splits each of its operations between cores waits for them more than it gains, and
two that do so at once wait for each other.
"""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "200000 100000": two cores' time

_here = threading.local()
_opening = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def cores() -> int:
    """How many cores this process may use: what `OMP_NUM_THREADS` says, else those that it may run on, and no more than
    its container is given time for, of which a machine says nothing."""
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # OpenMP knows lists
    if told.isdecimal() and int(told):
        return int(told)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _given(QUOTA) or usable)


@cache
def _given(quota: Path) -> int | None:
    """Whole cores' time that a container is given; `None` for no limit."""
    try:
        most, period = quota.read_text(encoding="ascii").split()
        return max(1, round(int(most) / int(period)))
    except (OSError, ValueError):  # not Linux, an older kernel, or "max"
        return None


def on_one_core() -> bool:
    """Whether this thread shares the cores with others that were told the same."""
    return getattr(_here, "alone", False)


def side_by_side(pieces: Sequence[Callable[[], Made]]) -> list[Made]:
    """What the pieces return, in their order. At most `cores` of the process work at a time, whoever asks; a piece that
    has pieces of its own does them one after the other.

    Raises:
        Whatever the first piece that fails raises, once all have ended.
    """
    if len(pieces) < 2 or cores() == 1 or on_one_core():
        return [piece() for piece in pieces]
    done = [_threads().submit(_on_one_core(piece)) for piece in pieces]
    errors = [error for one in done if (error := one.exception())]
    if errors:
        raise errors[0]
    return [one.result() for one in done]


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _opening:
        if _pool is None:
            _pool = ThreadPoolExecutor(cores(), thread_name_prefix="side by side")
        return _pool


def _on_one_core(piece: Callable[[], Made]) -> Callable[[], Made]:
    def work() -> Made:
        compute_alone()
        return piece()

    return work


def compute_alone() -> None:
    """From now on this thread computes on one core, by torch too where it is there. torch gives the number to every
    thread that computes for the first time later, so this one has to have done so before, and another puts the number
    back."""
    _here.alone = True
    torch = sys.modules.get("torch")
    if not hasattr(torch, "set_num_threads") or getattr(_here, "alone_in_torch", False):
        return
    with _opening:  # or another thread would take the 1 for what to put back
        elsewhere = torch.get_num_threads()
        torch.set_num_threads(1)
        other = threading.Thread(target=torch.set_num_threads, args=(elsewhere,))
        other.start()
        other.join()
    _here.alone_in_torch = True


def _forked() -> None:
    """A forked process has none of the threads."""
    global _pool, _opening
    _pool, _opening = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)

__all__ = ["compute_alone", "cores", "on_one_core", "side_by_side"]
