"""Pictures of the Space in a real Chromium: every tab, at three widths, light and dark.

python benchmarks/screenshots.py [--out runs/screens] [--readme]

Starts the Space with the committed checkpoints and a camera that shows a face. Writes `NAME-WIDTH-THEME.png` for photo,
compare, live, video and models; with --readme only the first screen, as `docs/space.jpg` (1440 x 900)
and `docs/phone.jpg` (390 x 844, dark).
"""

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.fake_camera import camera_flags, executable, swaying, write_y4m
from benchmarks.running_space import served
from fer_models.files import write_faults_told
from fer_models.paths import EXAMPLES, ROOT
from fer_models.photo import read_photo

SIZES = ((1440, 900), (1024, 768), (390, 844))
THEMES = ("light", "dark")
PATIENCE = 120_000  # milliseconds


def photo(page: Page) -> None:
    """The first screen, with the verdict on its map."""
    verdict = page.locator("#panel .row.chosen .badge")
    expect(verdict).not_to_have_text("not yet", timeout=PATIENCE)


def compare(page: Page) -> None:
    """All maps side by side."""
    page.locator("#section-compare summary").click()
    expect(page.locator("#section-compare section.model").first).to_be_visible(timeout=PATIENCE)
    page.locator("#section-compare").scroll_into_view_if_needed()


def live(page: Page) -> None:
    """The camera, after its first answers."""
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#live .timing")).to_contain_text("a second", timeout=PATIENCE)


def video(page: Page) -> None:
    """The example clip, followed to its end."""
    page.get_by_role("button", name="Use the example clip").click()
    expect(page.locator("#clip video")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Follow the faces").click()
    expect(page.locator("#clip-report section.face").first).to_be_visible(timeout=PATIENCE)


def models(page: Page) -> None:
    """The comparison of the models."""
    expect(page.locator("table.numbers").first).to_be_visible(timeout=PATIENCE)


SCREENS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "photo": ("", photo),
    "compare": ("", compare),
    "live": ("tab=live", live),
    "video": ("tab=video", video),
    "models": ("tab=compare", models),
}


def taken(browser: Browser, address: str, name: str, size: tuple[int, int], theme: str) -> bytes:
    """One screen as a PNG."""
    query, prepare = SCREENS[name]
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}?{query}&__theme={theme}")
    page.wait_for_function("window.fer?.photo?.ready === true")
    prepare(page)
    picture = page.screenshot(full_page=name != "photo")
    context.close()
    return picture


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "screens", help="folder of the pictures")
    parser.add_argument("--readme", action="store_true", help="only the pictures of README and docs")
    parser.add_argument("--address", help="of a Space that runs already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = Path(folder) / "face.y4m"
        write_y4m(swaying(read_photo(EXAMPLES / "portrait.jpg"), frames=30), camera)
        browser = playwright.chromium.launch(executable_path=executable(), args=camera_flags(camera))
        if options.address:
            take_all(browser, options.address, options)
        else:
            with served() as space:
                take_all(browser, space.address, options)
        browser.close()


def take_all(browser: Browser, address: str, options: argparse.Namespace) -> None:
    """Every picture that was asked for."""
    if options.readme:
        for file, size, theme in (("space.jpg", SIZES[0], "light"), ("phone.jpg", SIZES[-1], "dark")):
            picture = Image.open(io.BytesIO(taken(browser, address, "photo", size, theme))).convert("RGB")
            picture.save(ROOT / "docs" / file, quality=85, optimize=True)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for name in SCREENS:
        for size in SIZES:
            for theme in THEMES:
                file = options.out / f"{name}-{size[0]}-{theme}.png"
                file.write_bytes(taken(browser, address, name, size, theme))
                print(file)


if __name__ == "__main__":
    main()
