"""How the Space treats its visitors: nothing leaves the machine, every control has a name, every fault its words."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from benchmarks.fake_camera import executable
from fer_models.paths import EXAMPLES
from tests.e2e.photo import example, ready, row, section, tab, upload

TABS = ("Photo", "Live", "Video", "Compare models", "Limits")
CONTROLS = {"button", "textbox", "combobox", "checkbox", "slider", "link", "tab", "listbox", "radio", "spinbutton"}


def test_nothing_on_any_tab_comes_from_another_server(page, space):
    """Requests of all tests are watched by the fixture; here everything is opened, and nothing waits to be loaded."""
    upload(page, EXAMPLES / "portrait.jpg")
    expect(row(page)).to_be_visible()
    for name in ("compare", "inside", "details"):
        section(page, name)
    for name in TABS:
        tab(page, name)
        if name == "Compare models":
            for accordion in page.locator(".card > button").all():
                accordion.click()
    sources = page.evaluate(
        """() => [...document.querySelectorAll('[src], link[href], [srcset], [poster], use[href], image[href]')]
          .map(e => e.src || e.href?.baseVal || e.href || e.srcset || e.poster).filter(Boolean)"""
    )
    assert sources and [url for url in sources if not url.startswith((space, "data:", "blob:", "/", "#"))] == []


def test_there_is_no_flagging_and_nothing_to_share_with_others(page, space):
    names = [name for name in page.get_by_role("button").all_inner_texts() if re.search("flag|share", name, re.I)]
    assert names == []
    config = json.loads(page.request.get(f"{space}/config").text())
    assert not any("flag" in str(call.get("api_name", "")).lower() for call in config["dependencies"])


@pytest.mark.parametrize("name", TABS)
def test_every_control_and_picture_has_a_name_for_screen_readers(page, name):
    if name == "Photo":
        upload(page, EXAMPLES / "several_faces.jpg")
        expect(page.locator("#stage button.box").first).to_be_visible()
    tab(page, name)
    if name == "Compare models":
        expect(page.locator("table.numbers").first).to_be_visible()
    session = page.context.new_cdp_session(page)
    nameless, named = [], 0
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        role = node["role"]["value"]
        if node["ignored"] or role not in CONTROLS | {"image"}:
            continue
        if node.get("name", {}).get("value", "").strip():
            named += 1
            continue
        markup = session.send("DOM.getOuterHTML", {"backendNodeId": node["backendDOMNodeId"]})["outerHTML"]
        if role in CONTROLS or not markup.startswith("<svg"):  # Gradio's icons stand in buttons, which have names
            nameless.append(f"{role}: {markup[:150]}")
    assert nameless == [] and named >= len(TABS)


def test_a_photo_can_be_chosen_and_read_without_a_mouse(page):
    for _ in range(40):  # the examples come after the tabs and the ways to upload
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.getAttribute('aria-label')") == "example: smile":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#panel .verdict")).to_have_text("All 5 models say happiness")
    page.get_by_role("tab", name="Compare models").press("Enter")
    region = page.get_by_role("region", name="table of the models")
    expect(region).to_be_visible()
    region.focus()
    expect(region).to_be_focused()


def test_sixty_faces_are_all_found_and_can_all_be_chosen(page, tmp_path):
    with Image.open(EXAMPLES / "portrait.jpg") as portrait:
        face = portrait.resize((200, 200))
    crowd = Image.new("RGB", (2000, 1200))
    for number in range(60):
        crowd.paste(face, (200 * (number % 10), 200 * (number // 10)))
    crowd.save(tmp_path / "crowd.jpg")
    upload(page, tmp_path / "crowd.jpg")
    boxes, strip = page.locator("#stage button.box"), page.locator("#strip button")
    expect(boxes).to_have_count(60)
    expect(strip).to_have_count(60)
    strip.nth(59).click()
    expect(page.locator("#panel .which")).to_have_text("Face 60 of 60")
    expect(boxes.nth(59).locator("i").first).to_be_visible()  # the chosen one says its expression
    expect(boxes.nth(0).locator("i").first).to_be_hidden()  # with so many the others would cover each other


def test_a_file_that_is_too_big_is_refused_in_words_and_the_next_one_works(page, tmp_path):
    big = tmp_path / "big.jpg"
    shutil.copy(EXAMPLES / "portrait.jpg", big)
    with big.open("r+b") as file:
        file.truncate(60_000_000)
    upload(page, big)
    expect(page.get_by_role("alert")).to_have_text("big.jpg has more than 50 MB; make it smaller and try again.")
    upload(page, EXAMPLES / "portrait.jpg")
    expect(page.locator("#panel .verdict")).to_have_text("All 5 models say happiness")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_photo_that_was_deleted_since_is_told_in_one_place_and_another_one_works(page, tmp_path):
    own = tmp_path / "own.jpg"
    own.write_bytes((EXAMPLES / "portrait.jpg").read_bytes() + b"another file")
    upload(page, own)
    expect(page.locator("#panel .verdict")).to_have_text("All 5 models say happiness")
    Path(page.evaluate("history.state.fer.photos[0].path")).unlink()
    section(page, "settings").locator("select[name=method]").select_option("eigencam")
    alert = page.get_by_role("alert")
    expect(alert).to_have_text("This file is not among your uploads, or was deleted since; choose it again.")
    expect(page.get_by_test_id("toast-body").locator("visible=true")).to_have_count(0)
    for method in ("hirescam", "gradcam", "eigencam", "hirescam"):  # as soon as it was said it is to be said again
        section(page, "settings").locator("select[name=method]").select_option(method)
        expect(page.locator("#photo")).not_to_have_attribute("aria-busy", "true")
        expect(alert).to_have_text("This file is not among your uploads, or was deleted since; choose it again.")
    example(page, "three faces")
    expect(page.locator("#panel .which")).to_have_text("Face 1 of 3")
    expect(alert).to_have_count(0)


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--deny-permission-prompts", "--use-fake-device-for-media-stream"], "The camera may not be used"),
        ([], "No camera was found"),
    ],
    ids=["refused", "none"],
)
def test_without_a_camera_the_page_says_why(browser, space, flags, words):
    other = browser.browser_type.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu", *flags])
    page = other.new_page()
    page.goto(space)
    tab(page, "Live")
    page.get_by_role("button", name="Start the camera").click()
    alert = page.get_by_role("alert").filter(has_text=words)
    expect(alert).to_be_visible()
    assert alert.inner_text().endswith(".")
    other.close()


@pytest.fixture
def full_space(tmp_path, monkeypatch) -> Iterator[str]:
    """The address of a Space whose queue is full, and that does without one of its models."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    from app import build
    from fer_models.analyzer import CHECKPOINTS, Analyzer

    full, launch = build(Analyzer([CHECKPOINTS / "pattlite-ferplus"]), missing=["another-model"])
    full.queue(max_size=0)
    _, address, _ = full.launch(prevent_thread_lock=True, quiet=True, **launch)
    yield address.rstrip("/")
    full.close()


def test_a_full_queue_and_a_missing_model_are_said_and_nothing_hangs(browser, full_space):
    page = browser.new_page()
    page.goto(full_space)
    expect(page.get_by_text("Not available at the moment: another-model.")).to_be_visible()
    ready(page)
    upload(page, EXAMPLES / "portrait.jpg")
    expect(page.get_by_role("alert")).to_contain_text("busy")
    expect(page.get_by_test_id("toast-body").locator("visible=true")).to_have_count(0)  # not in a corner as well
    expect(page.locator("#photo")).not_to_have_attribute("aria-busy", "true")  # it does not wait for ever
    page.close()
