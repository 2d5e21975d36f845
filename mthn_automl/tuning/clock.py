"""The time limit of a run, and how much of it is kept for what follows the search."""

import math
import time
from dataclasses import dataclass

from mthn_automl.tuning.results import TrialResult

VARIANTS_FITTED, FOR_VERDICT = 4, 2
"""Ablation fits of the whole metadata, and those of them that give the verdict."""

VERDICT_MARGIN = 1.5
"""Times what they should take that the fits of the verdict may: one that is cut gave nothing, and variants differ."""

TABLES_AND_FIGURES, SLOWEST = 9.0, 3.0
"""Seconds of drawing and saving, at the least, and times as many at the most."""

LEAST_SHARE, MOST_SHARE, VERDICT_SHARE = 0.05, 0.25, 1 / 3
"""Of a run, what is kept for all that follows the search, and the most where that is enough for a verdict."""

SHORT, MORE_SHARE = 120.0, 0.1
"""Of what a run has beyond so many seconds, the share that is kept for ablation fits which give no verdict: shorter
ones need all their time for the search."""


@dataclass
class WorkerStart:
    """How long fresh workers take to set to work, which the search measures and the ablation reckons with.

    Attributes:
        seconds: until the first trial of the search had a worker at work; 0 before.
    """

    seconds: float = 0.0


@dataclass
class WorkerSeconds:
    """What the workers of this session's search were busy with.

    Attributes:
        all: seconds from the beginning of a trial's work to its end, of all trials.
        lost: those of trials that gave nothing because of a clock.
    """

    all: float = 0.0
    lost: float = 0.0


class Stopwatch:
    """When workers set to work on the trials of a search, and for how long.

    made: when it was, in seconds since the epoch. begun: likewise, of each trial at work, by name.
    """

    def __init__(self, worker_start: WorkerStart, worker_seconds: WorkerSeconds) -> None:
        """worker_start, worker_seconds: of the session, which are kept up."""
        self.worker_start, self.worker_seconds = worker_start, worker_seconds
        self.made = time.time()
        self.begun: dict[str, float] = {}

    def begin(self, name: str) -> None:
        """A worker has set to work on a trial."""
        self.begun[name] = time.time()
        self.worker_start.seconds = self.worker_start.seconds or self.begun[name] - self.made

    def taken(self, name: str) -> float:
        """Seconds since a worker set to work on a trial; 0 where none did, or the trial is over."""
        return time.time() - self.begun[name] if name in self.begun else 0.0

    def end(self, name: str, *, lost: bool = False) -> None:
        """A trial is over, of which only the first telling counts. lost: it gave nothing because of a clock."""
        taken = self.taken(name)
        self.begun.pop(name, None)
        self.worker_seconds.all += taken
        self.worker_seconds.lost += taken if lost else 0.0


@dataclass(frozen=True)
class Clock:
    """The seconds of a run, over all its sessions.

    Attributes:
        started: when this session began, in seconds since the epoch.
        before: seconds that earlier sessions took.
        limit: seconds that all sessions may take together; None: no limit.
    """

    started: float
    before: float
    limit: float | None

    def elapsed(self) -> float:
        return self.before + time.time() - self.started

    def ends(self) -> float | None:
        """Seconds since the epoch at which the run must be over."""
        return None if self.limit is None else self.started + self.limit - self.before

    def share(self) -> float | None:
        """Seconds of the limit that are this session's."""
        return None if self.limit is None else self.limit - self.before

    def left(self) -> float | None:
        unused = self.unused()
        return None if unused is None else max(0.0, unused)

    def unused(self) -> float | None:
        """Seconds of the limit that are left, below 0 where it is exceeded."""
        ends = self.ends()
        return None if ends is None else ends - time.time()


def ablation_seconds(best: TrialResult) -> float:
    """One variant is a trial again."""
    return 1.2 * best.seconds


def tables_and_figures(start_seconds: float) -> float:
    """Seconds of drawing and saving, which hardly depend on the data.

    start_seconds: until fresh worker processes are at work. They, too, do little but load libraries, so that they tell
    how slow the machine is; on a cluster they may wait for a node, too, which says nothing of it.
    """
    return min(max(TABLES_AND_FIGURES, start_seconds), SLOWEST * TABLES_AND_FIGURES)


def reserve(
    limit: float, ablated: TrialResult | None, workers: int, start_seconds: float, *, more: int = 0, beside: float = 0.0
) -> float:
    """Seconds to keep for what follows the search, from what the best trial of the ablation's first architecture took.

    A quarter of the run at the most, or a third where that is what the metadata's verdict takes.

    Args:
        start_seconds: until fresh worker processes are at work.
        more: fits beyond those that give the verdict, of which a long run keeps time for some.
        beside: seconds of what follows the search but ablation, tables and figures.
    """
    end = tables_and_figures(start_seconds) + beside
    if ablated is None:
        return min(max(end, LEAST_SHARE * limit), MOST_SHARE * limit)
    fit, end = ablation_seconds(ablated), end + start_seconds
    verdict, variants = (turns(fits, workers) * fit for fits in (FOR_VERDICT, VARIANTS_FITTED))
    wanted = end + variants + min(more * fit / workers, MORE_SHARE * max(0.0, limit - SHORT))
    most, third = MOST_SHARE * limit, VERDICT_SHARE * limit
    if end + verdict <= third:
        most = max(most, min(end + VERDICT_MARGIN * verdict, third))
    return min(max(wanted, LEAST_SHARE * limit), most)


def turns(fits: int, workers: int) -> int:
    """How many fits the busiest of `workers` makes of so many."""
    return math.ceil(fits / workers)


def equal_share(seconds: float | None, fits: int, workers: int) -> float | None:
    """Seconds for each of several like fits that run on `workers` at once and must be over within `seconds`."""
    return None if seconds is None else max(0.5, seconds / turns(fits, workers))
