"""The Models and Limits tabs as a visitor reads them, in a real Chromium."""

import json

import pytest
from playwright.sync_api import Page, expect

from fer_models.paths import ROOT

MODEL, TITLE = "pattlite-ferplus", "PAtt-Lite"
RESULT = json.loads((ROOT / "results" / f"{MODEL}-on-ferplus-PublicTest.json").read_text())


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.locator(".fer.measured:visible h2").first).to_be_visible()


def test_the_table_shows_the_committed_result(page):
    open_tab(page, "Compare models")
    row = page.locator("table.numbers tbody tr").filter(has_text=TITLE)
    accuracy = RESULT["metrics"]["accuracy"]
    expect(row).to_contain_text(f"{100 * accuracy['value']:.1f} %")
    expect(row).to_contain_text(f"{100 * accuracy['interval'][0]:.1f} to {100 * accuracy['interval'][1]:.1f}")
    expect(row).to_contain_text(f"{RESULT['checkpoint']['parameters'] / 1e6:.2f} M")
    assert row.get_by_role("link", name="paper").get_attribute("href") == "https://arxiv.org/abs/2306.09626"


def test_every_running_model_is_in_the_table_the_chart_and_the_matrices(page):
    running = [text.strip() for text in page.locator("#panel .row .name").all_inner_texts()]
    open_tab(page, "Compare models")
    table = page.locator("table.numbers").first
    assert "PAtt-Lite" in running and "MobileNetV2 + HFC" in running
    for name in running:
        expect(table.locator("th[scope=row]").filter(has_text=name)).to_have_count(1)
    measured = table.locator("tbody").first.locator("tr:not(.group)").count()
    expect(page.locator("svg.chart").first.locator(".mark")).to_have_count(measured)
    expect(page.locator("table.confusion")).to_have_count(measured)


def test_a_matrix_cell_is_as_dark_as_its_share(page):
    open_tab(page, "Compare models")
    page.locator(".matrices summary").first.click()  # they come on demand
    matrix = page.locator("table.confusion").first
    expect(matrix).to_be_visible()

    def opacity(cell) -> float:
        color = cell.evaluate("cell => getComputedStyle(cell).backgroundColor")  # "color(srgb r g b / a)" or "rgb(…)"
        return float(color.rpartition("/")[2].strip(" )")) if "/" in color else 1.0

    for row in matrix.locator("tbody tr").all()[:2]:
        for cell in row.locator("td").all():
            assert opacity(cell) == pytest.approx(int(cell.inner_text() or 0) / 100, abs=0.01)


def test_the_page_says_which_model_to_take_for_what(page):
    open_tab(page, "Compare models")
    advice = page.locator("section.advice")
    expect(advice.get_by_role("listitem")).to_have_count(4)
    expect(advice).to_contain_text("when it must be fast")
    expect(advice).to_contain_text("re-implemented and re-trained here")


def test_a_link_opens_the_card_of_its_model(page):
    open_tab(page, "Compare models")
    card = page.locator(f"#card-{MODEL}")
    expect(card.get_by_role("heading", level=1)).to_be_hidden()
    row = page.locator("table.numbers tbody tr").filter(has_text=TITLE)
    row.get_by_role("link", name="card").click()
    expect(card.get_by_role("heading", level=1)).to_be_in_viewport()
    expect(card.get_by_role("heading", name="Limits")).to_be_visible()
    page.reload()  # as whoever was sent the address
    expect(card.get_by_role("heading", level=1)).to_be_in_viewport()


def test_a_link_to_a_card_opened_elsewhere_leads_to_it(page):
    open_tab(page, "Compare models")
    link = page.locator("table.numbers tbody tr").filter(has_text=TITLE).get_by_role("link", name="card")
    page.goto(link.evaluate("link => link.href"))  # what a new tab does, and a click before the script has run
    expect(page.locator(f"#card-{MODEL}").get_by_role("heading", level=1)).to_be_in_viewport()
    page.get_by_role("tab", name="Photo", exact=True).click()
    expect(page.locator("#photo")).to_be_visible()
    assert "card=" not in page.url


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("tab", ["Compare models", "Limits"])
def test_the_page_is_no_wider_than_the_screen(page, width, tab):
    page.set_viewport_size({"width": width, "height": 844})
    open_tab(page, tab)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_limits_are_said_with_measured_numbers(page):
    open_tab(page, "Limits")
    limits = page.locator(".limits")
    expect(limits.get_by_role("heading", name="It does not know what you feel")).to_be_visible()
    expect(limits).to_contain_text(f"Of {RESULT['n_scored']:,} pictures")
    expect(limits).to_contain_text(f"(of {RESULT['recall']['contempt']['n']})")
