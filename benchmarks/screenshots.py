"""The README's pictures of the Space, taken in a real Chromium.

python benchmarks/screenshots.py

Starts the Space with the committed checkpoints and writes `docs/space.jpg` (a group, 1440 pixels wide),
`docs/trust.jpg` (a model's maps, measured) and `docs/phone.jpg` (390 pixels, dark).
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.fake_camera import FLAGS, executable
from benchmarks.running_space import served
from fer_models.paths import ROOT


def opened(browser: Browser, address: str, query: str, width: int, height: int) -> Page:
    """The Image tab with an example, its answers and all its pictures."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(f"{address}?{query}")
    page.locator("section.model figure").first.wait_for(timeout=120_000)
    page.wait_for_function("[...document.images].every(image => image.complete)")
    return page


def save(picture: bytes, file: Path) -> None:
    """A screenshot as a JPEG of a size that a README can hold."""
    Image.open(io.BytesIO(picture)).convert("RGB").save(file, quality=85, optimize=True)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pattlite-ferplus", help="whose maps are measured")
    options = parser.parse_args()
    docs = ROOT / "docs"
    with served() as space, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS.split())
        page = opened(browser, space.address, "example=several_faces&face=2&__theme=light", 1440, 1000)
        save(page.screenshot(full_page=True), docs / "space.jpg")
        page = opened(browser, space.address, f"example=portrait&models={options.model}&__theme=light", 1440, 1000)
        page.locator(f"#trust-{options.model}").click()
        page.locator(".fer.trust").wait_for(timeout=120_000)
        save(page.locator("#columns").screenshot(), docs / "trust.jpg")
        page = opened(browser, space.address, "example=several_faces&face=2&__theme=dark", 390, 844)
        save(page.screenshot(), docs / "phone.jpg")
        browser.close()


if __name__ == "__main__":
    main()
