"""What the page needs at once stands in the page itself, and everything else passes as it was."""

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from space.page.first_screen import middleware
from space.page.style import HEAD


@pytest.fixture
def client() -> TestClient:
    async def page(request):
        return HTMLResponse("<html><head><title>t</title></head><body></head></body></html>")

    async def other(request):
        return PlainTextResponse("</head>" * 1000)

    return TestClient(Starlette(routes=[Route("/", page), Route("/other", other)], middleware=middleware("<b>")))


def test_the_head_ends_with_what_the_page_needs(client):
    answer = client.get("/")
    assert answer.text == "<html><head><title>t</title><b></head><body></head></body></html>"
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_other_addresses_are_left_alone_and_large_answers_are_compressed(client):
    answer = client.get("/other")
    assert answer.text == "</head>" * 1000 and answer.headers["content-encoding"] == "gzip"


def test_no_script_can_end_the_head_early():
    assert "</head>" not in HEAD and HEAD.count("</script>") == HEAD.count("<script>")
