"""By how much an error grows where a model is not told something, with intervals."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.analysis.statistics import bootstrap_difference
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import Metric

COLUMNS: Final = ("name", "kind", "importance", "low", "high", "error", "error_without", "repeats", "rows")
DRAWS_BY_TASK: Final = 20_000_000
FEWEST_RESAMPLES, MOST_RESAMPLES = 100, 1000


def importance(
    metric: Metric,
    rows: Dataset,
    before: FloatArray,
    after: Sequence[FloatArray],
    *,
    seed: int,
    unit: IntArray | None = None,
    resamples: int = MOST_RESAMPLES,
    limit: int = 20_000_000,
) -> dict[str, Any]:
    """One line of the table, without its name: the mean error of the repeats less the error before.

    Args:
        metric: in whose unit it is.
        rows: with targets and weights.
        before: (rows, outputs) predictions.
        after: the same of each repeat, without what is in question.
        seed, unit, resamples, limit: of the bootstrap, which draws rows and repeats; see `bootstrap_difference`.
    """
    target, weight = rows.target, rows.weight
    error = metric.function(target, before, weight)
    grown = np.mean([metric.function(target, each, weight) - error for each in after])
    prepared = [metric.prepare(target, each, weight) for each in (before, *after)]
    low, high = bootstrap_difference(
        prepared[0], prepared[1:], len(rows), seed=seed, unit=unit, resamples=resamples, limit=limit
    )
    return {
        "importance": float(grown),
        "low": low,
        "high": high,
        "error": error,
        "error_without": float(error + grown),
        "repeats": len(after),
        "rows": len(rows),
    }


def by_task(
    metric: Metric, rows: Dataset, before: FloatArray, after: Sequence[FloatArray], *, seed: int
) -> Iterator[dict[str, Any]]:
    """The same for each task, over its rows, which are drawn one by one."""
    order = np.argsort(rows.task, kind="stable")
    present, first = np.unique(rows.task[order], return_index=True)
    resamples = int(np.clip(100_000 // len(present), FEWEST_RESAMPLES, MOST_RESAMPLES))
    for task, some in zip(present.tolist(), np.split(order, first[1:]), strict=True):
        asked, limit = rows.take(some), DRAWS_BY_TASK * len(some) // len(rows)
        of_task = [each[some] for each in after]
        line = importance(
            metric, asked, before[some], of_task, seed=seed, unit=asked.group, resamples=resamples, limit=limit
        )
        yield {"task": rows.tasks.names[task], **line}


ALIKE: Final = 0.8
"""Rank correlation, of either sign, from which on columns are told together, too."""


def correlated(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Columns of numbers that hang together by rank correlations (Spearman) of at least 0.8, two or more in each.

    Permuted alone, one of them leaves what it says to the others, and makes rows that cannot be.
    """
    if table.shape[1] < 2 or len(table) < 3:
        return []
    ranks = table.rank()
    near = ranks.corr(min_periods=3).abs().to_numpy() >= ALIKE
    from scipy.sparse.csgraph import connected_components  # half a second to import

    _, label = connected_components(near, directed=False)
    groups = [tuple(table.columns[label == each]) for each in range(int(label.max()) + 1)]
    return [each for each in groups if len(each) > 1]
