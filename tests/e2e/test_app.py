"""The Space as a visitor uses it, in a real Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect


def upload(page: Page, file) -> None:
    page.locator("#photo input[type=file]").set_input_files(str(file))


def cam(page: Page):
    """The first face's Grad-CAM picture."""
    return page.locator("#answer figure img").nth(1)


def choose(page: Page, dropdown: str, option: str) -> None:
    page.locator(f"#{dropdown} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_photo_is_answered_and_another_class_gets_another_map(page, example):
    upload(page, example("portrait"))
    answer = page.locator("#answer .answer")
    expect(answer).to_have_text("happiness")
    shares = [float(t.rstrip(" %")) for t in page.locator("#answer td.share").all_inner_texts()]
    assert len(shares) == 8 and sum(shares) == pytest.approx(100, abs=0.5)
    own = cam(page).get_attribute("src")
    expect(page.locator("#answer figcaption").nth(1)).to_contain_text("Grad-CAM for happiness")
    choose(page, "expression", "sadness")
    expect(page.locator("#answer figcaption").nth(1)).to_contain_text("Grad-CAM for sadness")
    assert cam(page).get_attribute("src") != own
    expect(answer).to_have_text("happiness")  # another explanation, the same answer


def test_every_face_of_a_group_gets_a_card_with_each_map_and_its_meaning(page, example):
    upload(page, example("group"))
    expect(page.locator("#answer section.face").first).to_be_visible()
    cards = page.locator("#answer section.face").all()
    assert len(cards) == 3
    for card in cards:
        expect(card.locator("figure")).to_have_count(3)
        for caption in card.locator("figcaption").all_inner_texts():
            assert re.search(r"\w+.*\n.+\.$", caption), caption


def test_another_method_gets_another_map(page, example):
    upload(page, example("portrait"))
    expect(page.locator("#answer figcaption").nth(1)).to_contain_text("Grad-CAM")
    choose(page, "method", "EigenCAM")
    expect(page.locator("#answer figcaption").nth(1)).to_contain_text("EigenCAM")


def test_a_photo_without_a_face_is_shown_and_says_so(page, example):
    upload(page, example("no-face"))
    expect(page.locator("#answer .message")).to_contain_text("No face found")
    expect(page.locator("#answer img.photo")).to_be_visible()


@pytest.mark.parametrize("content", [b"", b"not a picture at all", b"\xff\xd8\xff\xe0broken"])
def test_a_broken_upload_gets_one_sentence_and_the_next_one_works(page, example, tmp_path, content):
    broken = tmp_path / "holiday.jpg"
    broken.write_bytes(content)
    upload(page, broken)
    message = page.locator("#answer .message")
    expect(message).not_to_contain_text("Upload a photo")
    text = message.inner_text()
    assert text.endswith(".") and "/" not in text and "Error" not in text
    page.locator("#photo").get_by_role("button", name=re.compile("clear|remove", re.I)).click()
    upload(page, example("portrait"))
    expect(page.locator("#answer .answer")).to_have_text("happiness")


def test_the_webcam_is_answered_live(page):
    page.get_by_role("tab", name="Webcam").click()
    page.locator("#camera").get_by_text(re.compile("click to access webcam", re.I)).click()
    page.locator("#camera").get_by_role("button", name=re.compile("record|start", re.I)).click()
    expect(page.locator("#live .answer")).to_have_text("happiness")
    shown = page.locator("#live img.photo")
    first = shown.get_attribute("src")
    timing = page.locator("#live .timing")
    first_timing = timing.inner_text()
    expect(timing).not_to_have_text(first_timing)  # a later frame has been answered
    assert first.startswith("data:image/jpeg")
