"""The Photo tab as a visitor uses it, in a real Chromium."""

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

from fer_models.checkpoint import find_checkpoints
from fer_models.paths import EXAMPLES
from tests.e2e.photo import MODEL, answered, example, heat, open_link, ready, row, section, server_calls, upload

MODELS = len(find_checkpoints())
VERDICT = re.compile("^(passes|unclear|fails|nothing to check)$")
IDLE = 90_000  # milliseconds; a check waits until nobody else does, also for those of pages that are gone
WORDS = re.compile(r"(over|under)? ?\d+ %")


def choose_model(page: Page, title: str) -> None:
    page.get_by_role("radio", name=re.compile(rf"^{re.escape(title)}")).check()


def setting(page: Page, name: str, value: str) -> None:
    section(page, "settings").locator(f"select[name={name}]").select_option(value)
    answered(page)


def test_the_page_opens_with_an_answered_example_on_which_the_models_differ(page):
    expect(page.locator("#panel .row")).to_have_count(MODELS)
    expect(page.locator("#panel .verdict")).to_have_text(re.compile(r"\d say \w+, \d says? \w+"))
    expect(page.locator("#stage img.photo")).to_be_visible()
    expect(page.locator("#stage .heat:visible")).to_have_count(1)
    assert page.locator("#panel .verdict").bounding_box()["y"] < 900


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_answer_map_and_photo_are_on_one_screen(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    parts = ["#stage .heat:visible", "#panel .verdict", "#panel .row.chosen .looked", "#panel .row >> nth=4"]
    for part in (*parts, "#panel .panel > .actions"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= size[1], part
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_what_stands_on_the_page_are_names_of_people(page):
    for name in ("compare", "inside", "settings", "details"):
        section(page, name)
    text = page.locator("#photo").inner_text()
    assert "PAtt-Lite" in text and "MobileNetV2 + HFC" in text
    assert re.findall(r"\S+-ferplus|\w+_\w+", text) == []


def test_a_photo_is_answered_and_another_class_gets_another_map(page):
    upload(page, EXAMPLES / "portrait.jpg")
    expect(row(page).locator(".answer")).to_have_text("happiness")
    assert WORDS.fullmatch(row(page).locator(".share").inner_text())
    own = heat(page)
    setting(page, "expression", "sadness")
    expect(row(page)).to_contain_text("The map is about sadness.")
    assert heat(page) != own
    expect(row(page).locator(".answer")).to_have_text("happiness")  # another explanation, the same answer
    setting(page, "method", "eigencam")
    expect(section(page, "compare").locator("figcaption b").first).to_have_text("EigenCAM")


def test_another_models_map_is_shown_at_once_without_the_server(page):
    open_link(page, "example=portrait")
    first = heat(page)
    calls = server_calls(page)
    choose_model(page, "PAtt-Lite")
    expect(row(page)).to_have_class(re.compile("chosen"))
    assert heat(page) != first and not any("select" in call for call in calls)
    expect(page).to_have_url(re.compile(f"model={MODEL}"))


def test_a_face_of_a_group_is_chosen_by_mouse_and_by_keyboard(page):
    example(page, "three faces")
    boxes = page.locator("#stage button.box")
    expect(boxes).to_have_count(3)
    expect(page.locator("#panel .which")).to_have_text("Face 1 of 3")
    first = heat(page)
    boxes.nth(2).click()
    expect(page.locator("#panel .which")).to_have_text("Face 3 of 3")
    expect(boxes.nth(2)).to_have_attribute("aria-pressed", "true")
    expect(boxes.nth(0)).to_have_attribute("aria-pressed", "false")
    assert heat(page) != first
    boxes.nth(2).press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#panel .which")).to_have_text("Face 2 of 3")
    expect(boxes.nth(1)).to_be_focused()
    page.locator("#strip button").nth(0).click()
    expect(page.locator("#panel .which")).to_have_text("Face 1 of 3")


def test_all_models_and_their_maps_stand_side_by_side_each_with_a_sentence(page):
    open_link(page, "example=portrait")
    columns = section(page, "compare").locator("section.model")
    expect(columns).to_have_count(MODELS)
    assert len({round(column.bounding_box()["y"]) for column in columns.all()}) == 1  # one row at 1440
    for figure in columns.locator("figure").all():
        assert re.fullmatch(r"\w.+\n[A-Z].+\.", figure.locator("figcaption").inner_text())
        assert ", highest at the" in figure.get_by_role("img").first.get_attribute("aria-label")


def test_what_is_against_an_answer_stands_in_every_row_in_words(page):
    example(page, "in the dark")
    against = page.locator("#panel .row .against")
    expect(against).to_have_count(MODELS)
    for sentence in against.all_inner_texts():
        assert re.search(r"(the|The) face is dark\.$", sentence)
    example(page, "smile")
    expect(against).to_have_count(0)


def test_all_expressions_can_count_as_equally_likely(page):
    open_link(page, "example=several_faces&face=2")
    expect(section(page, "details")).to_contain_text("as common as on the web")
    plain = page.locator("table.shares").inner_text()
    setting(page, "balanced", "yes")
    expect(section(page, "details")).to_contain_text("all equally likely")
    assert page.locator("table.shares").inner_text() != plain
    expect(page).to_have_url(re.compile("balanced=yes"))
    page.go_back()
    expect(page.locator("table.shares")).to_have_text(re.compile("."))
    expect(section(page, "details")).to_contain_text("as common as on the web")


def test_a_face_can_be_looked_at_with_its_mirror_image(page):
    open_link(page, "example=mouth_hidden&mirror=yes")  # where the models are not sure
    expect(section(page, "details")).to_contain_text("the face and at its mirror image")
    mirrored = page.locator("table.shares").inner_text()
    setting(page, "mirror", "")
    expect(section(page, "details")).not_to_contain_text("mirror image")
    assert page.locator("table.shares").inner_text() != mirrored
    assert "mirror" not in page.url


def test_maps_that_name_no_place_are_inside_the_models(page):
    open_link(page, "example=portrait")
    compare, inside = section(page, "compare"), section(page, "inside")
    expect(inside.locator(".ranks").first).to_be_visible()
    expect(compare.locator(".ranks")).to_have_count(0)
    expect(inside).to_contain_text("not what the face shows")


def test_opacity_and_colours_change_in_the_browser_alone(page):
    open_link(page, "example=portrait")
    colormap = section(page, "settings").locator("select[name=colormap]")
    layer = page.locator("#stage .heat:visible")
    expect(layer).to_have_css("opacity", "0.5")
    before, grey = layer.screenshot(), heat(page)
    calls = server_calls(page)
    page.get_by_label("Map strength").fill("100")
    expect(layer).to_have_css("opacity", "1")
    colormap.select_option("cividis")
    expect(layer).to_have_css("filter", re.compile("colormap-cividis"))
    assert [call for call in calls if "select" in call] == [] and heat(page) == grey
    assert layer.screenshot() != before
    assert "opacity=100" in page.url and "colormap=cividis" in page.url


def test_the_colours_are_those_of_matplotlib(page):
    """What the filter makes of the greys is what the library draws from the values."""
    from matplotlib import colormaps

    open_link(page, "example=portrait&opacity=100&colormap=viridis")
    layer = section(page, "compare").locator('section[data-model="hfc-resnet18-ferplus"] .layers .heat').first
    expect(layer).to_have_css("opacity", "1")
    shown = np.asarray(Image.open(io.BytesIO(layer.screenshot())).convert("RGB")).astype(int)
    colors = np.round(colormaps["viridis"](np.arange(256))[:, :3] * 255).astype(int)
    inner = shown[20:-20:7, 20:-20:7].reshape(-1, 3)  # the corners are round
    distance = np.abs(inner[:, None] - colors[None]).max(axis=2).min(axis=1)
    assert distance.max() <= 4
    nearest = np.abs(inner[:, None] - colors[None]).max(axis=2).argmin(axis=1)
    assert nearest.min() < 40 and nearest.max() > 200


def test_hiding_a_part_asks_every_model_again(page):
    open_link(page, "example=portrait")
    page.get_by_role("button", name="Hide a part of the face").click()
    expect(page.locator(".hiding li")).to_have_count(3)
    page.get_by_role("button", name="Hide the mouth").click()
    expect(page.locator("#panel .after")).to_have_count(MODELS)
    expect(page.locator(".hiding [role=status]")).to_contain_text("Hiding the mouth changes the answer of")
    expect(page.locator("#stage .veil")).to_be_visible()
    page.get_by_role("button", name="Show the whole face").click()
    expect(page.locator("#panel .after, #stage .veil")).to_have_count(0)


def test_a_rectangle_is_dragged_over_the_face(page):
    open_link(page, "example=portrait")
    page.get_by_role("button", name="Hide a part of the face").click()
    expect(page.locator("section.hiding")).to_be_visible()
    face = page.locator("#stage button.box").bounding_box()
    page.mouse.move(face["x"], face["y"] + face["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(face["x"] + face["width"], face["y"] + face["height"], steps=3)
    page.mouse.up()
    expect(page.locator(".hiding [role=status]")).to_contain_text("Hiding that changes the answer of")
    expect(page.locator("#panel .after")).to_have_count(MODELS)


def test_the_shown_map_is_checked_by_itself_and_the_verdict_stands_on_it(page):
    open_link(page, "example=portrait")
    badge = page.locator("#panel .row.chosen .check .badge")
    expect(badge).to_have_text(VERDICT, timeout=IDLE)
    details = section(page, "details")
    expect(details.locator("svg.plot").first).to_be_visible()
    for cell in details.locator("table.areas td").all_inner_texts():
        assert 0 <= float(cell) <= 1
    word = badge.inner_text()
    expect(details.locator(".trust .badge")).to_have_text(word)  # the same verdict there, and no other
    expect(details.locator(".trust")).to_contain_text(
        page.locator("#panel .row.chosen .check span").inner_text().strip()
    )
    assert ("failing" in page.locator("#stage .heat:visible").get_attribute("class")) == (word == "fails")


def test_another_map_can_be_checked_by_its_own_button(page):
    open_link(page, "example=portrait")
    column = section(page, "compare").locator(f'section[data-model="{MODEL}"]')
    column.get_by_role("button", name="Check the map of PAtt-Lite").click()
    expect(column.locator(".check .badge")).to_have_text(VERDICT, timeout=IDLE)


def test_a_link_holds_everything_and_back_and_reload_work(page):
    open_link(page, "example=several_faces&face=3&method=hirescam&model=ddamfn-ferplus")
    expect(page.locator("#panel .which")).to_have_text("Face 3 of 3")
    expect(row(page, "ddamfn-ferplus")).to_have_class(re.compile("chosen"))
    expect(section(page, "settings").locator("select[name=method]")).to_have_value("hirescam")
    page.locator("#strip button").nth(0).click()
    expect(page.locator("#panel .which")).to_have_text("Face 1 of 3")
    page.go_back()
    expect(page.locator("#panel .which")).to_have_text("Face 3 of 3")
    page.reload()
    ready(page)
    expect(page.locator("#panel .which")).to_have_text("Face 3 of 3")


def test_the_tab_is_in_the_address_and_back_returns(page):
    page.get_by_role("tab", name="Limits").click()
    expect(page).to_have_url(re.compile("tab=limits"))
    page.reload()
    expect(page.get_by_role("tab", name="Limits")).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.get_by_role("tab", name="Photo")).to_have_attribute("aria-selected", "true")


def test_the_link_is_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_link(page, "example=several_faces&face=2")
    section(page, "download").get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_visitors_own_photo_is_not_in_the_link_but_survives_back_and_reload(page, tmp_path):
    own = tmp_path / "holiday.jpg"
    Image.open(EXAMPLES / "portrait.jpg").save(own, quality=60)
    upload(page, own)
    expect(row(page).locator(".answer")).to_have_text("happiness")
    setting(page, "method", "eigencam")
    expect(page).to_have_url(re.compile("method=eigencam"))
    assert "holiday" not in page.url and "example" not in page.url
    expect(section(page, "download")).to_contain_text("Your photo is not shared")
    shown = page.locator("#stage [data-photo]").get_attribute("data-photo")
    example(page, "no face")
    page.go_back()
    expect(page.locator("#stage [data-photo]")).to_have_attribute("data-photo", shown)
    page.reload()
    ready(page)
    expect(page.locator("#stage [data-photo]")).to_have_attribute("data-photo", shown)


def test_everything_can_be_taken_home(page):
    open_link(page, "example=several_faces&face=3")
    section(page, "download")

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


def test_a_model_that_is_not_chosen_has_no_row_and_the_others_keep_their_answers(page):
    open_link(page, "example=portrait")
    share = row(page).locator(".share").inner_text()
    for box in section(page, "settings").locator("input[name=models]").all():
        if box.get_attribute("value") != MODEL:
            box.uncheck()
    expect(page.locator("#panel .row")).to_have_count(1)
    assert row(page).locator(".share").inner_text() == share
    expect(page).to_have_url(re.compile(f"models={MODEL}$|models={MODEL}&"))


def test_a_shot_with_the_camera_is_answered_and_the_camera_goes_out(page):
    page.get_by_role("button", name="Take a photo").click()
    page.get_by_role("button", name="Take the photo").click()
    track = "document.querySelector('#camera-shot video').srcObject.getTracks()[0]"
    page.wait_for_function(f"{track}.readyState === 'ended'")
    expect(row(page).locator(".answer")).to_have_text("happiness")


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
    page.get_by_role("button", name="Paste", exact=True).click()
    expect(page.locator("#panel .verdict")).to_have_text(f"All {MODELS} models say happiness")


def test_a_photo_is_dropped(page):
    encoded = base64.b64encode((EXAMPLES / "portrait.jpg").read_bytes()).decode()
    page.evaluate(
        """encoded => {
            const bytes = Uint8Array.from(atob(encoded), character => character.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], 'dropped.jpg', {type: 'image/jpeg'}));
            document.getElementById('stage').dispatchEvent(
              new DragEvent('drop', {dataTransfer: dropped, bubbles: true, cancelable: true}));
        }""",
        encoded,
    )
    expect(page.locator("#panel .verdict")).to_have_text(f"All {MODELS} models say happiness")


def test_several_photos_become_a_table_and_each_row_opens_its_photo(page, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture")
    upload(page, EXAMPLES / "portrait.jpg", EXAMPLES / "several_faces.jpg", broken)
    rows = page.locator("#many-photos tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("say neutral")
    expect(rows.nth(2)).to_contain_text("not a picture")
    rows.nth(1).get_by_role("button").click()
    expect(page.locator("#panel .which")).to_have_text("Face 1 of 3")
    with page.expect_download() as caught:
        page.get_by_role("button", name="Results of all photos").click()
    table = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text(encoding="utf-8"))))
    assert {line["photo"] for line in table} == {"portrait.jpg", "several_faces.jpg"}
    assert len(table) == 4 * MODELS  # a line for each face and model


def test_a_photo_without_a_face_is_shown_and_says_so(page):
    example(page, "no face")
    expect(page.locator("#panel .notice")).to_contain_text("No face found")
    expect(page.locator("#stage img.photo")).to_be_visible()
    expect(page.locator("#panel .row")).to_have_count(0)


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
    notice = page.locator("#panel .notice")
    for content, words in faults.items():
        bad.write_bytes(content)
        upload(page, bad)
        expect(notice).to_contain_text(words)
        text = notice.inner_text()
        assert text.endswith(".") and "/" not in text and "Error" not in text
    upload(page, EXAMPLES / "portrait.jpg")
    expect(row(page).locator(".answer")).to_have_text("happiness")
