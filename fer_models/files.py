"""Files that are written whole or not at all, as UTF-8; and what is told where one cannot be written."""

import errno
import os
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_PLACE = {
    *(errno.EROFS, errno.EACCES, errno.EPERM),  # not ours to write
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY),  # something else is there
    *(errno.ENAMETOOLONG, errno.ELOOP),
}


def write_text(file: Path, text: str) -> None:
    """Write a small file: whoever looks sees the old one or the new one, also after a crash and on a full disk.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    write_bytes(file, text.encode())


def write_bytes(file: Path, content: bytes) -> None:
    """The same of any content.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(unfinished).chmod(0o644 if not file.exists() else file.stat().st_mode)
        Path(unfinished).replace(file)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def write_fault(error: BaseException, place: str | Path = "") -> str:
    """What is told where `error` says that something could not be written; nothing where it says something else.

    Args:
        place: that was written to, where the error does not name it.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number is None:  # libraries that write by themselves say it in words, one of them without the reason
        said = str(error)
        known = [one for one in NO_ROOM | NO_PLACE if f"(os error {one})" in said or os.strerror(one) in said]
        number = known[0] if known else errno.ENOSPC if "failed writing" in said else None
    if number not in NO_ROOM | NO_PLACE:
        return ""
    where = getattr(error, "filename", None) or place
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    reason = os.strerror(number)
    if number in NO_ROOM:
        return f"{where or 'what belongs there'} cannot be written ({reason}); make room, or name another place"
    return f"{where or 'the place to write to'} cannot be used ({reason}); name another place"


@contextmanager
def write_faults_told() -> Generator[None]:
    """A command whose place is full, read-only or taken ends in one sentence and exit code 1. Also a decorator.

    Raises:
        SystemExit: it could not write.
    """
    try:
        yield
    except Exception as error:
        told = next((told for one in _chain(error) if (told := write_fault(one))), "")
        if not told:
            raise
        sys.exit(f"error: {told}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


__all__ = ["write_bytes", "write_fault", "write_faults_told", "write_text"]
