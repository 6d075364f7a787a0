"""The log: every line in one form, with the number of the request, and nothing of what visitors sent.

2026-11-28T12:00:00 INFO 3f2a91c4 space: analyze answered in 0.21 s
"""

import logging
import sys
from contextvars import ContextVar
from pathlib import Path

FORM = "%(asctime)s %(levelname)s %(request)s %(name)s: %(message)s"
request_number: ContextVar[str] = ContextVar("request_number", default="-")


class _Numbered(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request = request_number.get()
        return True


def start_log(level: str = "info") -> None:
    """Write all lines of the Space and of what it runs on to standard error, in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Numbered())
    handler.setFormatter(logging.Formatter(FORM, "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("space").setLevel(level.upper())


def where(error: BaseException) -> str:
    """The kind of an error and the line that raised it, without its message, which may quote what somebody sent."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


__all__ = ["request_number", "start_log", "where"]
