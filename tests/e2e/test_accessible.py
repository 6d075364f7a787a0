"""Anybody can use the page: axe-core finds nothing serious, light and dark, and the keyboard reaches everything."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.photo import ready, section, tab

TABS = {"Photo": "photo", "Live": "live", "Video": "video", "Compare models": "compare", "Limits": "limits"}
SERIOUS = {"serious", "critical"}


def faults(page: Page) -> list[str]:
    """What axe-core holds for serious, with the first place of each."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    return [
        f"{fault['id']}: {fault['help']}; {fault['nodes'][0]['html'][:160]}"
        for fault in found.response["violations"]
        if fault["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", TABS)
def test_axe_finds_nothing_serious(page, space, name, theme):
    page.goto(f"{space}?__theme={theme}")
    ready(page)
    if name == "Photo":
        for part in ("compare", "inside", "settings", "download", "details"):
            section(page, part)
        page.get_by_role("button", name="Hide a part of the face").click()
        expect(page.locator("section.hiding")).to_be_visible()
    else:
        tab(page, name)
    assert faults(page) == []


def test_every_button_has_a_name_of_its_own(page):
    section(page, "compare")
    expect(page.get_by_role("button", name="Check the map of PAtt-Lite")).to_be_visible()
    names = [
        button.get_attribute("aria-label") or button.inner_text()
        for button in page.locator("#photo button:visible").all()
    ]
    assert len(set(names)) == len(names)


def test_whoever_wants_no_motion_gets_none(page):
    page.emulate_media(reduced_motion="reduce")
    durations = page.evaluate(
        "[...document.querySelectorAll('#photo *')].map(e => getComputedStyle(e).transitionDuration)"
    )
    assert set(durations) <= {"0s"}
