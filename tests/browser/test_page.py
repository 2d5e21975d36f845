"""The page in a real browser without a network: it draws, answers, sorts, fits, and can be used by everybody."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from mthn_automl.report.figures import drawn_from
from mthn_automl.report.page.page import rendered, write_page
from mthn_automl.report.page.section import Section
from mthn_automl.storage import write_text
from tests.report.page import large
from tests.report.page.planted import found

SECONDS = 30_000
"""Milliseconds for the pictures to be drawn, on a machine with other work."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium where there is one, else Playwright's own."""
    with sync_playwright() as playwright:
        own = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        opened = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    planted = found()
    write_page(path, planted, drawn_from(planted.tables, planted.metric))
    return path


def opened(browser: Browser, file: Path, *, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    """The page drawn, and what the console has complained of."""
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)  # type: ignore[arg-type]
    page, complaints = context.new_page(), list[str]()

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn=yes]", timeout=SECONDS)
    return page, complaints


@pytest.fixture(scope="module")
def page(browser: Browser, file: Path) -> Page:
    return opened(browser, file)[0]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark"), (2000, "light")])
def test_it_draws_every_picture_without_a_complaint_at_any_width(
    width: int, scheme: str, browser: Browser, file: Path
) -> None:
    shown, complaints = opened(browser, file, width=width, scheme=scheme)
    assert complaints == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    marks = "all => all.map(each => each.querySelectorAll('.role-mark path, .role-mark text').length)"
    counts = shown.eval_on_selector_all("figure.picture", marks)
    assert len(counts) > 8
    assert min(counts) > 0
    serious = [each for each in Axe().run(shown).response["violations"] if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
    shown.context.close()


def test_pointing_at_a_mark_tells_its_numbers(page: Page) -> None:
    page.locator("#picture-members .mark-rect path").first.hover()
    page.wait_for_selector("#vg-tooltip-element.visible", timeout=SECONDS)
    assert "hypernetwork-0" in page.locator("#vg-tooltip-element").inner_text()


def test_a_table_is_sorted_by_numbers_and_filtered_by_words(page: Page) -> None:
    table = page.locator(".listing", has_text="Leaderboard").first
    names = (
        "table => [...table.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => row.cells[1].innerText)"
    )
    table.get_by_role("button", name=re.compile("^parameters")).press("Enter")
    assert table.evaluate(names) == ["ridge", "hypernetwork", "ensemble"]
    table.get_by_role("button", name=re.compile("^parameters")).press("Enter")
    assert table.evaluate(names) == ["ensemble", "hypernetwork", "ridge"]
    assert table.locator("th[aria-sort=descending]").inner_text() == "parameters"
    table.get_by_role("searchbox").fill("RIDGE")
    assert table.evaluate(names) == ["ridge"]
    assert table.locator(".count").inner_text() == "1 of 3 rows."


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("csv", b"architecture,")])
def test_a_picture_can_be_kept(kind: str, begins: bytes, page: Page) -> None:
    with page.expect_download(timeout=SECONDS) as download:
        page.locator(f"#picture-tradeoff button[data-do={kind}]").click()
    assert download.value.suggested_filename == f"tradeoff.{kind}"
    assert Path(download.value.path()).read_bytes().startswith(begins)


def test_a_picture_can_be_enlarged_and_closed_by_keys(page: Page) -> None:
    before = page.locator("#picture-tradeoff svg").bounding_box()
    page.locator("#picture-tradeoff button[data-do=enlarge]").press("Enter")
    page.wait_for_selector("dialog svg", timeout=SECONDS)
    after = page.locator("dialog svg").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > before["width"]
    page.keyboard.press("Escape")
    assert not page.locator("dialog").evaluate("dialog => dialog.open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_category_that_is_called_as_a_colour_or_as_a_method_keeps_its_name(
    scheme: str, browser: Browser, tmp_path: Path
) -> None:
    """A neutral colour that is drawn is exchanged all the same: the white edges of names are those of a dark page."""
    run = found()
    kinds = run.table("embeddings").assign(**{"metadata:white": ["white", "constructor"] * 4})
    drawn = drawn_from({**run.tables, "embeddings": kinds}, run.metric)
    write_text(tmp_path / "page.html", rendered("run", [Section("Told", pictures=("embeddings", "tradeoff"))], drawn))
    shown, complaints = opened(browser, tmp_path / "page.html", scheme=scheme)
    assert complaints == []
    texts = shown.locator("#picture-embeddings svg text").all_text_contents()
    assert [texts.count(each) for each in ("white", "constructor")] == [2, 1]  # the column is called so, too
    edges = shown.locator("#picture-tradeoff [stroke='#17191c']").count()
    assert (edges > 0) == (scheme == "dark")
    shown.context.close()


def test_the_wheel_zooms_a_picture_while_shift_is_held(page: Page) -> None:
    labels = "figure => [...figure.querySelectorAll('.role-axis-label text')].map(each => each.textContent).join()"
    figure = page.locator("#picture-history")
    before = figure.evaluate(labels)
    figure.locator(".drawn").hover(position={"x": 250, "y": 100})
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Shift")
    page.wait_for_function(f"figure => ({labels})(figure) !== {before!r}", arg=figure.element_handle(), timeout=SECONDS)


def test_of_thousands_of_tasks_and_trials_so_many_are_drawn_as_can_be_and_that_is_said(
    browser: Browser, tmp_path: Path
) -> None:
    run = large.found(tasks=2_000, trials=6_000)
    write_page(tmp_path / "large.html", run, drawn_from(run.tables, run.metric))
    assert (tmp_path / "large.html").stat().st_size < 6_000_000
    shown, complaints = opened(browser, tmp_path / "large.html")
    assert complaints == []
    for name, told in (
        ("tasks", "Drawn are 1,500 of 2,000 tasks, evenly taken."),
        ("embeddings", "Drawn are 500 of 2,000 tasks, evenly taken."),
        ("breakeven", "Drawn one by one are 800 of 2,000 tasks; means are of all."),
        ("tradeoff", r"Drawn are 1,5\d\d of 4,\d\d\d trials, evenly taken."),
        ("history", r"Drawn are 1,5\d\d of 4,\d\d\d trials, evenly taken."),
    ):
        figure = shown.locator(f"#picture-{name}")
        assert re.search(told, figure.locator("figcaption").inner_text())
        assert figure.locator(".role-mark path").count() <= 3_100
    table = shown.locator(".listing", has=shown.get_by_text("Trials", exact=True))
    assert "The first 1,000 rows; 5,000 more are in trials.csv." in table.inner_text()
    table.get_by_role("button", name=re.compile("^cv error")).press("Enter")
    errors = table.locator("tbody tr td:nth-child(4)").all_inner_texts()
    known = [float(each) for each in errors if each != "–"]
    assert known == sorted(known)
    assert "–" in errors
    assert errors[len(known) :] == ["–"] * (len(errors) - len(known))
    shown.context.close()
