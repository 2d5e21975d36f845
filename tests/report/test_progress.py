"""Progress is lines where nobody watches, a live table on a terminal, and nothing when quiet."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from mthn_automl import catalogue
from mthn_automl.report.progress import Progress
from mthn_automl.tuning.events import (
    Event,
    PhaseFinished,
    PhaseStarted,
    Said,
    TrialAtRung,
    TrialFinished,
    TrialStarted,
    WorkersSeen,
)

GOOD = TrialFinished("hypernetwork", 3, 0.1234, 0.12, 1.23, "COMPLETE", ending="complete")
BAD = TrialFinished("pooled", 0, None, None, 0.5, "FAIL", "the loss is [nan]", ending="failed")
STOPPED = TrialFinished("pooled", 1, None, 0.2, 0.5, "PRUNED", "worse than 4 others at rung 1", ending="stopped")
TOO_LARGE = TrialFinished(
    "pooled", 2, 0.15, 0.2, 0.5, "COMPLETE", "9,000 parameters, above the 5,000 allowed", ending="complete"
)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def ticking(*times: float) -> Callable[[], float]:
    left = list(times)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def shown(progress: Progress) -> str:
    console = Console(file=StringIO(), width=100, color_system=None)
    with console.capture() as captured:
        console.print(progress.display())
    return captured.get()


def failed(architecture: str, reason: str, number: int = 9) -> TrialFinished:
    return TrialFinished(architecture, number, None, None, 0.5, "FAIL", reason)


LINES: list[tuple[Event, str]] = [
    (WorkersSeen(1, 1), "1 worker on 1 node"),
    (PhaseStarted("search"), "search  started"),
    (Said("Reading [data].csv " + "word " * 60), "Reading [data].csv " + "word " * 60),
    (TrialStarted("pooled", 1), ""),
    (TrialAtRung("pooled", 1, 2, 4, 9), ""),
    (GOOD, "search  12 s  hypernetwork-3  error 0.1234  best 0.1200  (1.2 s)"),
    (BAD, "search  12 s  pooled-0  fail: the loss is [nan]  (0.5 s)"),
    (STOPPED, "search  12 s  pooled-1  stopped: worse than 4 others at rung 1  (0.5 s)"),
    (
        TOO_LARGE,
        "search  12 s  pooled-2  error 0.1500  best 0.2000  9,000 parameters, above the 5,000 allowed  (0.5 s)",
    ),
    (replace(BAD, ending="abandoned", reason="no time"), "search  12 s  pooled-0  abandoned: no time  (0.5 s)"),
    (failed("pooled", "two\n  lines"), "search  12 s  pooled-9  fail: two lines  (0.5 s)"),
    (WorkersSeen(2, 1), "search  12 s  2 workers on 1 node"),
    (PhaseFinished("search", 61.0), "search  done in 1 min 01 s"),
    (PhaseStarted("ablation", 75.0), "ablation  started, 1 min 15 s left for it"),
]


def test_without_a_terminal_an_event_is_a_line_at_most() -> None:
    stream = StringIO()
    with Progress(stream, quiet=False, clock=ticking(0.0, 100.0, 112.0)) as progress:
        for event, _ in LINES:
            progress(event)
    assert stream.getvalue() == "".join(f"{line}\n" for _, line in LINES if line)


@pytest.mark.parametrize("stream", [pytest.param(StringIO(), id="a pipe"), pytest.param(Terminal(), id="a terminal")])
def test_quiet_shows_nothing(stream: StringIO) -> None:
    with Progress(stream, quiet=True) as progress:
        for event, _ in LINES:
            progress(event)
    assert stream.getvalue() == ""


def after(*events: Event) -> list[str]:
    """The lines of the display after these events of a search."""
    progress = Progress(Terminal(), quiet=False, clock=lambda: 0.0)
    for event in (PhaseStarted("search"), *events):
        progress(event)
    return [line.rstrip() for line in shown(progress).splitlines()]


def test_the_heading_has_phase_time_time_left_workers_and_nodes_as_they_come_and_go() -> None:
    progress = Progress(Terminal(), quiet=False, clock=ticking(0.0, 0.0, 20.0))
    progress(WorkersSeen(4, 2))
    progress(PhaseStarted("search", 80.0))
    assert shown(progress) == "search  20 s  1 min 00 s left  4 workers on 2 nodes\n"
    assert after(WorkersSeen(4, 2), WorkersSeen(2, 1)) == ["search  0 s  2 workers on 1 node"]


def test_the_display_counts_each_architectures_trials_by_how_they_ended() -> None:
    assert after(TrialStarted("hypernetwork", 3), TrialStarted("hypernetwork", 4), GOOD, BAD, STOPPED, TOO_LARGE) == [
        "search  0 s",
        "architecture  done  stopped  failed  running  best so far",
        "hypernetwork     1                   1             0.1200",
        "pooled           1        1       1                0.2000",
        "failed  pooled: the loss is [nan]",
    ]


def test_the_rung_is_that_of_the_furthest_running_trial() -> None:
    begun = [TrialStarted("pooled", number) for number in (1, 2, 3)]
    rungs = [TrialAtRung("pooled", number, rung, 4, 3**rung) for number, rung in ((1, 2), (2, 1), (1, 3), (2, 2))]
    assert "3 at rung 3/4" in after(*begun, *rungs)[2]
    assert "2 at rung 2/4" in after(*begun, *rungs, STOPPED)[2]


def test_a_rung_told_after_the_end_of_its_trial_does_not_make_it_run_again() -> None:
    late = after(TrialStarted("pooled", 1), STOPPED, TrialAtRung("pooled", 1, 1, 4, 3))
    assert late == after(TrialStarted("pooled", 1), STOPPED)


def test_the_last_three_distinct_reasons_of_failures_are_counted() -> None:
    reasons = ("too large", "out of memory", "killed", "no number", "out of memory", "out of memory")
    assert after(*(failed("pooled", reason) for reason in reasons))[3:] == [
        "failed  pooled: killed",
        "failed  pooled: no number",
        "failed  pooled: out of memory (3 times)",
    ]


def test_the_same_reason_of_two_architectures_is_two_failures() -> None:
    assert after(failed("pooled", "killed"), failed("ridge", "killed"))[4:] == [
        "failed  pooled: killed",
        "failed  ridge: killed",
    ]


def test_a_long_reason_is_cut_and_keeps_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    reason = "a reason\nof several lines and of many words"
    assert after(failed("ridge", reason), failed("ridge", reason))[-1] == "failed  ridge: a reason of se… (2 times)"


def crowd() -> list[Event]:
    """Every architecture has trials, the first the best one; three have failures, and the last runs ten at once."""
    names = catalogue.names()
    events: list[Event] = [WorkersSeen(2, 1)]
    for place, name in enumerate(names):
        events.append(TrialFinished(name, 0, 1.0 + place / 10, 1.0 + place / 10, 1.0, "COMPLETE"))
        events.append(TrialFinished(name, 1, None, 1.0 + place / 10, 1.0, "PRUNED", "worse"))
    events += [failed(name, "a reason of many words " * 10) for name in names[-4:-1]]
    for number in range(10, 20):
        events += [TrialStarted(names[-1], number), TrialAtRung(names[-1], number, 10, 12, 729)]
    return events


def test_all_architectures_fit_a_small_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    lines, names = after(*crowd()), catalogue.names()
    assert len(lines) == 23
    assert max(map(len, lines)) <= 80
    rows = [line.split()[0] for line in lines[2:19]]
    assert rows == [*names[:16], names[-1]]
    assert "10 at rung 10/12" in lines[18]
    left_out = len(names) - len(rows)
    assert lines[19].split() == ["...", "and", f"{left_out}", "more", f"{left_out}", f"{left_out}", "3", "2.600"]


def test_a_high_terminal_shows_all_architectures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "60")
    assert [line.split()[0] for line in after(*crowd())[2:-3]] == catalogue.names()


def test_a_tiny_terminal_shows_the_best_a_running_one_and_how_many_run_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "5")
    names = ("dmtrl", "hypernetwork", "pooled", "ridge")
    assert after(GOOD, *(TrialStarted(name, 7) for name in names))[2:] == [
        "hypernetwork       1                   1             0.1200",
        "dmtrl                                  1                  -",
        "... and 2 more                         2                  -",
    ]


def test_the_architecture_with_the_lowest_error_stands_out() -> None:
    progress = Progress(Terminal(), quiet=False)
    for event in (PhaseStarted("search"), STOPPED, GOOD):
        progress(event)
    console = Console(file=StringIO(), width=100, force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(progress.display())
    bold_green = [line for line in captured.get().splitlines() if line.startswith("\x1b[1;32m")]
    assert len(bold_green) == 1
    assert "hypernetwork" in bold_green[0]


def test_a_finished_phase_clears_the_display() -> None:
    progress = Progress(StringIO(), quiet=False)
    progress(PhaseStarted("search"))
    progress(GOOD)
    progress(PhaseFinished("search", 2.0))
    assert shown(progress).strip() == ""


def test_a_terminal_sees_a_live_table_and_keeps_sentences() -> None:
    stream = Terminal()
    with Progress(stream, quiet=False) as progress:
        progress(PhaseStarted("search", 60.0))
        progress(GOOD)
        progress(Said("The data are small."))
    written = stream.getvalue()
    assert "The data are small." in written
    assert "hypernetwork" in written
    assert "\x1b[?25l" in written


def test_the_cursor_comes_back_when_the_run_raises() -> None:
    stream = Terminal()
    with suppress(KeyboardInterrupt), Progress(stream, quiet=False) as progress:
        progress(PhaseStarted("search", 60.0))
        raise KeyboardInterrupt
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l")


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    with Progress(stream, quiet=False) as progress:
        progress(PhaseStarted("search"))
        progress(GOOD)
        progress(BAD)
        progress(Said("done"))
    assert "\x1b[3" not in stream.getvalue()
    assert "\x1b[1;3" not in stream.getvalue()
