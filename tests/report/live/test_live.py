"""The page of a search that goes on: what it says, how often it is made, and what is left of it in the end."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mthn_automl.report.drawing import environment
from mthn_automl.report.live.page import live_page
from mthn_automl.report.live.process import EVERY, KILLED, SHARE, Pace
from mthn_automl.report.live.so_far import SoFar
from mthn_automl.report.live.told import PROCESS, STOP, Told
from mthn_automl.report.page.banner import Banner, end_live_page

EVIL = "<script>alert(1)</script>"
PATIENCE = 120.0


def line(event: str, at: float, **fields: Any) -> str:
    return json.dumps({"seconds": at, "event": event, "phase": "search", "fields": fields}) + "\n"


def trial(number: int, at: float, error: float | None, ending: str = "complete", reason: str = "") -> str:
    fields = {"architecture": "ridge", "number": number, "error": error, "ending": ending, "reason": reason}
    return line("TrialFinished", at, **fields)


STARTED = line("PhaseStarted", 1_002.0, name="search", seconds_left=58.0)
TRIALS = trial(0, 1_010.0, 0.5) + trial(1, 1_020.0, 0.25) + trial(2, 1_030.0, None, "failed", EVIL)


def told(folder: Path) -> Told:
    return Told(str(folder / "report.html"), str(folder / "events.jsonl"), "a run", "rmse", "rows", 1_000.0, ("Alas.",))


def so_far(folder: Path, content: str) -> SoFar:
    (folder / "events.jsonl").write_text(content)
    found = SoFar(folder / "events.jsonl", 1_000.0)
    found.read_on()
    return found


def test_it_says_how_far_the_search_is_and_what_is_best_until_now(tmp_path: Path) -> None:
    html = live_page(told(tmp_path), so_far(tmp_path, STARTED + TRIALS), 1_031.0)
    for part in (
        Banner.REFRESH,
        "Running: 3 trials, 31 s of 1 min 00 s.",
        "3 trials have ended: 2 complete, 1 failed.",
        "so far is 0.2500, of ridge-1",
        "Alas.",
        'id="picture-history"',
        "Leaderboard so far",
    ):
        assert part in html
    assert EVIL not in html


def test_before_the_first_trial_it_says_that_none_has_ended(tmp_path: Path) -> None:
    html = live_page(told(tmp_path), so_far(tmp_path, STARTED), 1_003.0)
    assert "Running: 0 trials, 3 s of 1 min 00 s." in html
    assert "No trial has ended yet." in html
    assert "<figure" not in html


def test_events_are_read_as_they_are_written_and_half_a_line_is_left(tmp_path: Path) -> None:
    found = so_far(tmp_path, STARTED + TRIALS[:-5])
    assert len(found.trials) == 2
    with (tmp_path / "events.jsonl").open("a") as stream:
        stream.write(TRIALS[-5:] + line("PhaseFinished", 1_040.0, name="search", seconds=38.0))
    found.read_on()
    assert [each["trial"] for each in found.trials] == [0, 1, 2]
    assert (found.phase, found.limit) == ("", 60.0)


def test_the_first_page_with_a_trial_is_made_at_once_and_others_as_time_allows() -> None:
    pace = Pace(0.0)
    assert pace.due(0.0, trials=False)
    pace.made(0.0, 3.0, trials=False)
    assert not pace.due(1.0, trials=False)
    assert pace.due(1.0, trials=True)
    pace.made(1.0, 3.0, trials=True)
    assert not pace.due(EVERY, trials=True)
    assert pace.due(1.0 + EVERY, trials=True)
    pace.made(1.0 + EVERY, 0.5, trials=True)
    assert not pace.due(1.0 + 2 * EVERY, trials=True)
    assert pace.due(0.5 / SHARE, trials=True)


def test_an_ended_page_refreshes_itself_no_more_and_a_whole_one_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    end_live_page(page, "There is none.")
    assert not page.exists()
    page.write_text(live_page(told(tmp_path), so_far(tmp_path, STARTED + TRIALS), 1_031.0))
    end_live_page(page, f"Over: {EVIL}.")
    ended = page.read_text()
    assert Banner.REFRESH not in ended
    assert "Running:" not in ended
    assert "Over: &lt;script&gt;" in ended
    assert EVIL not in ended
    end_live_page(page, "Again.")
    assert page.read_text() == ended


@pytest.fixture
def process(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """That of a search that has begun and has told nothing yet."""
    (tmp_path / "events.jsonl").write_text(STARTED)
    words = [sys.executable, "-P", "-m", PROCESS]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as running:
        yield running
        running.kill()


def until(page: Path, part: str) -> str:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if page.is_file() and part in (content := page.read_text()):
            return content
        time.sleep(0.1)
    raise AssertionError(f"{part!r} was not on the page within {PATIENCE:.0f} s")


def say(process: "subprocess.Popen[bytes]", text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n".encode())
    process.stdin.flush()


def test_a_process_keeps_up_the_page_until_it_is_told_to_stop_and_says_so_of_a_search_that_was_killed(
    process: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    say(process, told(tmp_path).line())
    until(page, "No trial has ended yet.")
    with (tmp_path / "events.jsonl").open("a") as stream:
        stream.write(TRIALS)
    assert Banner.REFRESH in until(page, "3 trials have ended")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    assert KILLED in page.read_text()
    assert Banner.REFRESH not in page.read_text()


def test_a_process_that_is_told_to_stop_leaves_the_page_and_complains_of_what_it_cannot_write(
    process: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    (tmp_path / "report.html").mkdir()
    say(process, told(tmp_path).line())
    assert process.stdout is not None
    assert b"report.html" in process.stdout.readline()
    say(process, STOP)
    assert process.wait(PATIENCE) == 0
