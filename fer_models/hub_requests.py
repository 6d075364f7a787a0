"""Bounds on what the Hub's client does for us: each request has a time limit, no long pause is slept through while a
lock of the cache is held, and whoever was given up on asks for nothing more."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import get_session
from huggingface_hub.errors import HfHubHTTPError

PHASES = ("connect", "read", "write", "pool")


@dataclass(frozen=True)
class Patience:
    """answer: seconds that a request may take for each of its steps. pause: the longest pause that the Hub may ask for
    (Retry-After) before the call ends with its refusal. left: set when nobody waits for the call any more."""

    answer: float
    pause: float
    left: threading.Event = field(default_factory=threading.Event)


class LeftAlone(RuntimeError):
    """Nobody waits for this call any more."""


def hooks(patience: Callable[[], Patience | None]) -> dict[str, Callable[[Any], None]]:
    """Event hooks for a client of the Hub's HTTP library; where `patience` gives `None` they do nothing."""

    def before(request: Any) -> None:
        now = patience()
        if now is None:
            return
        if now.left.is_set():
            raise LeftAlone
        asked = request.extensions.get("timeout") or {}  # most calls of the client name no limit, some name none at all
        request.extensions["timeout"] = {
            phase: now.answer if asked.get(phase) is None else asked[phase] for phase in PHASES
        }

    def after(response: Any) -> None:
        now = patience()
        wait = response.headers.get("Retry-After", "")
        if now is not None and response.status_code == 429 and wait.isdigit() and int(wait) > now.pause:
            raise HfHubHTTPError("asked too often", response=response)

    return {"request": before, "response": after}


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)
_hooks = hooks(_patience.get)


@contextmanager
def patient(patience: Patience) -> Generator[None]:
    """What this thread asks of the Hub inside the block is bounded so; other threads and the client itself are not."""
    client: Any = get_session()
    for kind, hook in _hooks.items():
        if hook not in client.event_hooks[kind]:
            client.event_hooks[kind].append(hook)
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


__all__ = ["Patience", "hooks", "patient"]
