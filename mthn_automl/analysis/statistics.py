"""How sure a number or a difference is: paired tests, correction for many of them, bootstrap intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.metrics.parts.scores import Means, Scores, first
from mthn_automl.data.scoring import Metric, error_by_task

CONFIDENCE: Final = 0.95
FEWEST_RESAMPLES: Final = 100
CELLS_AT_A_TIME: Final = 2_000_000  # of a (resamples, n) block: 16 MB of weights
NOT_KNOWN: Final = float("nan")


@dataclass(frozen=True)
class Paired:
    """A paired comparison; NaN where unknown.

    Attributes:
        difference: the mean.
        low, high: its 95 % interval.
        p_value: two-sided, of no difference.
    """

    difference: float
    low: float
    high: float
    p_value: float


def corrected_resampled_t_test(differences: FloatArray | Sequence[float], test_share: float) -> Paired:
    """Whether two methods differ, from paired errors on resamples that share training rows.

    The variance of the mean is variance * (1/J + test_share) with J - 1 degrees of freedom, after Nadeau and
    Bengio, Inference for the Generalization Error, Machine Learning 52 (2003).

    Args:
        differences: (J,) one a resample; fewer than two, or one that is not finite, leave the interval unknown.
        test_share: test rows over training rows of one resample: 1 / (K - 1) for K folds.

    Where all differences are the same, p is 1 if that is zero, and else 0: nothing speaks for chance.
    """
    values = np.asarray(differences, dtype=np.float64).ravel()
    mean = float(values.mean()) if len(values) else NOT_KNOWN
    if len(values) < 2 or not np.isfinite(values).all():
        return Paired(mean, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN)
    error = float(np.sqrt(values.var(ddof=1) * (1 / len(values) + test_share)))
    if error == 0:
        return Paired(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    from scipy.stats import t  # half a second to import

    reach = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    p_value = float(2 * t.sf(abs(mean) / error, len(values) - 1))
    return Paired(mean, mean - reach, mean + reach, p_value)


def holm(p_values: FloatArray | Sequence[float]) -> FloatArray:
    """p-values, (m,), corrected for their number by Holm's step-down procedure (1979); NaN stays and is not counted."""
    values = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    adjusted = np.full(len(values), np.nan)
    raised = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted


def bootstrap_interval(
    metric: Metric,
    target: FloatArray,
    prediction: FloatArray,
    task: IntArray,
    average: Literal["rows", "tasks"],
    *,
    seed: int,
    weight: FloatArray | None = None,
    unit: IntArray | None = None,
    resamples: int = 1000,
    limit: int = 20_000_000,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval (Efron 1979) of an error.

    Args:
        target, prediction, task: (n, d), (n, outputs), (n,).
        average: "rows" resamples rows and pools them; "tasks" resamples tasks and averages their own errors.
        weight: (n,) what each row counts when it is drawn; None: all count alike.
        unit: (n,) of rows that were held out together, such as those of a group or a task, which are drawn together
            where rows are pooled; None: each row is drawn by itself.
        limit: draws in all; beyond it fewer resamples are taken, never below 100.

    Returns:
        (low, high); NaN with fewer than two units, or two tasks whose error is defined.
    """
    scores: Scores
    units = None
    if average == "rows":
        scores, count = metric.prepare(target, prediction, weight), len(target)
        units = None if unit is None else np.unique(unit, return_inverse=True)[1]
    else:
        errors = error_by_task(metric, target, prediction, task, weight)
        defined = errors[~np.isnan(errors)]
        scores, count = Means(defined[:, None], first), len(defined)
    if count < 2 or (units is not None and units.max() == 0):
        return NOT_KNOWN, NOT_KNOWN
    taken = _taken(count, resamples, limit)
    return _percentiles(_resampled(scores, count, units, taken, np.random.default_rng(seed)))


def bootstrap_difference(
    before: Scores,
    after: Sequence[Scores],
    count: int,
    *,
    seed: int,
    unit: IntArray | None = None,
    resamples: int = 1000,
    limit: int = 20_000_000,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean error of several repeats less the error before.

    A resample draws rows, the same of all predictions, and as many repeats as there are, both with replacement.

    Args:
        before, after: of the same rows.
        count: of these.
        unit: (rows,) of rows that are drawn together, such as those of a task; None: each is drawn by itself.
        seed, resamples, limit: as of `bootstrap_interval`.

    Returns:
        (low, high); NaN with fewer than two units.
    """
    units = None if unit is None else np.unique(unit, return_inverse=True)[1]
    if count < 2 or (units is not None and units.max() == 0):
        return NOT_KNOWN, NOT_KNOWN
    rng, repeats, found = np.random.default_rng(seed), len(after), []
    for weights in _blocks(count, units, _taken(count, resamples, limit), rng):
        at_first = before.weighted(weights)
        grown = np.stack([each.weighted(weights) - at_first for each in after], axis=1)
        drawn = rng.integers(repeats, size=grown.shape)
        found.append(np.take_along_axis(grown, drawn, axis=1).mean(axis=1))
    return _percentiles(np.concatenate(found))


def _taken(count: int, resamples: int, limit: int) -> int:
    return min(resamples, max(limit // count, FEWEST_RESAMPLES))


def _resampled(
    scores: Scores, count: int, units: IntArray | None, resamples: int, rng: np.random.Generator
) -> FloatArray:
    """(resamples,) errors, a block of resamples at a time so that memory stays bounded."""
    return np.concatenate([scores.weighted(each) for each in _blocks(count, units, resamples, rng)])


def _blocks(count: int, units: IntArray | None, resamples: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """(some, count) how often each is drawn in some of the resamples."""
    block = max(CELLS_AT_A_TIME // count, 1)
    for size in (min(block, resamples - start) for start in range(0, resamples, block)):
        yield _weights(size, count, rng) if units is None else _weights(size, int(units.max()) + 1, rng)[:, units]


def _weights(resamples: int, count: int, rng: np.random.Generator) -> FloatArray:
    """(resamples, count) how often each row, or unit, is drawn, in `count` draws with replacement."""
    drawn = rng.integers(count, size=(resamples, count))
    drawn += count * np.arange(resamples)[:, None]
    times = np.bincount(drawn.ravel(), minlength=resamples * count)
    return times.reshape(resamples, count).astype(np.float64)


def _percentiles(errors: FloatArray) -> tuple[float, float]:
    defined = errors[~np.isnan(errors)]
    if len(defined) == 0:
        return NOT_KNOWN, NOT_KNOWN
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
