"""The Space as a visitor uses it, in a real Chromium."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def upload(page: Page, file) -> None:
    page.locator("#photo input[type=file]").set_input_files(str(file))


def cam(page: Page):
    """The first face's Grad-CAM picture."""
    return page.locator("#answer figure img").nth(1)


def choose(page: Page, dropdown: str, option: str) -> None:
    page.locator(f"#{dropdown} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_photo_is_answered_and_another_class_gets_another_map(page):
    upload(page, EXAMPLES / "portrait.jpg")
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


def test_every_face_of_a_group_gets_a_card_with_each_map_and_its_meaning(page):
    upload(page, EXAMPLES / "several_faces.jpg")
    expect(page.locator("#answer section.face").first).to_be_visible()
    cards = page.locator("#answer section.face").all()
    assert len(cards) == 3
    for card in cards:
        expect(card.locator("figure")).to_have_count(3)
        for caption in card.locator("figcaption").all_inner_texts():
            assert re.search(r"\w+.*\n.+\.$", caption), caption


def test_another_method_gets_another_map(page):
    upload(page, EXAMPLES / "portrait.jpg")
    expect(page.locator("#answer figcaption").nth(1)).to_contain_text("Grad-CAM")
    choose(page, "method", "EigenCAM")
    expect(page.locator("#answer figcaption").nth(1)).to_contain_text("EigenCAM")
    expect(page.locator("#answer figcaption").nth(1)).not_to_contain_text("EigenCAM for")  # the same for any answer


def test_a_photo_without_a_face_is_shown_and_says_so(page):
    upload(page, EXAMPLES / "no_face.jpg")
    expect(page.locator("#answer .message")).to_contain_text("No face found")
    expect(page.locator("#answer img.photo")).to_be_visible()


def large_png() -> bytes:
    """A valid picture of 48 megapixels in a few kilobytes."""
    buffer = io.BytesIO()
    Image.new("1", (8000, 6000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "empty"),
        (b"not a picture at all", "picture"),
        ((EXAMPLES / "portrait.jpg").read_bytes()[:3000], "damaged or incomplete"),
        (large_png(), "megapixels"),
    ],
    ids=["empty", "text", "truncated", "48 megapixels"],
)
def test_a_bad_upload_gets_one_sentence_and_the_next_one_works(page, tmp_path, content, words):
    bad = tmp_path / "holiday.jpg"
    bad.write_bytes(content)
    upload(page, bad)
    message = page.locator("#answer .message")
    expect(message).to_contain_text(words)
    text = message.inner_text()
    assert text.endswith(".") and "/" not in text and "Error" not in text
    page.locator("#photo").get_by_role("button", name=re.compile("clear|remove", re.I)).click()
    upload(page, EXAMPLES / "portrait.jpg")
    expect(page.locator("#answer .answer")).to_have_text("happiness")


def test_the_webcam_is_answered_live(page):
    page.get_by_role("tab", name="Webcam").click()
    page.locator("#camera").get_by_text(re.compile("click to access webcam", re.I)).click()
    page.locator("#camera").get_by_role("button", name="capture photo").click()
    expect(page.locator("#live .answer")).to_have_text("happiness")
    shown = page.locator("#live img.photo")
    first = shown.get_attribute("src")
    timing = page.locator("#live .timing")
    first_timing = timing.inner_text()
    expect(timing).not_to_have_text(first_timing)  # a later frame has been answered
    assert first.startswith("data:image/jpeg")
