"""The Live tab in a real Chromium whose camera shows a face."""

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.photo import tab

HAPPY = "#live .row .answer"
RUNNING = "window.fer.live.running()"


@pytest.fixture
def camera(page) -> Page:
    """The page with its camera turned on, after the first answer."""
    tab(page, "Live")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator(HAPPY).first).to_have_text("happiness")
    return page


def setting(page: Page, name: str, value: str) -> None:
    page.locator(f"select[name={name}]").select_option(value)


def test_the_camera_is_answered_live_with_box_map_timeline_and_times(camera):
    live = camera.locator("#live")
    expect(live.locator(".box")).to_contain_text("1")
    expect(live.locator(".row")).to_have_count(1)  # of the fastest model
    expect(live.locator(".row .share")).to_have_text(re.compile(r"(over )?\d+ %"))
    expect(live.locator(".square .heat")).to_have_count(1)
    expect(live.locator("table.timeline tr.top").first).to_contain_text("happiness")
    for stage in ("read picture", "find faces", "page"):
        expect(live.locator(".timing")).to_contain_text(stage)


def test_later_frames_are_shown_in_the_same_picture_element(camera):
    camera.evaluate(
        """() => {
          window.shown = new Set();
          const picture = document.querySelector('#live img.shown');
          picture.addEventListener('load', () => window.shown.add(picture.src));
        }"""
    )
    camera.wait_for_function("window.shown.size >= 3")
    assert all(source.startswith("data:image/jpeg;base64,") for source in camera.evaluate("[...window.shown]"))


def test_a_face_that_stays_keeps_its_number_while_frames_go_by(camera):
    plot = camera.locator("#live table.timeline path[fill=none]").first
    first = plot.get_attribute("d")
    expect(plot).not_to_have_attribute("d", first)
    expect(camera.locator("#live .box b")).to_have_text("1")


def test_another_model_answers_beside_the_first_and_its_map_can_be_shown(camera):
    camera.get_by_role("checkbox", name="DDAMFN").last.check()
    expect(camera.locator("#live .row")).to_have_count(2)
    heat = camera.locator("#live .square .heat")
    before = heat.get_attribute("src")
    setting(camera, "live-shown", "ddamfn-ferplus")
    expect(heat).not_to_have_attribute("src", before)


def test_another_expression_can_be_explained_while_the_answer_stays(camera):
    setting(camera, "live-expression", "sadness")
    expect(camera.locator(HAPPY).first).to_have_text("happiness")


def test_without_a_model_one_is_asked_for(camera):
    camera.locator("input[name=live-models]:checked").uncheck()
    expect(camera.locator("#live")).to_contain_text("Choose at least one model.")


def test_one_button_stops_the_camera_and_the_last_answer_stays(camera):
    camera.get_by_role("button", name="Stop the camera").click()
    expect(camera.get_by_role("button", name="Start the camera")).to_be_visible()
    assert not camera.evaluate(RUNNING)
    expect(camera.locator(HAPPY).first).to_have_text("happiness")


def test_leaving_the_tab_stops_the_camera(camera):
    tab(camera, "Photo")
    camera.wait_for_function(f"!{RUNNING}")
    tab(camera, "Live")
    expect(camera.get_by_role("button", name="Start the camera")).to_be_visible()


def test_what_is_shown_can_be_recorded_as_a_video_and_a_table(camera):
    downloads = []
    camera.on("download", lambda download: downloads.append(download))
    camera.get_by_role("button", name="Record").click()
    for _ in range(3):
        before = camera.locator("#live img.shown").get_attribute("src")
        expect(camera.locator("#live img.shown")).not_to_have_attribute("src", before)
    camera.get_by_role("button", name="Stop recording").click()
    expect(camera.locator("#live-told")).to_contain_text("Recorded")
    files = {download.suggested_filename: download.path() for download in downloads}
    assert files.keys() == {"live.webm", "live.csv"} and files["live.webm"].stat().st_size > 1000
    with files["live.csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 2 and {row["expression"] for row in rows} == {"happiness"}
    assert [float(row["seconds"]) for row in rows] == sorted(float(row["seconds"]) for row in rows)


def test_over_plain_http_the_page_says_what_a_camera_needs(page):
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    tab(page, "Live")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("alert")).to_contain_text("https or on localhost")
