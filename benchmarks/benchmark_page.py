"""How long a visitor of the Photo tab waits, in a real Chromium.

python benchmarks/benchmark_page.py [--rounds 5] [--earlier 458a96d] [--out results/benchmark-page.json]

Times the first answer after the page is asked for, with an empty cache, here and over a connection of 1.6 Mbit/s; the
answers while a part of the face is hidden; and the way from a chosen photo to its answers, in turn with the page of an
earlier commit, which is checked out for that and served beside.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.fake_camera import executable
from benchmarks.running_space import served
from fer_models.files import write_faults_told
from fer_models.paths import EXAMPLES, ROOT
from fer_models.results import tell
from fer_models.results.benchmark_page import BenchmarkPage, Opening
from train.measure.provenance import hardware, provenance

SLOW, LATENCY = 1.6, 150  # megabits per second, milliseconds there and back
PATIENCE = 120_000  # milliseconds
PARTS = ("eyes", "nose", "mouth")
WATCH = """() => {
  const seen = element => element && element.getBoundingClientRect().height > 0;
  const watch = () => {
    window.firstAnswer ??= seen(document.querySelector('.panel .verdict')) ? performance.now() : undefined;
    window.usable ??= window.fer?.photo?.ready ? performance.now() : undefined;
    if (!window.usable) requestAnimationFrame(watch);
  };
  watch();
}"""
ANSWERED = """document.querySelectorAll('#panel .row').length > 0
  && !document.getElementById('photo').hasAttribute('aria-busy')"""
EARLIER_ANSWERED = "document.querySelectorAll('section.model figure img.heat').length > 0"


@contextmanager
def fresh_page(browser: Browser) -> Iterator[Page]:
    """A page whose cache is empty."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def opened(browser: Browser, address: str, megabits: float | None = None) -> tuple[float, float, float]:
    """Milliseconds until the page's load event, the first answer, and a page that can be used."""
    with fresh_page(browser) as page:
        page.add_init_script(f"({WATCH})()")
        if megabits is not None:
            through = megabits * 1e6 / 8
            network = page.context.new_cdp_session(page)
            network.send("Network.enable")
            network.send(
                "Network.emulateNetworkConditions",
                {"offline": False, "latency": LATENCY, "downloadThroughput": through, "uploadThroughput": through},
            )
        page.goto(address)
        page.wait_for_function("window.usable !== undefined")
        return tuple(
            page.evaluate(
                "[performance.getEntriesByType('navigation')[0].loadEventEnd, window.firstAnswer, window.usable]"
            )
        )


def opening(times: list[tuple[float, float, float]]) -> Opening:
    loaded, answer, usable = (round(median(column)) for column in zip(*times, strict=True))
    return Opening(loaded=loaded, answer=answer, usable=usable)


def hidden(browser: Browser, address: str, rounds: int) -> list[float]:
    """Milliseconds from asking for a hidden part to the answers of every model; another part each time."""
    times = []
    with fresh_page(browser) as page:
        page.goto(address)
        page.wait_for_function("window.fer?.photo?.ready === true")
        page.get_by_role("button", name="Hide a part of the face").click()
        for number in range(rounds + 1):
            button = page.get_by_role("button", name=f"Hide the {PARTS[number % len(PARTS)]}", exact=True)
            button.wait_for()
            start = time.perf_counter()
            button.click()
            page.wait_for_function(f"{ANSWERED} && document.querySelectorAll('#panel .after').length > 0")
            times.append(1000 * (time.perf_counter() - start))
    return times[1:]  # the first pass of some networks is slower


def answered(browser: Browser, address: str, photo: Path) -> float:
    """Milliseconds from a chosen photo to the answers and the map, on today's page."""
    with fresh_page(browser) as page:
        page.goto(address)
        page.wait_for_function("window.fer?.photo?.ready === true")
        page.evaluate("window.before = document.querySelector('#stage [data-photo]').dataset.photo")
        start = time.perf_counter()
        page.locator("#photo-files").set_input_files(str(photo))
        changed = "document.querySelector('#stage [data-photo]')?.dataset.photo !== window.before"
        page.wait_for_function(f"{ANSWERED} && {changed}")
        return 1000 * (time.perf_counter() - start)


def answered_earlier(browser: Browser, address: str, photo: Path) -> float:
    """The same on the earlier page."""
    with fresh_page(browser) as page:
        page.goto(address)
        page.locator("#examples [data-ready], #examples[data-ready]").first.wait_for(state="attached")
        start = time.perf_counter()
        page.locator("#photo input[type=file]").set_input_files(str(photo))
        page.wait_for_function(EARLIER_ANSWERED)
        return 1000 * (time.perf_counter() - start)


def new_photo(folder: Path, number: int) -> Path:
    """The portrait as a file that nobody has sent before."""
    file = folder / f"photo-{number}.jpg"
    file.write_bytes((EXAMPLES / "portrait.jpg").read_bytes() + str(number).encode())
    return file


def in_turn(ways: list[Callable[[Path], float]], folder: Path, rounds: int) -> list[list[float]]:
    """Milliseconds of each way, one after the other in every round; the first round does not count."""
    times = []
    for turn in range(rounds + 1):
        numbers = range(turn * len(ways), (turn + 1) * len(ways))
        times.append([way(new_photo(folder, number)) for number, way in zip(numbers, ways, strict=True)])
    return [list(column) for column in zip(*times[1:], strict=True)]


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The repository as it was, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "earlier"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(place), commit], cwd=ROOT, check=True)
        try:
            yield place
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(place)], cwd=ROOT, check=True)


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of every measurement (default: %(default)s)")
    parser.add_argument("--earlier", default="458a96d", help="commit (default: the page before it was rebuilt)")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        checked_out(options.earlier) as earlier,
        served() as space,
        served(root=earlier) as old,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        here, before = in_turn(
            [
                lambda photo: answered(browser, space.address, photo),
                lambda photo: answered_earlier(browser, old.address, photo),
            ],
            Path(folder),
            options.rounds,
        )
        rounds = range(options.rounds)
        with fresh_page(browser) as page:
            page.goto(space.address)
            page.wait_for_function("window.fer?.photo?.ready === true")
            models = page.locator("#panel .row").count()
        result = BenchmarkPage(
            models=models,
            rounds=options.rounds,
            opened=opening([opened(browser, space.address) for _ in rounds]),
            opened_slowly=opening([opened(browser, space.address, SLOW) for _ in rounds]),
            slow_megabits=SLOW,
            hidden=round(median(hidden(browser, space.address, options.rounds))),
            answered=round(median(here)),
            answered_earlier=round(median(before)),
            earlier=options.earlier,
            hardware=hardware(torch.device("cpu")),
            **provenance(),
        )
        browser.close()
    tell(result, options.out)


if __name__ == "__main__":
    main()
