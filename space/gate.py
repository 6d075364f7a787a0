"""The server's gate: every request passes it, before Gradio sees it, and every answer on its way out.

It lets through what `space.routes` lists, counts and limits what one client holds open, numbers requests for the log,
sets the headers that browsers protect visitors by, and turns an exception of a route into one line and one sentence.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from space.limits import Limits
from space.log import request_number, where
from space.routes import API, is_open
from space.traffic import Full, Places, Traffic
from space.visitor import Addresses

logger = logging.getLogger("space")

BUSY = "The Space is busy; try again in a minute."
TOO_LARGE = "The request is too large."
NOT_HERE = "There is nothing at this address."
FAILED = "That did not work; check what was sent."
RETRY = {"Retry-After": "10"}
STREAMS = (f"{API}/heartbeat/", f"{API}/queue/data", f"{API}/upload_progress", f"{API}/mcp")

Answer = Callable[[str], Awaitable[Response | None]]


def security_headers(frames: str) -> list[tuple[bytes, bytes]]:
    """What a browser holds the page to: nothing is loaded from, or sent to, anywhere else; the camera is the page's
    own, also in a frame of the Hub; only the sites in `frames` may show it in a frame. Gradio's page needs inline
    scripts, and functions made from text."""
    policy = (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
        f"form-action 'self'; frame-ancestors 'self' {frames}"
    )
    return [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(), payment=(), usb=()"),
        (b"content-security-policy", policy.encode()),
    ]


class Gate:
    """ASGI middleware.

    Args:
        traffic: counts requests.
        own: answers the addresses that are not Gradio's, given a path; `None` for any other.
    """

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic, streams: Places, own: Answer):
        self.app, self.traffic, self.own = app, traffic, own
        self.streams = streams
        self.uploads = Places(limits.uploads, limits.uploads_of_one)
        self.most_bytes = limits.request_megabytes * 10**6
        self.addresses = Addresses(limits.proxies.split())
        self.headers = security_headers(limits.frames)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = secrets.token_hex(4)
        request_number.set(number)
        scope["request_number"] = number
        scope["visitor"] = client = self.addresses.of(scope)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self.headers, (b"x-request-id", number.encode())]
            await send(message)

        with ExitStack() as held:
            refusal = self._refusal(scope, path, client, held)
            if refusal is not None:
                self.traffic.count("requests", f"{refusal.status_code}")
                await refusal(scope, receive, send_with_headers)
                return
            own = await self.own(path)
            try:
                await (own or self.app)(scope, _limited(receive, self.most_bytes), send_with_headers)
            except ClientDisconnect:
                logger.info("the sender left before the end")
            except Exception as error:
                if path.startswith(f"{API}/upload"):  # which begins with reading what somebody sent
                    logger.info("refused: an upload that cannot be read: %s", where(error))
                else:
                    self.traffic.count("exceptions", "route")
                    logger.error("a request was not answered: %s", where(error))
                if not status:
                    await JSONResponse({"detail": FAILED}, 400)(scope, receive, send_with_headers)
                else:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            self.traffic.count("requests", f"{status}")

    def _refusal(self, scope: Scope, path: str, client: str, held: ExitStack) -> Response | None:
        """Why the request goes no further, if so; what it holds open is counted until the end of `held`."""
        if not is_open(scope["method"], path):
            return JSONResponse({"detail": NOT_HERE}, 404)
        if _length(scope) > self.most_bytes:
            return JSONResponse({"detail": TOO_LARGE}, 413)
        try:
            if path.startswith(STREAMS):
                held.enter_context(self.streams.taken(client))
            elif path.startswith(f"{API}/upload"):
                held.enter_context(self.uploads.taken(client))
            elif path == "/" and self.streams.full:
                return PlainTextResponse(BUSY, 503, RETRY)
        except Full:
            logger.info("refused: too many at once of %s", "streams" if path.startswith(STREAMS) else "uploads")
            return JSONResponse({"detail": BUSY}, 503, RETRY)
        return None


def _length(scope: Scope) -> int:
    told = dict(scope["headers"]).get(b"content-length", b"0")
    return int(told) if told.isdigit() else 0


def _limited(receive: Receive, most: int) -> Receive:
    """The same request; without a length it ends, as if its sender had left, where it becomes too large."""
    got = 0

    async def receive_some() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        return message if got <= most else {"type": "http.disconnect"}

    return receive_some


__all__ = ["Gate", "security_headers"]
