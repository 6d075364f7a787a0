"""How every job of the Space runs: in a fair queue, not longer than it may, and with one end for everything that fails.

A visitor's fault becomes one sentence for the visitor and one line of the log; a fault of ours is told with the number
under which its trace is in the log.
"""

import logging
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING

import gradio as gr

from space.fair_queue import FairQueue
from space.limits import Limits
from space.log import request_number, where
from space.traffic import Traffic
from space.uploaded import Page

if TYPE_CHECKING:
    from torch import nn

logger = logging.getLogger("space")

TITLE = "That did not work"
MISFIT = "What was sent does not fit; look at what this endpoint takes."
TOO_LONG = "This took too long; try a smaller photo, or one with fewer faces."
OURS = "Something went wrong here, not with your photo; it is in the server’s log under {}."

_ends_at: ContextVar[float] = ContextVar("ends_at", default=float("inf"))


class TookTooLong(gr.Error):
    """A job had no time left."""

    def __init__(self) -> None:
        super().__init__(TOO_LONG, title=TITLE, print_exception=False)


def stop_if_late(*_) -> None:
    """
    Raises:
        TookTooLong: the job that this is part of has no time left.
    """
    if time.monotonic() > _ends_at.get():
        raise TookTooLong


def watch(models: "Iterable[nn.Module]") -> None:
    """Jobs that use one of the models end there when their time is over."""
    for model in models:
        model.register_forward_pre_hook(stop_if_late)


class JobPage(Page):
    """The page, whose jobs run so."""

    def __init__(self, limits: Limits, traffic: Traffic, **settings):
        self.limits, self.traffic = limits, traffic
        super().__init__(**settings)

    def queue(self, *args, **settings):
        super().queue(*args, **settings)
        self._queue = FairQueue(self._queue, self.limits.waiting_of_one, self.traffic)
        return self

    async def preprocess_data(self, block_fn, inputs, *rest, **options):
        try:
            return await super().preprocess_data(block_fn, inputs, *rest, **options)
        except gr.Error:
            raise
        except Exception as error:  # of components, about values that are none of theirs
            raise gr.Error(MISFIT, title=TITLE, print_exception=False) from error

    async def process_api(self, block_fn, inputs, *rest, request=None, **options):
        number = getattr(getattr(request, "request", None), "scope", {}).get("request_number")
        if number:
            request_number.set(number)
        name = self.fns[block_fn].name if isinstance(block_fn, int) else block_fn.name
        start = time.monotonic()
        _ends_at.set(start + self.limits.job_seconds)
        try:
            result = await super().process_api(block_fn, inputs, *rest, request=request, **options)
        except gr.Error as error:
            error.print_exception = False
            self.traffic.count("jobs", "refused")
            logger.info("%s refused after %.2f s (%s)", name, time.monotonic() - start, where(error.__cause__ or error))
            raise
        except Exception as error:
            self.traffic.count("jobs", "failed")
            self.traffic.count("exceptions", "job")
            logger.exception("%s failed after %.2f s", name, time.monotonic() - start)
            told = OURS.format(number or "this moment")
            raise gr.Error(told, title=TITLE, print_exception=False) from error
        self.traffic.count("jobs", "answered")
        level = logging.DEBUG if name == "on_frame" else logging.INFO  # a camera's pictures are too many
        logger.log(level, "%s answered in %.2f s", name, time.monotonic() - start)
        return result


__all__ = ["TOO_LONG", "JobPage", "stop_if_late", "watch"]
