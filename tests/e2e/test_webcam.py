"""The Webcam tab in a real Chromium whose camera shows a face."""

import re

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def camera(page) -> Page:
    """The page with its camera turned on, after the first answer."""
    page.get_by_role("tab", name="Webcam").click()
    page.locator("#camera").get_by_text(re.compile("click to access webcam", re.I)).click()
    page.locator("#camera").get_by_role("button", name="capture photo").click()
    expect(page.locator("#live .answer").first).to_have_text("happiness")
    return page


def choose(page: Page, elem_id: str, option: str) -> None:
    page.locator(f"#{elem_id} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def test_the_camera_is_answered_live_with_box_maps_timeline_and_times(camera):
    live = camera.locator("#live")
    expect(live.locator(".stage .box")).to_contain_text("1")
    column = live.locator(".model").first
    expect(column.locator(".sure")).to_contain_text(re.compile(r"sure, \d+ %"))
    expect(column.locator("[data-map]").first).to_contain_text("Grad-CAM for happiness")
    assert column.locator("[data-map]").count() >= 2  # Grad-CAM and the model's own attention
    top = live.locator("table.timeline tr.top").first
    expect(top).to_contain_text("happiness")
    for stage in ("read picture", "find faces", "page"):
        expect(live.locator(".timing")).to_contain_text(stage)


def test_later_frames_are_shown_in_the_same_picture_element(camera):
    camera.evaluate(
        """() => {
          window.shown = new Set();
          const picture = document.querySelector('#live img.frame');
          picture.addEventListener('load', () => window.shown.add(picture.src));
        }"""
    )
    camera.wait_for_function("window.shown.size >= 3")
    assert all(source.startswith("data:image/jpeg;base64,") for source in camera.evaluate("[...window.shown]"))


def test_a_face_that_stays_keeps_its_number_while_frames_go_by(camera):
    plot = camera.locator("#live table.timeline path[fill=none]").first
    first = plot.get_attribute("d")
    expect(plot).not_to_have_attribute("d", first)
    expect(camera.locator("#live .stage .box b")).to_have_text("1")


def test_another_expression_can_be_explained_while_the_answer_stays(camera):
    choose(camera, "camera-expression", "sadness")
    column = camera.locator("#live .model").first
    expect(column.locator("[data-map]").first).to_contain_text("Grad-CAM for sadness")
    expect(column.locator(".answer")).to_have_text("happiness")


def test_another_method_is_used_from_the_next_frame_on(camera):
    choose(camera, "camera-method", "HiResCAM")
    expect(camera.locator("#live [data-map]").first).to_contain_text("HiResCAM for happiness")


def test_without_a_model_one_is_asked_for(camera):
    camera.locator("#camera-models").get_by_role("button", name=re.compile("clear", re.I)).click()
    expect(camera.locator("#live")).to_contain_text("Choose at least one model.")


def test_the_camera_can_be_stopped_and_the_last_answer_stays(camera):
    camera.locator("#camera").get_by_role("button", name="capture photo").click()
    expect(camera.locator("#camera").get_by_role("button", name="capture photo")).not_to_contain_text("Stop")
    expect(camera.locator("#live .answer").first).to_have_text("happiness")
