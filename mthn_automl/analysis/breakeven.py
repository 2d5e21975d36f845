"""From how many rows of a task a model of its own beats the answer, which shares among tasks."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from mthn_automl.analysis.statistics import CONFIDENCE, holm
from mthn_automl.data.arrays import FloatArray, IntArray

FEWEST_TASKS: Final = 20
FEWEST_IN_A_PART: Final = 8
"""Tasks that a mean is tested of."""

SIZES_APART: Final = 2.0
"""Times that the larger tasks must have the rows of the smaller ones: by the tenth and the ninetieth percentile."""

PARTS: Final = (0.25, 0.5, 0.75)
"""Shares of the tasks, by their rows, at which the smaller ones are told from the larger ones in tests."""

RESAMPLES: Final = 200
DRAWN: Final = 0.75
"""Of the tasks, in a resample: of the place where a sum is largest, one of as many as there are is too sure."""

SIGNIFICANT: Final = 0.05

Verdict = Literal["crossing", "own", "shared", "not shown", "too few tasks", "one size"]


@dataclass(frozen=True)
class Breakeven:
    """What can be told.

    Attributes:
        verdict: `crossing`: below `rows` the answer is shown to be better, and above a model of the task's own; `own`,
            `shared`: one of them alone is shown to be better, over tasks with at least, or at most, `rows`; `not
            shown`: neither is; or why it cannot be told.
        tasks: that were compared.
        most: rows of the largest of them.
        rows: None where neither is shown to be better anywhere.
        low, high: of a crossing, the 95 % percentile interval of a bootstrap over tasks, which draws fewer of them than
            there are (Bickel, Götze and van Zwet 1997).
    """

    verdict: Verdict
    tasks: int
    most: int = 0
    rows: float | None = None
    low: float | None = None
    high: float | None = None


def breakeven(tasks: pd.DataFrame, *, seed: int = 0) -> Breakeven:
    """Find where the sign of the mean advantage changes, if that is shown to happen at all.

    That larger tasks are served better by models of their own is tested over the larger half and the like, chosen
    before looking, by t-tests with Holm's correction (at most 5 % false claims); the same of the smaller tasks. Only
    where both are shown is there a crossing. It is taken where a fit that falls with the rows, of whatever form, passes
    zero: where the cumulated advantage, from the smallest task on, is largest.

    Args:
        tasks: as in `tasks.csv`.
        seed: of the bootstrap.
    """
    rows, gained = advantages(tasks)
    if len(rows) < FEWEST_TASKS:
        return Breakeven("too few tasks", len(rows))
    small, large = np.quantile(rows, [0.1, 0.9])
    if large < SIZES_APART * small:
        return Breakeven("one size", len(rows), int(rows.max()))
    cuts = [int(np.quantile(rows, part)) for part in PARTS]
    heads = [(cut, gained[rows <= cut]) for cut in (*cuts, int(rows.max()))]
    tails = [(cut, -gained[rows > cut]) for cut in (0, *cuts)]
    shared, own = (_shown(parts) for parts in (heads, tails))
    most = int(rows.max())
    if shared and own:
        low, high = _interval(rows, gained, seed)
        return Breakeven("crossing", len(rows), most, _crossing(rows, gained), low, high)
    if own:
        return Breakeven("own", len(rows), most, float(rows[rows > min(own)].min()))
    if shared:
        return Breakeven("shared", len(rows), most, float(max(shared)))
    return Breakeven("not shown", len(rows), most)


def advantages(tasks: pd.DataFrame) -> tuple[IntArray, FloatArray]:
    """Rows of the tasks that both have predicted, ascending, and how far the answer is ahead.

    That is (own_error - error) / (own_error + error), in [-1, 1], above zero where the answer is better: it is the same
    in whatever units the targets of a task are, and both ways round.
    """
    kept = tasks[tasks["error"].notna() & tasks["own_error"].notna()].sort_values("rows", kind="stable")
    error, own = kept["error"].to_numpy(dtype=np.float64), kept["own_error"].to_numpy(dtype=np.float64)
    total = own + error
    return kept["rows"].to_numpy(dtype=np.int64), np.divide(
        own - error, total, out=np.zeros_like(total), where=total > 0
    )


def _shown(parts: list[tuple[int, FloatArray]]) -> list[int]:
    """Cuts of the parts whose mean is shown to be above zero, by one-sided t-tests."""
    from scipy.stats import t  # half a second to import

    tested = [(cut, values) for cut, values in parts if len(values) >= FEWEST_IN_A_PART and np.ptp(values) > 0]
    if not tested:
        return []
    counts = np.array([len(values) for _, values in tested])
    means, deviations = np.array([(values.mean(), values.std(ddof=1)) for _, values in tested]).T
    p_values = holm(np.asarray(t.sf(means / deviations * np.sqrt(counts), counts - 1)))
    return [cut for (cut, _), p_value in zip(tested, p_values, strict=True) if p_value < SIGNIFICANT]


def _crossing(rows: IntArray, gained: FloatArray) -> float:
    """Between the last size at which the answer is ahead and the next; rows ascend."""
    last = np.flatnonzero(np.diff(rows, append=rows[-1] + 1))
    ahead = np.concatenate([[0.0], np.cumsum(gained)[last]])
    best = int(ahead.argmax())
    sizes = rows[last]
    if best == 0:
        return float(sizes[0])
    return float(np.sqrt(sizes[best - 1] * sizes[best])) if best < len(sizes) else float(sizes[-1])


def _interval(rows: IntArray, gained: FloatArray, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    size = int(DRAWN * len(rows))
    drawn = (np.sort(rng.integers(len(rows), size=size)) for _ in range(RESAMPLES))
    found = [_crossing(rows[each], gained[each]) for each in drawn]
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
