"""All threads of the Space take their memory from a few pools."""

import re
import subprocess
import sys

import pytest

from fer_models.paths import ROOT

# Each thread holds a little memory of its own, and glibc then tells how many pools there are.
THREADS = """
import ctypes, threading
from space.memory import share_memory_pools
{0}
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(9)
def hold():
    libc.malloc(ctypes.c_size_t(1000))
    together.wait()
for _ in range(8):
    threading.Thread(target=hold, daemon=True).start()
together.wait()
libc.malloc_stats()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's pools")
@pytest.mark.parametrize(("call", "most"), [("share_memory_pools()", 2), ("", 64)])
def test_threads_share_two_pools(call, most):
    run = subprocess.run(
        [sys.executable, "-c", THREADS.format(call)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    pools = len(re.findall(r"^Arena \d+:", run.stderr, re.MULTILINE))
    assert 1 < pools <= most and (call or pools > 2)
