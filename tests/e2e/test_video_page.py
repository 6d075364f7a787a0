"""The Video tab in a real Chromium: a clip in, a marked clip, timelines and a table out; cancel; faults."""

import csv
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.clips import still_clip, write_clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory, several_faces):
    """A short clip of three people, a long one of them, and one that is none."""
    folder = tmp_path_factory.mktemp("clips")
    people = several_faces.resize((504, 210))
    (folder / "none.mp4").write_text("not a video at all")
    return {
        "short": write_clip(folder / "short.mp4", [people] * 6, rate=10),
        "long": still_clip(folder / "long.mp4", people, 50, rate=30),
        "empty": still_clip(folder / "empty.mp4", Image.new("RGB", (64, 48), "gray"), 0.5),
        "none": folder / "none.mp4",
    }


@pytest.fixture
def tab(page) -> Page:
    page.get_by_role("tab", name="Video").click()
    return page


def follow(page: Page, clip) -> None:
    page.locator("#clip input[type=file]").set_input_files(str(clip))
    expect(page.locator("#clip video")).to_be_visible()
    page.get_by_role("button", name="Follow the faces").click()


def test_a_clip_becomes_a_marked_clip_that_plays_timelines_and_a_table(tab, clips):
    follow(tab, clips["short"])
    sections = tab.locator("#clip-report section.face")
    expect(sections).to_have_count(3)
    expect(sections.nth(1).locator("tr.top").first).to_contain_text("happiness")
    expect(sections.nth(1).locator("h3")).to_have_text("Face 2, 0.0 to 0.5 s")
    tab.wait_for_function("document.querySelector('#annotated video')?.readyState >= 2")  # Chromium can decode it
    size = tab.evaluate("(v => [v.videoWidth, v.videoHeight])(document.querySelector('#annotated video'))")
    assert size == [504, 210]
    line = sections.nth(1).locator("td[data-span]").first
    line.click(position={"x": 0.8 * line.bounding_box()["width"], "y": 5})
    tab.wait_for_function("Math.abs(document.querySelector('#annotated video').currentTime - 0.48) < 0.1")
    peak = sections.nth(1).locator("[data-at]").first
    peak.click()
    at = float(peak.get_attribute("data-at"))
    tab.wait_for_function(f"Math.abs(document.querySelector('#annotated video').currentTime - {at}) < 0.05")
    slider = sections.nth(1).get_by_role("slider", name="moment of the clip, face 2")
    slider.focus()
    slider.press("Home")
    tab.wait_for_function("document.querySelector('#annotated video').currentTime < 0.01")
    slider.press("End")
    assert float(slider.get_attribute("max")) == pytest.approx(0.55, abs=0.06)
    tab.wait_for_function("document.querySelector('#annotated video').currentTime > 0.44")  # as far as the clip goes
    with tab.expect_download() as download:
        tab.locator("#clip-table a[download]").first.click()
    with download.value.path().open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["face"] for row in rows} == {"1", "2", "3"} and len(rows) % 6 == 0


def test_the_progress_is_shown_and_cancel_stops_it_and_frees_the_place(tab, clips):
    follow(tab, clips["long"])
    bar = tab.locator("#clip-report progress")
    expect(bar).to_be_visible()
    expect(tab.locator("#clip-report label")).to_have_text(re.compile(r"Following faces: [1-9]\d* %"))
    tab.get_by_role("button", name="Cancel").click()
    expect(tab.locator("#clip-report")).to_contain_text("Stopped")
    expect(tab.get_by_role("button", name="Cancel")).to_be_hidden()
    tab.locator("#clip").get_by_role("button", name=re.compile("clear|remove", re.I)).click()
    follow(tab, clips["empty"])
    expect(tab.locator("#clip-report")).to_contain_text("No face found in this clip.")


def test_what_is_no_clip_gets_one_sentence(tab, clips):
    tab.locator("#clip input[type=file]").set_input_files(str(clips["none"]))
    tab.get_by_role("button", name="Follow the faces").click()
    expect(tab.locator("#clip-report")).to_contain_text("not a video that can be read")
    expect(tab.locator("#annotated")).to_be_hidden()


def test_the_example_clip_can_be_followed_with_maps_on_the_faces(tab):
    tab.get_by_role("button", name="Use the example clip").click()
    expect(tab.locator("#clip video")).to_be_visible()
    tab.get_by_role("checkbox", name="map on the faces").check()
    tab.get_by_role("button", name="Follow the faces").click()
    expect(tab.locator("#clip-report section.face")).to_have_count(1, timeout=90_000)
    expect(tab.locator("#annotated video")).to_be_visible()


def test_without_a_clip_one_is_asked_for(tab):
    tab.get_by_role("button", name="Follow the faces").click()
    expect(tab.locator("#clip-report")).to_contain_text("Choose a clip of 60 seconds and 50 MB or less.")
    expect(tab.get_by_role("button", name="Follow the faces")).to_be_enabled()
