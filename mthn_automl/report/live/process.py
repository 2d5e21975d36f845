"""The process that keeps up the page of a search that runs, beside it, so that no drawing library can end the search.

python -P -m mthn_automl.report.live.process < what `run.live` tells it

It reads what the search writes to `events.jsonl`, and hears of it on stdin: one JSON object at first, and `stop` at the
end. An end without that word is that of a search that was killed, which the page then says.
"""

import select
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from mthn_automl.report.live.page import live_page
from mthn_automl.report.live.so_far import SoFar
from mthn_automl.report.live.told import STOP, Told
from mthn_automl.report.page.banner import end_live_page
from mthn_automl.storage import write_text

EVERY: Final = 10.0
"""Seconds between two pages at the least, which is as often as a browser asks for them."""

SHARE: Final = 0.02
"""Of the time of the run, which making pages may take of a processor; the first with a trial is made at once."""

LOOKS_EVERY: Final = 0.5
KILLED: Final = "The search was killed, or its machine went down; `mthn-automl resume` goes on with it."


@dataclass
class Pace:
    """When the next page is due.

    Attributes:
        begun: when the first was asked for; `now` is by the same clock everywhere.
        written: when the last was made; None: none has been.
        with_trials: whether that told of a trial.
        spent: seconds of a processor on all but the first with a trial.
    """

    begun: float
    written: float | None = None
    with_trials: bool = False
    spent: float = 0.0

    def due(self, now: float, *, trials: bool) -> bool:
        """trials: whether there is any to tell of."""
        if self.written is None or (trials and not self.with_trials):
            return True
        return now - self.written >= EVERY and self.spent <= SHARE * (now - self.begun)

    def made(self, now: float, spent: float, *, trials: bool) -> None:
        """A page has been made, which took so many seconds of a processor."""
        if self.with_trials:
            self.spent += spent
        self.written, self.with_trials = now, trials


def main() -> None:
    """Make pages until told to stop."""
    stdin = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
    told = Told.of(stdin.readline())  # unbuffered: what follows is left for `select` to see
    path, so_far, pace = Path(told.page), SoFar(Path(told.events), told.started), Pace(time.monotonic())
    while (word := _heard(stdin)) is None:
        try:
            so_far.read_on()
            trials = bool(so_far.trials)
            if pace.due(time.monotonic(), trials=trials):
                spent = time.process_time()
                write_text(path, live_page(told, so_far, time.time()), on_disk=False)
                pace.made(time.monotonic(), time.process_time() - spent, trials=trials)
        except OSError as error:
            sys.stdout.write(f"{error}\n")
            sys.stdout.flush()
            pace.made(time.monotonic(), 0.0, trials=pace.with_trials)
    if word != STOP:
        with suppress(OSError):
            end_live_page(path, KILLED)


def _heard(stdin: IO[bytes]) -> str | None:
    """A word of the search, empty where it has gone; None where it has said nothing for a moment."""
    ready, _, _ = select.select([stdin], [], [], LOOKS_EVERY)
    return stdin.readline().decode().strip() if ready else None


if __name__ == "__main__":
    main()
