"""What visitors send: nothing of it stays on the disk for longer than was promised, whoever left it there.

Gradio's `delete_cache` deletes what this very process took in. A process that was killed leaves its files behind; the
next one deletes those too.
"""

import re
import threading
import time
from pathlib import Path

HOUR = 3600  # seconds: for how long something is kept at most, as visitors are promised
EVERY = 300
MAX_AGE = HOUR - EVERY

_OF_GRADIO = re.compile(r"[0-9a-f]{40,64}")  # a folder that Gradio makes, named by a hash; anything else is not ours


def sweep(folder: Path, age: float, now: float | None = None) -> int:
    """Delete what visitors sent more than `age` seconds before `now`, and the folders that are empty by then.

    A file's age counts from its last change of status, which no copied date disguises. Only what lies in folders that
    Gradio made is looked at.

    Returns:
        How many files were deleted.
    """
    latest = (time.time() if now is None else now) - age
    deleted = 0
    for upload in folder.glob("*/"):
        if not _OF_GRADIO.fullmatch(upload.name):
            continue
        for path in (*sorted(upload.rglob("*"), reverse=True), upload):  # what is inside comes before its folder
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


def keep_tidy(folder: Path, age: float, every: float) -> None:
    """Sweep now and every so many seconds, for as long as the process lives."""

    def again() -> None:
        while True:
            sweep(folder, age)
            time.sleep(every)

    threading.Thread(target=again, name="uploads", daemon=True).start()


__all__ = ["EVERY", "HOUR", "MAX_AGE", "keep_tidy", "sweep"]
