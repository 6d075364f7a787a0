"""A group of twenty people who are not alike: every face is found, can be chosen, and is covered by no tag."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from fer_models.detector import FaceDetector
from fer_models.paths import ROOT
from fer_models.search import search_photo
from tests.e2e.photo import upload
from train.data.layouts import ferplus_parquet

FACES = ROOT.parent / "shared" / "data" / "fer2013plus_train_valid.parquet"  # the pictures may not be passed on
COLUMNS, ROWS, TILE, FACE = 5, 4, 160, 96  # pixels, the last two
MOST_TRIED = 100


@pytest.fixture(scope="module")
def group(tmp_path_factory) -> Path:
    """A photo of twenty validation faces; those that are not found in it make room for the next ones."""
    if not FACES.exists():
        pytest.skip("the pictures of FER+ are not here")
    faces, detector = ferplus_parquet(FACES, "PublicTest"), FaceDetector()
    waiting = iter(range(MOST_TRIED))
    tiles: list[Image.Image] = []
    while True:
        tiles += [tile(faces[next(waiting)]["image"]) for _ in range(COLUMNS * ROWS - len(tiles))]
        photo = Image.new("RGB", (COLUMNS * TILE, ROWS * TILE))
        for number, one in enumerate(tiles):
            photo.paste(one, (number % COLUMNS * TILE, number // COLUMNS * TILE))
        _, found, _ = search_photo(detector, photo)
        places = [int(face.box[1] // TILE) * COLUMNS + int(face.box[0] // TILE) for face in found]
        if sorted(places) == list(range(len(tiles))):
            file = tmp_path_factory.mktemp("group") / "group.png"
            photo.save(file)
            return file
        tiles = [one for number, one in enumerate(tiles) if places.count(number) == 1]


def tile(face: Image.Image) -> Image.Image:
    """A face with room around it."""
    made = Image.new("RGB", (TILE, TILE), "grey")
    made.paste(face.convert("RGB").resize((FACE, FACE), Image.Resampling.BICUBIC), ((TILE - FACE) // 2,) * 2)
    return made


def covered(boxes: Locator) -> list[float]:
    """For each face the share of its box that tags lie on."""
    return boxes.evaluate_all(
        """boxes => {
            const tags = boxes.map(box => box.querySelector('span').getBoundingClientRect());
            return boxes.map(box => {
                const {left, top, right, bottom, width, height} = box.getBoundingClientRect();
                const shared = tags.map(tag => Math.max(0, Math.min(right, tag.right) - Math.max(left, tag.left))
                    * Math.max(0, Math.min(bottom, tag.bottom) - Math.max(top, tag.top)));
                return Math.max(...shared) / (width * height);
            });
        }"""
    )


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_twenty_faces_can_all_be_chosen_and_read(page, group, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    upload(page, group)
    boxes, strip = page.locator("#stage button.box"), page.locator("#strip button")
    expect(boxes).to_have_count(20)
    expect(strip).to_have_count(20)
    assert max(covered(boxes)) < 0.1
    for button in strip.all():  # a number, a picture and what the models say, none of it cut off
        box = button.bounding_box()
        assert box["width"] >= 70 and button.locator("i").inner_text()
    assert len({button.locator("img").get_attribute("src") for button in strip.all()}) == 20
    strip.nth(13).scroll_into_view_if_needed()
    strip.nth(13).click()
    expect(page.locator("#panel .which")).to_have_text("Face 14 of 20")
    expect(boxes.nth(13)).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
