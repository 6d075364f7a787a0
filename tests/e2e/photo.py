"""What the browser tests do on the Photo tab."""

from playwright.sync_api import Page, expect

MODEL = "pattlite-ferplus"


def upload(page: Page, *files) -> None:
    page.locator("#photo-files").set_input_files([str(file) for file in files])


def row(page: Page, model: str = MODEL):
    """The row of a model's answer."""
    return page.locator(f'#panel .row[data-model="{model}"]')


def answered(page: Page) -> None:
    """Waits until the page shows what was asked for last."""
    expect(page.locator("#photo")).not_to_have_attribute("aria-busy", "true")
    expect(row(page)).to_be_visible()


def example(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"example: {name}").click()
    expect(page.get_by_role("button", name=f"example: {name}")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#photo")).not_to_have_attribute("aria-busy", "true")


def open_link(page: Page, query: str) -> None:
    page.goto(page.url.partition("?")[0] + "?" + query)
    ready(page)
    answered(page)


def ready(page: Page) -> None:
    """Waits until the page's script has the page in its hands."""
    page.wait_for_function("window.fer?.photo?.ready === true")


def section(page: Page, name: str):
    """Opens a section and gives it back once it has its content."""
    opened = page.locator(f"#section-{name}")
    if opened.get_attribute("open") is None:
        opened.locator("summary").click()
    expect(page.locator("#photo")).not_to_have_attribute("aria-busy", "true")
    return opened


def heat(page: Page) -> str:
    """The grey picture of the map that lies on the face."""
    return page.locator("#stage .heat:visible").get_attribute("src")


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")


def server_calls(page: Page) -> list[str]:
    """Every call that the page makes to a function of the server from now on."""
    calls: list[str] = []
    page.on("request", lambda r: calls.append(r.url) if "/queue/join" in r.url or "/run/" in r.url else None)
    return calls
