"""What makes torch fast on a CPU."""

import ctypes
import sys


def keep_freed_memory() -> None:
    """Let glibc reuse the memory of activations instead of returning it to the kernel after every step; page faults
    otherwise cost more than half of a training step on a CPU."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
