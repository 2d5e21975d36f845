"""Whether intervals hold as often as they say, and probabilities as they say, on rows that nothing was chosen by."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray

LEAST_COVERED = 5
"""Tasks that are told by name."""

BINS = 15
"""Of equal width, as Guo et al. 2017 have them."""


def coverage(
    level: float,
    low: FloatArray,
    high: FloatArray,
    target: FloatArray,
    task: IntArray,
    names: Sequence[str],
    known_tasks: int,
) -> dict[str, Any]:
    """JSON-like: coverage over rows, of each target, of tasks known and never seen, and of the least covered tasks.

    Args:
        level: that was asked for.
        low, high, target: (rows, targets), targets NaN where missing; such rows are not counted.
        task: (rows,) numbers of the tasks, of which those from `known_tasks` on were never seen.
        names: of all tasks.
    """
    there = ~np.isnan(target)
    inside = (low <= target) & (target <= high)  # never of one that is missing
    count, hits = there.sum(axis=1), inside.sum(axis=1)
    new = task >= known_tasks
    return {
        "level": level,
        "rows": int(count.sum()),
        "coverage": _share(hits, count),
        "by_target": [_share(inside[:, index], there[:, index]) for index in range(target.shape[1])],
        "mean_width": [
            float((high - low)[there[:, index], index].mean()) if there[:, index].any() else None
            for index in range(target.shape[1])
        ],
        "known_tasks": _share(hits[~new], count[~new]),
        "new_tasks": _share(hits[new], count[new]),
        "least_covered_tasks": _least_covered(level, hits, count, task, names),
    }


def _share(hits: np.ndarray, count: np.ndarray) -> float | None:
    """Of what is counted; None where nothing is."""
    return float(hits.sum() / count.sum()) if count.any() else None


def _least_covered(
    level: float, hits: IntArray, count: IntArray, task: IntArray, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Those that lack most of the level, in standard errors of their rows: one row missed of one is chance."""
    rows, inside = np.bincount(task, count), np.bincount(task, hits)
    tasks = np.flatnonzero(rows)
    least = tasks[np.argsort((inside[tasks] - level * rows[tasks]) / np.sqrt(rows[tasks]), kind="stable")]
    return [
        {"task": names[each], "rows": int(rows[each]), "coverage": inside[each] / rows[each]}
        for each in least[:LEAST_COVERED]
    ]


def expected_calibration_error(probability: FloatArray, target: FloatArray, weight: FloatArray | None = None) -> float:
    """How far the probability of the likeliest class is from how often it is true: the mean over bins of it.

    Args:
        probability: (rows, classes).
        target: (rows, 1) indices of classes.
        weight: (rows,) what each row counts; None: all count alike.
    """
    share = np.ones(len(target)) if weight is None else weight
    bold = probability.max(axis=1)
    right = probability.argmax(axis=1) == target[:, 0]
    place = np.minimum((bold * BINS).astype(np.int64), BINS - 1)
    return float(np.abs(np.bincount(place, share * (bold - right), BINS)).sum() / share.sum())
