"""Progress is lines where nobody watches, a live table on a terminal, and nothing when quiet."""

from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from mthn_automl.report.progress import Progress, duration
from mthn_automl.tuning.events import Event, PhaseFinished, PhaseStarted, Said, TrialFinished, TrialStarted

GOOD = TrialFinished("hypernetwork", 3, 0.1234, 0.12, 1.23, "COMPLETE")
BAD = TrialFinished("pooled", 0, None, None, 0.5, "FAIL", "the loss is [nan]")


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


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(Said("Reading [data].csv"), "Reading [data].csv", id="a sentence as it is"),
        pytest.param(PhaseStarted("refit", 75.0), "refit  started, 1 min 15 s left for it", id="a phase with a limit"),
        pytest.param(PhaseStarted("refit"), "refit  started", id="a phase without"),
        pytest.param(
            GOOD, "search  12 s  hypernetwork-3  error 0.1234  best 0.1200  (1.2 s)", id="a trial and the best so far"
        ),
        pytest.param(BAD, "search  12 s  pooled-0  fail: the loss is [nan]  (0.5 s)", id="a failed trial's reason"),
        pytest.param(PhaseFinished("search", 61.0), "search  done in 1 min 01 s", id="a finished phase"),
    ],
)
def test_without_a_terminal_an_event_is_a_line(event: Event, line: str) -> None:
    stream = StringIO()
    with Progress(stream, quiet=False, clock=ticking(100.0, 112.0)) as progress:
        progress(PhaseStarted("search"))
        progress(event)
    assert stream.getvalue() == f"search  started\n{line}\n"


def test_a_started_trial_is_not_worth_a_line() -> None:
    stream = StringIO()
    Progress(stream, quiet=False)(TrialStarted("pooled", 1))
    assert stream.getvalue() == ""


def test_a_long_sentence_stays_on_one_line() -> None:
    stream = StringIO()
    Progress(stream, quiet=False)(Said("word " * 60))
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("stream", [pytest.param(StringIO(), id="a pipe"), pytest.param(Terminal(), id="a terminal")])
def test_quiet_shows_nothing(stream: StringIO) -> None:
    with Progress(stream, quiet=True) as progress:
        progress(PhaseStarted("search", 10.0))
        progress(GOOD)
        progress(PhaseFinished("search", 1.0))
    assert stream.getvalue() == ""


def test_the_display_counts_trials_and_shows_time_left_and_the_last_failure() -> None:
    progress = Progress(Terminal(), quiet=False, clock=ticking(0.0, 0.0, 0.0, 0.0, 0.0, 20.0))
    progress(PhaseStarted("search", 80.0))
    progress(TrialStarted("hypernetwork", 3))
    progress(TrialStarted("hypernetwork", 4))
    progress(GOOD)
    progress(BAD)
    lines = [line.split() for line in shown(progress).splitlines()]
    assert lines[0] == ["search", "20", "s", "1", "min", "00", "s", "left"]
    assert lines[2] == ["hypernetwork", "1", "1", "0.1200"]
    assert lines[3] == ["pooled", "1", "-"]
    assert lines[4] == ["last", "failure:", "pooled-0", "fail:", "the", "loss", "is", "[nan]"]


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


def interrupted_while_watched(stream: Terminal) -> None:
    with Progress(stream, quiet=False) as progress:
        progress(PhaseStarted("search", 60.0))
        raise KeyboardInterrupt


def test_the_cursor_comes_back_when_the_run_raises() -> None:
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt):
        interrupted_while_watched(stream)
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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3.0, "0 s"), (45.4, "45 s"), (59.7, "1 min 00 s"), (125.0, "2 min 05 s"), (3720.0, "1 h 02 min")],
)
def test_a_duration_is_said_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text
