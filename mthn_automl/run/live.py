"""`--live`: a watcher beside whom a process keeps up a page of the search, which must never be the search's undoing."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from mthn_automl.errors import Terminated
from mthn_automl.report.drawing import PAGE, environment
from mthn_automl.report.live.told import PROCESS, STOP, Told
from mthn_automl.report.page.banner import end_live_page
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.prepare import Prepared
from mthn_automl.tuning.events import Event, PhaseStarted, Said, Watcher

PATIENCE: Final = 5.0
"""Seconds in which the process must have heard that it is over."""

FIRST, DRAWING = "search", "figures"
"""Phases: in which there is something to be seen, and in which the whole page takes its place."""


@dataclass(frozen=True)
class Shown:
    """What the page tells beside events.

    Attributes:
        prepared: its metric and its alarms.
        average: what errors are averages over, `rows` or `tasks`.
        started: when the session began, in seconds since the epoch.
    """

    prepared: Prepared
    average: str
    started: float


class LivePage:
    """Passes events on, and has the page made from the beginning of the search to that of the figures.

    Inside `with`, a session that ends without a whole page leaves one that says how it ended. What cannot be done, for
    want of room perhaps, is said once.
    """

    def __init__(self, folder: RunFolder, watcher: Watcher, shown: Shown) -> None:
        self._folder, self._watcher, self._shown = folder, watcher, shown
        self._process: subprocess.Popen[bytes] | None = None
        self._has_said = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        with suppress(OSError, ValueError):
            end_live_page(self._folder.page, _why(error))

    def __call__(self, event: Event) -> None:
        begins = event.name if isinstance(event, PhaseStarted) else ""
        if begins == DRAWING:
            self._stop()
        self._watcher(event)
        if begins == FIRST:
            self._start()
        self._listen()

    def _start(self) -> None:
        shown, folder = self._shown, self._folder
        told = Told(
            page=str(folder.page.resolve()),
            events=str(folder.events.resolve()),
            name=folder.path.resolve().name,
            metric=shown.prepared.metric,
            average=shown.average,
            started=shown.started,
            alarms=tuple(each.sentence for each in shown.prepared.alarms[0]),
        )
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", PROCESS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                start_new_session=True,  # the terminal's signals are the search's alone
            )
            assert self._process.stdout is not None
            os.set_blocking(self._process.stdout.fileno(), False)
            self._tell(self._process, told.line())
        except OSError as error:
            self._say(str(error))
            return
        self._watcher(Said(f"{self._folder.page} shows how the search goes, and refreshes itself in a browser."))

    def _listen(self) -> None:
        """Whether the process has something to complain of, or has gone."""
        if self._process is None or self._has_said:
            return
        complaint = _complaint(self._process)
        if not complaint and self._process.poll() is not None:
            complaint = f"its process ended with code {self._process.returncode}"
        if complaint:
            self._say(complaint)

    def _say(self, reason: str) -> None:
        if not self._has_said:
            self._has_said = True
            told = f"The page that is shown meanwhile is not kept up: {reason.removesuffix('.')}"
            self._watcher(Said(f"{told}; the search goes on."))

    def _stop(self) -> None:
        """Behind this, nobody but this process writes the page."""
        running, self._process = self._process, None
        if running is None:
            return
        self._tell(running, STOP)
        try:
            running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            for part in self._folder.path.glob(f".{PAGE}.*"):  # which it may have been writing
                part.unlink(missing_ok=True)
        complaint = _complaint(running)
        if complaint:
            self._say(complaint)
        for stream in (running.stdin, running.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    @staticmethod
    def _tell(process: "subprocess.Popen[bytes]", line: str) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()


def _complaint(process: "subprocess.Popen[bytes]") -> str:
    """The first line of what it has said since it was last asked."""
    assert process.stdout is not None
    said: bytes | None = process.stdout.read()  # never waits
    return said.decode(errors="replace").splitlines()[0] if said else ""


def _why(error: BaseException | None) -> str:
    """What the page says where the session leaves no whole one."""
    match error:
        case None:
            return "The search is over; its page could not be drawn, and `mthn-automl report` draws it."
        case KeyboardInterrupt() | Terminated():
            return "The search was interrupted; `mthn-automl resume` goes on with it."
    return f"The search has ended: {error}"
