"""`search --live`: a page while it goes on, a whole one at its end, and never a search that fails for it."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mthn_automl import search
from mthn_automl.data.problems import planted
from mthn_automl.report.page.banner import Banner
from mthn_automl.run import live
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.job import SearchResult
from mthn_automl.run.live import LivePage, Shown
from mthn_automl.tuning.events import Event, PhaseStarted, Said, TrialFinished, TrialStarted

pytestmark = pytest.mark.pictures

PATIENCE = 120.0


def searched(folder: Path, progress: Callable[[Event], None]) -> SearchResult:
    data, meta = planted(tasks=6, rows=14)
    given = {"architectures": "ridge,mixed_effects", "trials": 2, "runner": "local", "folds": 2, "no_ablation": True}
    return search(data, meta, output=folder / "run", live=True, progress=progress, **given)


def await_page(page: Path, part: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not (page.is_file() and part in page.read_text()):
        assert time.monotonic() < ends, f"{part!r} was not on the page in time"
        time.sleep(0.1)


def test_a_page_is_there_while_the_search_runs_and_a_whole_one_at_its_end(tmp_path: Path) -> None:
    page, seen = tmp_path / "run" / "report.html", list[str]()

    def watch(event: Event) -> None:
        if isinstance(event, TrialFinished) and not seen:
            await_page(page, "1 trial has ended")
            seen.append(page.read_text())

    result = searched(tmp_path, watch)
    assert Banner.REFRESH in seen[0]
    assert "Running: 1 trial" in seen[0]
    assert (
        f"{page} shows how the search goes, and refreshes itself in a browser." in (page.parent / "run.log").read_text()
    )
    whole = result.page.read_text()
    assert Banner.REFRESH not in whole
    assert "was to be predicted for 6 tasks" in whole
    assert [each.name for each in (tmp_path / "run").glob(".report*")] == []


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def page(said: list[str], tmp_path: Path) -> LivePage:
    """Of a search that nobody runs."""
    prepared: Any = SimpleNamespace(metric="rmse", alarms=((), ""))
    folder = RunFolder(tmp_path)
    folder.events.write_text("")

    def watch(event: Event) -> None:
        if isinstance(event, Said):
            said.append(event.text)

    return LivePage(folder, watch, Shown(prepared, "rows", time.time()))


def test_a_page_that_cannot_be_written_is_said_once_and_nothing_fails(
    page: LivePage, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PATIENCE", PATIENCE)
    (tmp_path / "report.html").mkdir()
    with page:
        page(PhaseStarted("search"))
        ends = time.monotonic() + PATIENCE
        while len(said) < 2 and time.monotonic() < ends:
            page(TrialStarted("ridge", 0))
            time.sleep(0.1)
        page(PhaseStarted("figures"))
        page(TrialStarted("ridge", 1))
    assert "is not kept up: " in said[1]
    assert "report.html" in said[1]
    assert "; the search goes on." in said[1]
    assert len(said) == 2


def test_a_process_that_cannot_be_started_is_said(
    page: LivePage, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with page:
        page(PhaseStarted("search"))
        page(PhaseStarted("figures"))
    assert ["is not kept up: " in each for each in said] == [True]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(KeyboardInterrupt(), "The search was interrupted", id="interrupted"),
        pytest.param(ValueError("a <cat> sat on it"), "a &lt;cat&gt; sat on it", id="crashed"),
        pytest.param(None, "its page could not be drawn", id="without a page"),
    ],
)
def test_of_a_search_that_ends_without_a_whole_page_the_live_one_says_so(
    error: BaseException | None, told: str, page: LivePage, tmp_path: Path
) -> None:
    (tmp_path / "report.html").write_text(f'{Banner.REFRESH}<p id="{Banner.ANCHOR}" role="status">Running.</p>')
    with suppress(KeyboardInterrupt, ValueError), page:
        if error is not None:
            raise error
    assert told in (tmp_path / "report.html").read_text()
    assert Banner.REFRESH not in (tmp_path / "report.html").read_text()
