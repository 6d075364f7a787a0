"""Which addresses of the server are open: those that the page, programs and assistants use, and no others.

Gradio brings side doors that this Space has no use for: its monitoring, its editor, a way past the queue, a proxy. What
is not listed as open is answered as if it did not exist. A test compares both lists with the app's real routes, so that
a new one of a new Gradio is decided about by a person.
"""

from starlette.routing import compile_path

API = "/gradio_api"

OPEN = {
    "/": "GET HEAD",  # the page and its parts
    "/config": "GET",
    "/static/{path:path}": "GET",
    "/assets/{path:path}": "GET",
    "/svelte/{path:path}": "GET",
    "/theme.css": "GET",
    f"{API}/theme.css": "GET",
    "/favicon.ico": "GET",
    "/robots.txt": "GET",
    "/manifest.json": "GET",
    "/pwa_icon": "GET",
    "/pwa_icon/{size}": "GET",
    f"{API}/app_id": "GET",
    f"{API}/startup-events": "GET",
    f"{API}/info": "GET",  # what programs read
    "/openapi.json": "GET HEAD",
    f"{API}/openapi.json": "GET",
    f"{API}/upload": "POST",  # photos and clips
    f"{API}/upload_progress": "GET",
    f"{API}/file={{path_or_url:path}}": "GET HEAD",
    f"{API}/queue/join": "POST",  # jobs
    f"{API}/queue/data": "GET",
    f"{API}/queue/status": "GET",
    f"{API}/cancel": "POST",
    f"{API}/reset": "POST",
    f"{API}/heartbeat/{{session_hash}}": "GET",
    f"{API}/call/{{api_name}}": "POST",
    f"{API}/call/{{api_name}}/{{event_id}}": "GET",
    f"{API}/call/v2/{{api_name}}": "POST",
    f"{API}/call/v2/{{api_name}}/{{event_id}}": "GET",
    f"{API}/mcp": "GET POST DELETE",  # assistants
    f"{API}/mcp/{{path:path}}": "GET POST DELETE",
    "/healthz": "GET HEAD",  # hosts
    "/metrics": "GET",
    "/place/{ticket}": "GET",
}

CLOSED = {
    "/login",  # there are no accounts
    "/logout",
    f"{API}/user",
    f"{API}/login_check",
    f"{API}/token",
    "/monitoring",  # what others do
    "/monitoring/summary",
    "/monitoring/{key}",
    f"{API}/runs",
    f"{API}/run/{{api_name}}",  # past the queue
    f"{API}/api/{{api_name}}",
    f"{API}/component_server",
    f"{API}/proxy={{url_path:path}}",  # requests of the server's own
    f"{API}/deep_link",  # kept for whoever has the link
    f"{API}/process_recording",
    f"{API}/file/{{path:path}}",
    f"{API}/custom_component/{{id}}/{{environment}}/{{type}}/{{file_name}}",
    f"{API}/stream/{{event_id}}",
    f"{API}/stream/{{event_id}}/close",
    f"{API}/stream/{{session_hash}}/{{run}}/{{component_id}}/playlist.m3u8",
    f"{API}/stream/{{session_hash}}/{{run}}/{{component_id}}/{{segment_id}}.{{ext}}",
    f"{API}/stream/{{session_hash}}/{{run}}/{{component_id}}/playlist-file",
    f"{API}/dev/reload",  # developing
    f"{API}/vibe-edit",
    f"{API}/undo-vibe-edit",
    f"{API}/vibe-code",
    f"{API}/vibe-starter-queries",
}

_PATTERNS = [(compile_path(path)[0], methods.split()) for path, methods in OPEN.items()]


def is_open(method: str, path: str) -> bool:
    """Whether a request is let through. A path may end in one slash more than it is listed with."""
    for candidate in (path, path.removesuffix("/") or "/"):
        if any(pattern.match(candidate) and method in methods for pattern, methods in _PATTERNS):
            return not path.startswith((f"{API}/file=http:", f"{API}/file=https:"))  # nothing is fetched for anybody
    return False


__all__ = ["API", "CLOSED", "OPEN", "is_open"]
