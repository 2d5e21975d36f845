"""The time limit of a run, and how much of it is kept for what follows the search."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mthn_automl.tuning.results import TrialResult

VARIANTS_FITTED = 4
TABLES_AND_FIGURES = 5.0
"""Seconds of drawing and saving, which hardly depend on the data."""

LEAST_SHARE, MOST_SHARE = 0.06, 0.45


@dataclass(frozen=True)
class Clock:
    """Seconds of the run; `before` were spent by earlier sessions. limit: None means none."""

    started: float
    before: float
    limit: float | None

    @classmethod
    def start(cls, limit: float | None, before: float = 0.0) -> "Clock":
        return cls(time.time(), before, limit)

    def elapsed(self) -> float:
        return self.before + time.time() - self.started

    def ends(self) -> float | None:
        """Seconds since the epoch at which the run must be over."""
        return None if self.limit is None else self.started + self.limit - self.before

    def left(self) -> float | None:
        ends = self.ends()
        return None if ends is None else max(0.0, ends - time.time())


def refit_seconds(best: TrialResult) -> float:
    """What a refit is likely to take: one fold's share of the trial, with more rows and up to all of its epochs."""
    folds = max(len(best.fold_errors), 1)
    return best.seconds * (0.5 if best.best_epochs and folds > 1 else 1.5 / folds)


def ablation_seconds(best: TrialResult) -> float:
    """One variant is a trial again."""
    return 1.2 * best.seconds


def reserve(
    limit: float, best: Sequence[TrialResult], ablated: TrialResult | None, workers: int, start_seconds: float
) -> float:
    """Seconds to keep for refits, ablation and report, from what the best trials took.

    start_seconds: until fresh worker processes are at work.
    """
    fits = sum(refit_seconds(each) for each in best)
    if ablated is not None:
        fits += VARIANTS_FITTED * ablation_seconds(ablated)
    wanted = fits / workers + start_seconds + TABLES_AND_FIGURES
    return min(max(wanted, LEAST_SHARE * limit), MOST_SHARE * limit)


def equal_share(seconds: float | None, fits: int, workers: int) -> float | None:
    """Seconds for each of several like fits that run on `workers` at once and must be over within `seconds`."""
    return None if seconds is None else max(0.5, seconds * workers / fits)
