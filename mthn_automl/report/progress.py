"""What a run is doing, on stderr: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import RLock
from types import TracebackType
from typing import Final, Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mthn_automl.report.table import number
from mthn_automl.tuning.events import Event, PhaseFinished, PhaseStarted, Said, TrialFinished, TrialStarted

REFRESHES_PER_SECOND: Final = 4


@dataclass(frozen=True)
class Tally:
    """One architecture's trials so far."""

    done: int = 0
    failed: int = 0
    running: frozenset[int] = frozenset()
    best: float | None = None


@dataclass
class Seen:
    """All that was told so far; `started` and `seconds_left` are of the present phase."""

    phase: str = ""
    started: float = 0.0
    seconds_left: float | None = None
    tallies: dict[str, Tally] = field(default_factory=dict)
    failure: str = ""

    def take(self, event: Event, now: float) -> None:
        match event:
            case PhaseStarted(name, seconds_left):
                self.phase, self.started, self.seconds_left = name, now, seconds_left
                self.tallies, self.failure = {}, ""
            case TrialStarted(architecture, trial):
                tally = self.tallies.get(architecture, Tally())
                self.tallies[architecture] = replace(tally, running=tally.running | {trial})
            case TrialFinished():
                self.tallies[event.architecture] = _counted(self.tallies.get(event.architecture, Tally()), event)
                if event.error is None:
                    self.failure = _name_and_reason(event)
            case PhaseFinished():
                self.phase, self.tallies = "", {}


class Progress:
    """A callback for the events of a run, and a context manager that puts the terminal back in order.

    On a terminal, and inside `with`, a table is redrawn four times a second; otherwise each event is a plain line
    at most. NO_COLOR is honoured. `quiet` shows nothing.

    Example:
        with Progress(sys.stderr, quiet=False) as progress:
            progress(Said("Reading data.csv"))
    """

    def __init__(self, stream: TextIO, quiet: bool, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._quiet = quiet
        self._seen = Seen()
        self._lock = RLock()  # the refreshing thread reads what the run's thread writes
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live = Live(
                console=self._console,
                get_renderable=self.display,
                refresh_per_second=REFRESHES_PER_SECOND,
                transient=True,
                redirect_stdout=False,  # results go there
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def __call__(self, event: Event) -> None:
        if self._quiet:
            return
        now = self._clock()
        with self._lock:
            line = self._line(event, now)
            self._seen.take(event, now)
        if line and (self._live is None or isinstance(event, Said | PhaseFinished)):
            self._console.print(Text(line), soft_wrap=True)

    def display(self) -> Group:
        """What the terminal shows now."""
        with self._lock:
            seen = self._seen
            if not seen.phase:
                return Group()
            parts: list[Table | Text] = [Text(_heading(seen, self._clock() - seen.started), style="bold")]
            if seen.tallies:
                parts.append(_tallies(seen.tallies))
            if seen.failure:
                parts.append(Text(f"last failure: {seen.failure}", style="yellow", no_wrap=True, overflow="ellipsis"))
            return Group(*parts)

    def _line(self, event: Event, now: float) -> str:
        """The event as a plain line; empty when it is not worth one."""
        seconds = f"{self._seen.phase}  {now - self._seen.started:.0f} s"
        match event:
            case Said(text):
                return text
            case PhaseStarted(name, seconds_left):
                return f"{name}  started" + ("" if seconds_left is None else f", {duration(seconds_left)} left for it")
            case TrialStarted():
                return ""
            case TrialFinished(error=None):
                return f"{seconds}  {_name_and_reason(event)}  ({event.seconds:.1f} s)"
            case TrialFinished():
                best = f"error {number(event.error)}  best {number(event.best)}"
                return f"{seconds}  {event.architecture}-{event.number}  {best}  ({event.seconds:.1f} s)"
            case PhaseFinished(name, taken):
                return f"{name}  done in {duration(taken)}"


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `2 min 05 s`, `1 h 02 min`."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _counted(tally: Tally, event: TrialFinished) -> Tally:
    failed = event.error is None
    return Tally(
        done=tally.done + (not failed),
        failed=tally.failed + failed,
        running=tally.running - {event.number},
        best=tally.best if event.best is None else event.best,
    )


def _name_and_reason(event: TrialFinished) -> str:
    return f"{event.architecture}-{event.number}  {event.state.lower()}: {event.reason or 'no reason given'}"


def _heading(seen: Seen, elapsed: float) -> str:
    left = "" if seen.seconds_left is None else f"  {duration(seen.seconds_left - elapsed)} left"
    return f"{seen.phase}  {duration(elapsed)}{left}"


def _tallies(tallies: dict[str, Tally]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("architecture", "done", "failed", "running", "best so far"):
        table.add_column(heading, justify="left" if heading == "architecture" else "right")
    lowest = min((each.best for each in tallies.values() if each.best is not None), default=None)
    for name, tally in tallies.items():
        style = "green" if tally.best is not None and tally.best == lowest else ""
        counts = [str(each) if each else "" for each in (tally.done, tally.failed, len(tally.running))]
        table.add_row(Text(name), *counts, number(tally.best), style=style)
    return table
