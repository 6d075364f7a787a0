"""What visitors send: nothing of it stays, on the disk or in memory, for longer than was promised.

Gradio's `delete_cache` deletes only what it knows of: not what broke off, nor what links and recordings are written to.
And for every session Gradio remembers what its page last showed, photo and all, about a megabyte each, until many
thousand others have come.
"""

import datetime
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

HOUR = 3600  # seconds: for how long something is kept at most, as visitors are promised
EVERY = 300
MAX_AGE = HOUR - EVERY
SESSIONS = 200  # remembered at most, about a megabyte each; the longest unused go first


def sweep(folder: Path, age: float = MAX_AGE, now: float | None = None) -> int:
    """Delete everything in a private folder that is older than `age` seconds at `now`, and what folders are empty then.

    A file's age counts from its last change of status, which no copied date disguises.

    Returns:
        How many files were deleted.
    """
    latest = (time.time() if now is None else now) - age
    deleted = 0
    for path in sorted(folder.rglob("*"), reverse=True):  # what is inside comes before its folder
        try:
            if path.lstat().st_ctime >= latest:
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
                deleted += 1
        except OSError:  # already gone, or not empty yet
            continue
    return deleted


def forget_sessions(page: gr.Blocks, age: float = MAX_AGE, now: datetime.datetime | None = None) -> int:
    """Forget the sessions that nothing was heard of in the `age` seconds before `now`; whoever comes back starts anew.

    Returns:
        How many were forgotten; 0 before the page is launched.
    """
    holder = getattr(page, "state_holder", None)
    if holder is None:
        return 0
    latest = (now or datetime.datetime.now()) - datetime.timedelta(seconds=age)
    with holder.lock:
        old = [session for session, used in holder.time_last_used.items() if used < latest]
        for session in old:
            holder.session_data.pop(session, None)
            del holder.time_last_used[session]
    return len(old)


def keep_tidy(chores: Sequence[Callable[[], object]], every: float = EVERY) -> None:
    """Do the chores now and every so many seconds, for as long as the process lives."""

    def again() -> None:
        while True:
            for chore in chores:
                chore()
            time.sleep(every)

    threading.Thread(target=again, name="uploads", daemon=True).start()


__all__ = ["EVERY", "HOUR", "MAX_AGE", "SESSIONS", "forget_sessions", "keep_tidy", "sweep"]
