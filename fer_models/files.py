"""Files that are written whole or not at all, as UTF-8."""

import os
import tempfile
from pathlib import Path


def write_text(file: Path, text: str) -> None:
    """Write a small file: whoever looks sees the old one or the new one, also after a crash and on a full disk.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(unfinished).chmod(0o644 if not file.exists() else file.stat().st_mode)
        Path(unfinished).replace(file)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


__all__ = ["write_text"]
