"""The page's own style and scripts in the page itself, before Gradio's: the worked example is seen before those have
arrived, on a slow connection seconds earlier."""

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

END = b"</head>"


class FirstScreen:
    """Puts `head` at the end of the head of every HTML page that is served at the root."""

    def __init__(self, app: ASGIApp, head: str):
        self.app = app
        self.head = head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        content = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            content.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            headers = dict(start["headers"])
            if headers.get(b"content-type", b"").startswith(b"text/html"):
                content[:] = content.replace(END, self.head + END, 1)
                headers[b"content-length"] = str(len(content)).encode()
                start["headers"] = list(headers.items())
            await send(start)
            await send({"type": "http.response.body", "body": bytes(content)})

        await self.app(scope, receive, collect)


def middleware(head: str) -> list[Middleware]:
    """For the server: small answers, and the first screen in the page."""
    return [Middleware(GZipMiddleware, minimum_size=2000), Middleware(FirstScreen, head=head)]


__all__ = ["FirstScreen", "middleware"]
