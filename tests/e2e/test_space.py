"""The Image tab as a visitor uses it, in a real Chromium."""

import base64
import csv
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from fer_models.paths import EXAMPLES

MODEL = "pattlite-ferplus"


def upload(page: Page, file) -> None:
    page.locator("#photo input[type=file]").set_input_files(str(file))


def card(page: Page):
    """The column of the model that every test can rely on."""
    return page.locator(f'section.model[data-model="{MODEL}"]')


def first_map(page: Page):
    return card(page).locator("figure").first


def heat(page: Page) -> str:
    """The first map's grey picture."""
    return first_map(page).locator("img.heat").get_attribute("src")


def choose(page: Page, dropdown: str, option: str) -> None:
    page.locator(f"#{dropdown} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def open_link(page: Page, query: str) -> None:
    page.goto(page.url.partition("?")[0] + "?" + query)
    expect(card(page)).to_be_visible()


def server_calls(page: Page) -> list[str]:
    """Every call that the page makes to a function of the server from now on."""
    calls: list[str] = []
    page.on("request", lambda r: calls.append(r.url) if "/queue/join" in r.url or "/run/" in r.url else None)
    return calls


def test_a_photo_is_answered_and_another_class_gets_another_map(page):
    upload(page, EXAMPLES / "portrait.jpg")
    answer = card(page).locator(".answer")
    expect(answer).to_have_text("happiness")
    shares = [float(t.rstrip(" %")) for t in card(page).locator("td.share").all_inner_texts()]
    assert len(shares) == 8 and sum(shares) == pytest.approx(100, abs=0.5)
    own = heat(page)
    expect(first_map(page)).to_contain_text("Grad-CAM for happiness")
    choose(page, "expression", "sadness")
    expect(first_map(page)).to_contain_text("Grad-CAM for sadness")
    assert heat(page) != own
    expect(answer).to_have_text("happiness")  # another explanation, the same answer
    choose(page, "method", "EigenCAM")
    expect(first_map(page)).to_contain_text("EigenCAM")
    expect(first_map(page)).not_to_contain_text("EigenCAM for")  # the same for any answer


def test_a_face_of_a_group_is_chosen_by_mouse_and_by_keyboard(page):
    page.get_by_role("button", name="example: several faces").click()
    boxes = page.locator("#stage button.box")
    expect(boxes).to_have_count(3)
    expect(page.locator("#agreement h2")).to_have_text("Face 1 of 3")
    first = heat(page)
    boxes.nth(2).click()
    expect(page.locator("#agreement h2")).to_have_text("Face 3 of 3")
    expect(boxes.nth(2)).to_have_attribute("aria-pressed", "true")
    expect(boxes.nth(0)).to_have_attribute("aria-pressed", "false")
    assert heat(page) != first
    boxes.nth(2).press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#agreement h2")).to_have_text("Face 2 of 3")
    expect(boxes.nth(1)).to_be_focused()
    assert boxes.nth(1).get_attribute("aria-label").startswith("Face 2: ")


def test_every_map_stands_with_its_meaning_and_a_text_for_screen_readers(page):
    open_link(page, "example=portrait")
    figures = card(page).locator("figure")
    assert figures.count() >= 2
    for figure in figures.all():
        assert re.fullmatch(r"\w.+\n[A-Z].+\.", figure.locator("figcaption").inner_text())
        assert ", highest at the" in figure.get_by_role("img").first.get_attribute("aria-label")


def test_opacity_and_colours_change_in_the_browser_alone(page):
    open_link(page, "example=portrait")
    layer = first_map(page).locator("img.heat")
    expect(layer).to_have_css("opacity", "0.5")
    before, grey = first_map(page).screenshot(), heat(page)
    calls = server_calls(page)
    page.locator("#opacity input[type=range]").fill("100")
    expect(layer).to_have_css("opacity", "1")
    choose(page, "colormap", "cividis")
    expect(layer).to_have_css("filter", re.compile("colormap-cividis"))
    assert calls == [] and heat(page) == grey
    assert first_map(page).screenshot() != before
    assert "opacity=100" in page.url and "colormap=cividis" in page.url


def test_the_colours_are_those_of_matplotlib(page):
    """What the filter makes of the greys is what the library draws from the values."""
    from matplotlib import colormaps

    open_link(page, "example=portrait&opacity=100&colormap=viridis")
    layer = first_map(page).locator("img.heat")
    expect(layer).to_have_css("opacity", "1")
    shown = np.asarray(Image.open(io.BytesIO(layer.screenshot())).convert("RGB")).astype(int)
    colors = np.round(colormaps["viridis"](np.arange(256))[:, :3] * 255).astype(int)
    inner = shown[20:-20:7, 20:-20:7].reshape(-1, 3)  # the corners are round
    distance = np.abs(inner[:, None] - colors[None]).max(axis=2).min(axis=1)
    assert distance.max() <= 4
    nearest = np.abs(inner[:, None] - colors[None]).max(axis=2).argmin(axis=1)
    assert nearest.min() < 40 and nearest.max() > 200


def test_a_link_brings_back_what_was_chosen(page):
    query = f"example=several_faces&face=2&models={MODEL}&method=hirescam&expression=fear&opacity=30&colormap=cividis"
    open_link(page, query)
    expect(page.locator("#agreement h2")).to_have_text("Face 2 of 3")
    expect(first_map(page)).to_contain_text("HiResCAM for fear")
    expect(first_map(page).locator("img.heat")).to_have_css("opacity", "0.3")
    expect(page.locator("#stage button.box").nth(1)).to_have_attribute("aria-pressed", "true")
    page.locator("#stage button.box").nth(0).click()
    expect(page).to_have_url(re.compile(r"^(?!.*face=).*example=several_faces"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_visitors_own_photo_is_not_in_the_link(page, tmp_path):
    own = tmp_path / "holiday.jpg"
    Image.open(EXAMPLES / "portrait.jpg").save(own, quality=60)
    upload(page, own)
    expect(card(page).locator(".answer")).to_have_text("happiness")
    choose(page, "method", "EigenCAM")
    expect(page).to_have_url(re.compile("method=eigencam"))
    assert "holiday" not in page.url and "example" not in page.url


def test_everything_can_be_taken_home(page):
    open_link(page, "example=several_faces&face=3")

    def download(button: str) -> bytes:
        with page.expect_download() as caught:
            page.get_by_role("button", name=button).click()
        return Path(caught.value.path()).read_bytes()

    with Image.open(io.BytesIO(download("Picture"))) as picture:
        assert picture.format == "PNG" and min(picture.size) > 300
    with zipfile.ZipFile(io.BytesIO(download("Raw maps"))) as archive:
        listed = json.loads(archive.read("maps.json"))
        ours = next(entry for entry in listed if entry["model"] == MODEL)
        values = np.load(io.BytesIO(archive.read(ours["file"])))
    assert ours["face"] == 3 and list(values.shape) == ours["shape"] and values.max() == 1
    faces = json.loads(download("Results (.json)"))["faces"]
    assert [face["face"] for face in faces] == [1, 2, 3]
    rows = list(csv.DictReader(io.StringIO(download("Results (.csv)").decode())))
    assert rows[0]["expression"] == faces[0]["answers"][0]["expression"]
    assert len(rows) == sum(len(face["answers"]) for face in faces)


def test_whether_a_map_can_be_trusted_is_measured_on_demand(page):
    open_link(page, "example=portrait")
    expect(page.locator(".fer.trust")).to_have_count(0)
    page.locator(f"#trust-{MODEL}").click()
    trust = page.locator(".fer.trust")
    expect(trust.locator("svg.plot")).to_have_count(2)
    rows = trust.locator("tbody tr")
    expect(rows.last).to_contain_text("random map")
    maps = rows.filter(has_not_text=re.compile("random maps of"))
    assert maps.count() == card(page).locator("figure").count()
    for row in rows.all():
        for cell in row.locator("td").all_inner_texts():
            assert 0 <= float(cell) <= 1
    expect(trust.locator("figure.pair .layers")).to_have_count(2 * maps.count())
    choose(page, "expression", "sadness")
    expect(trust).to_have_count(0)  # it was about other maps


def test_what_is_measured_belongs_to_the_maps_that_are_shown(page):
    open_link(page, "example=several_faces")
    page.locator(f"#trust-{MODEL}").click()
    page.locator("#stage button.box").nth(2).click()  # while it is measured
    expect(page.locator("#agreement h2")).to_have_text("Face 3 of 3")
    page.locator(f"#trust-{MODEL}").click()
    trust = page.locator(".fer.trust")
    expect(trust).to_have_attribute("data-key", card(page).get_attribute("data-key"))
    expect(trust).to_have_count(1)


def test_a_model_that_is_not_chosen_has_no_column_and_costs_no_new_answer(page):
    open_link(page, "example=portrait")
    models = page.locator("#models label")
    if models.count() < 2:
        pytest.skip("needs a second checkpoint")
    columns = page.locator("section.model:visible")
    expect(columns).to_have_count(models.count())
    wide = columns.first.bounding_box()["width"]
    picture = heat(page)
    for label in models.filter(has_not_text=MODEL).all():
        label.click()
    expect(columns).to_have_count(1)
    assert columns.first.bounding_box()["width"] > wide  # the others' room is used
    assert heat(page) == picture
    expect(page).to_have_url(re.compile(f"models={MODEL}$|models={MODEL}&"))


def test_a_shot_with_the_webcam_is_answered(page):
    page.locator("#photo").get_by_role("button", name="Capture from camera").click()
    page.locator("#photo").get_by_text(re.compile("click to access webcam", re.I)).click()
    page.locator("#photo").get_by_role("button", name="capture photo").click()
    expect(card(page).locator(".answer")).to_have_text("happiness")


def test_a_picture_is_pasted(page):
    with Image.open(EXAMPLES / "portrait.jpg") as picture:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async encoded => {
            const blob = await (await fetch('data:image/png;base64,' + encoded)).blob();
            await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
        }""",
        base64.b64encode(buffer.getvalue()).decode(),
    )
    page.locator("#photo").get_by_role("button", name="Paste from clipboard").click()
    expect(card(page).locator(".answer")).to_have_text("happiness")


def test_a_photo_without_a_face_is_shown_and_says_so(page):
    page.get_by_role("button", name="example: no face").click()
    expect(page.locator("#stage .notice")).to_contain_text("No face found")
    expect(page.locator("#stage img")).to_be_visible()
    expect(page.locator("section.model")).to_have_count(0)


def large_png() -> bytes:
    """A valid picture of 48 megapixels in a few kilobytes."""
    buffer = io.BytesIO()
    Image.new("1", (8000, 6000)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_bad_upload_gets_one_sentence_and_the_next_one_works(page, tmp_path):
    faults = {
        b"": "empty",
        b"not a picture at all": "not a picture",
        (EXAMPLES / "portrait.jpg").read_bytes()[:3000]: "damaged or incomplete",
        large_png(): "megapixels",
    }
    bad = tmp_path / "holiday.jpg"
    notice = page.locator("#stage .notice")
    for content, words in faults.items():
        bad.write_bytes(content)
        upload(page, bad)
        expect(notice).to_contain_text(words)
        text = notice.inner_text()
        assert text.endswith(".") and "/" not in text and "Error" not in text
        page.locator("#photo").get_by_role("button", name=re.compile("clear|remove", re.I)).click()
        expect(notice).to_contain_text("Upload a photo")  # the page is as at the start
    upload(page, EXAMPLES / "portrait.jpg")
    expect(card(page).locator(".answer")).to_have_text("happiness")
