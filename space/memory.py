"""Memory that a process gives back."""

import ctypes
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_memory_pools(pools: int = 2) -> None:
    """Let all threads take memory from a few pools of glibc's; called before visitors' threads start.

    By default each of the some twenty threads that answer visitors gets a pool of its own, and whatever is in use in a
    pool keeps the rest of it from being given back: after thousands of photos a process has grown by a sixth. Nothing
    is done where there is no glibc.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, pools)


__all__ = ["share_memory_pools"]
