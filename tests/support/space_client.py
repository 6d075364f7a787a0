"""A client of a running Space that sends what the page's own never would, for tests of what the server makes of it."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

MARK = {"meta": {"_type": "gradio.FileData"}}  # by which Gradio knows a file


@dataclass(frozen=True)
class Endpoint:
    """A function of the running app. values: what its components hold at the start. files: which of them take files."""

    number: int
    name: str
    values: list[Any]
    files: list[int]


class SpaceClient:
    """Speaks Gradio's protocol to the Space at an address."""

    def __init__(self, address: str):
        self.http = httpx.Client(base_url=address, timeout=60)

    def endpoints(self) -> list[Endpoint]:
        """All that the page's config lists, private ones too."""
        config = self.http.get("/config").json()
        components = {component["id"]: component for component in config["components"]}
        found = []
        for number, dependency in enumerate(config["dependencies"]):
            inputs = [components[one] for one in dependency["inputs"]]
            values = [component["props"].get("value") for component in inputs]
            files = [slot for slot, one in enumerate(inputs) if '"path"' in json.dumps(one.get("api_info_as_input"))]
            if dependency["backend_fn"]:
                found.append(Endpoint(number, dependency["api_name"], values, files))
        return found

    def upload(self, name: str, content: bytes) -> str:
        """The path of an upload on the server."""
        answer = self.http.post("/gradio_api/upload", files={"files": (name, content)})
        return answer.raise_for_status().json()[0]

    def ask(self, endpoint: Endpoint, values: list[Any], session: str = "") -> dict:
        """The last word about a job, as the page gets it; `["error"]` is what a person reads."""
        session = session or secrets.token_hex(6)
        job = {"fn_index": endpoint.number, "data": values, "session_hash": session, "event_data": None}
        event = self.http.post("/gradio_api/queue/join", json=job).raise_for_status().json()["event_id"]
        for message in self.messages(f"/gradio_api/queue/data?session_hash={session}"):
            if message["msg"] == "process_streaming":  # would wait for the next picture of a camera
                self.http.post(f"/gradio_api/stream/{event}/close").raise_for_status()
                return message["output"]
            if message["msg"] == "process_completed":
                return message["output"]
        raise AssertionError(f"no answer to {endpoint.name}")

    def messages(self, address: str) -> Iterator[dict]:
        """What the server sends there, until it ends."""
        with self.http.stream("GET", address) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])


def in_place(values: list[Any], slot: int, value: Any) -> list[Any]:
    """A copy of the values with another one in a slot."""
    return [*values[:slot], value, *values[slot + 1 :]]
