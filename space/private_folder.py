"""One private folder for all that a process of the Space writes about its visitors, and nothing of it after the end.

Uploads, what is made of them, links, recordings, parts of what broke off: all lies there, so all can be deleted by age
and at the end without knowing who wrote it. The process holds the folder by a lock that the system takes back however
the process ends; what nobody holds was left over, and the next process deletes it.
"""

import atexit
import fcntl
import os
import shutil
import signal
import stat
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

VARIABLE = "GRADIO_TEMP_DIR"
PREFIX, SUFFIX = "facial-expressions-", ".visitors"
TRIES = 20
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_locks: dict[Path, int] = {}


def make_private_folder(own_process: bool = False) -> Path:
    """A new folder that only this user may enter; those left over by dead processes are deleted, and this one when the
    process ends.

    It is made in the folder that GRADIO_TEMP_DIR names, else among the system's temporary files.

    Args:
        own_process: the whole process is the Space. Then temporary files of every library, and of programs that it
            starts, lie in the folder too, and whatever asks the process to end does it as Ctrl-C, so that it can delete
            the folder. What its caller ignores, as `nohup` does, stays ignored.

    Raises:
        SystemExit: none can be made there, or others could exchange it.
    """
    if own_process:
        for number in ENDS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
    parent = _parent()
    remove_left_over(parent)
    folder = _made(parent)
    atexit.register(_at_exit, folder, os.getpid())
    os.environ["GRADIO_EXAMPLES_CACHE"] = str(folder / "examples")  # Gradio hands out whatever lies there
    if own_process:
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    return folder


def remove_left_over(parent: Path) -> int:
    """Delete the folders in `parent` that a process of this user made and none holds any more.

    Returns:
        How many.
    """
    removed = 0
    for folder in parent.glob(f"{PREFIX}*{SUFFIX}"):
        lock = _lock(folder)
        if lock is not None:
            remove(folder)
            os.close(lock)
            removed += 1
    return removed


def remove(folder: Path) -> None:
    """Delete a folder, even if somebody still writes into it."""
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def end(folder: Path) -> NoReturn:
    """Delete the folder and end the process at once: visitors' open pages and running jobs are not waited for, and do
    not write anything any more."""
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    remove(folder)
    os._exit(0)


def _at_exit(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not in a child that was forked
        remove(folder)


def _parent() -> Path:
    """Where the folder is made: there, nobody else may exchange it."""
    named = os.environ.get(VARIABLE)
    parent = Path(named).absolute() if named else Path(tempfile.gettempdir()).resolve()
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = parent.lstat()
    except OSError as error:
        sys.exit(f"error: {parent} is no folder that can be used ({error.strerror}); give another one in {VARIABLE}")
    open_to_all = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
    if stat.S_ISLNK(status.st_mode) or status.st_uid not in (0, os.geteuid()) or open_to_all:
        sys.exit(
            f"error: {parent} is a link, or others may change it; give a folder of your own in {VARIABLE}, "
            "visitors' photos will lie there"
        )
    return parent


def _made(parent: Path) -> Path:
    for _ in range(TRIES):
        try:
            folder = Path(tempfile.mkdtemp(SUFFIX, PREFIX, parent))
        except OSError as error:
            sys.exit(f"error: no folder can be made in {parent} ({error.strerror}); give another one in {VARIABLE}")
        lock = _lock(folder)  # until then another process may take it for left over
        if lock is not None and folder.exists():
            _locks[folder] = lock  # held until the process ends
            return folder
    sys.exit(f"error: no folder in {parent} can be locked; give another one in {VARIABLE}")


def _lock(folder: Path) -> int | None:
    """A descriptor that holds the folder, unless another process does; never of a link or of another user's folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
    except OSError:  # held
        pass
    os.close(descriptor)
    return None


__all__ = ["end", "make_private_folder", "remove", "remove_left_over"]
