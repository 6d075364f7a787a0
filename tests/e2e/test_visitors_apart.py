"""Visitors, and the tabs of one visitor, see their own photos and nobody else's, however their answers cross."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fer_models.paths import EXAMPLES
from tests.e2e.photo import ready, upload

PHOTOS = {"anna": ("portrait", ""), "anna, second tab": ("several_faces", "Face 1 of 3"), "ben": ("hard_light", "")}


@pytest.fixture
def pages(browser: Browser, space: str) -> Iterator[dict[str, Page]]:
    """Two tabs of one visitor, and another visitor."""
    contexts = {name: browser.new_context() for name in ("anna", "ben")}
    pages = {name: contexts[name.partition(",")[0]].new_page() for name in PHOTOS}
    for page in pages.values():
        page.set_default_timeout(60_000)
        page.goto(space)
        ready(page)
    yield pages
    for context in contexts.values():
        context.close()


def shown(page: Page) -> str | None:
    return page.locator("#stage [data-photo]").get_attribute("data-photo")


def test_each_sees_its_own_photo_also_after_a_reload(pages, tmp_path):
    first = {name: shown(page) for name, page in pages.items()}
    received: dict[str, list[str]] = {name: [] for name in pages}
    for name, page in pages.items():
        page.on("response", lambda response, kept=received[name]: kept.append(response.url))
        file = tmp_path / f"{name}.jpg"
        file.write_bytes((EXAMPLES / f"{PHOTOS[name][0]}.jpg").read_bytes() + name.encode())
        upload(page, file)  # nobody waits for an answer before the next one asks
    for name, page in pages.items():
        expect(page.locator("#stage [data-photo]")).not_to_have_attribute("data-photo", first[name])
        expect(page.locator("#photo")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator("#panel .which")).to_have_text(PHOTOS[name][1])
    own = {name: shown(page) for name, page in pages.items()}
    assert len(set(own.values())) == len(pages)
    paths = {name: Path(page.evaluate("history.state.fer.photos[0].path")) for name, page in pages.items()}
    for name, page in pages.items():
        page.reload()
        ready(page)
        expect(page.locator("#stage [data-photo]")).to_have_attribute("data-photo", own[name])
        others = [other for other in pages if other != name]
        content = page.content()
        assert not [other for other in others if own[other] in content or paths[other].parent.name in content]
        assert not [url for url in received[name] for other in others if paths[other].parent.name in url]
