"""What a run is doing, on stderr: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self, TextIO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from mthn_automl.report.live_table import drawn
from mthn_automl.report.tally import Seen
from mthn_automl.report.wording import digits, duration, reason_of, workers_text
from mthn_automl.terminal import inert
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

REFRESHES_PER_SECOND: Final = 4


class _Lossy:
    """A stream whose failures are nobody's: whoever looked at the progress has gone, and the run goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


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
        self._console = Console(
            file=cast("TextIO", _Lossy(stream)), highlight=False, markup=False, emoji=False, soft_wrap=True
        )
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
            self._console.print(Text(inert(line)), soft_wrap=True)

    def display(self) -> Group:
        """What the terminal shows now."""
        with self._lock:
            elapsed = self._clock() - self._seen.started
            return drawn(self._seen, elapsed, self._console.width, self._console.height)

    def _line(self, event: Event, now: float) -> str:
        """The event as a plain line; empty when it is not worth one."""
        seconds = f"{self._seen.phase}  {now - self._seen.started:.0f} s"
        match event:
            case Said(text):
                return text
            case PhaseStarted(name, seconds_left):
                return f"{name}  started" + ("" if seconds_left is None else f", {duration(seconds_left)} left for it")
            case TrialStarted() | TrialAtRung():
                return ""
            case TrialFinished():
                return f"{seconds}  {event.architecture}-{event.number}  {_end(event)}  ({event.seconds:.1f} s)"
            case WorkersSeen():
                return f"{seconds}  {workers_text(event)}" if self._seen.phase else workers_text(event)
            case PhaseFinished(name, taken):
                return f"{name}  done in {duration(taken)}"


def _end(event: TrialFinished) -> str:
    """How a trial ended."""
    match event.state:
        case "COMPLETE":
            beside = f"  {reason_of(event)}" if event.reason else ""
            return f"error {digits(event.error)}  best {digits(event.best)}{beside}"
        case "PRUNED":
            return f"stopped: {reason_of(event)}"
        case state:
            ending = event.ending if event.ending in ("lost", "abandoned") else state.lower()
            return f"{ending}: {reason_of(event)}"
