"""How sure a number or a difference is: paired tests, correction for many of them, bootstrap intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mthn_automl.analysis.studentised import (
    interval_of_area,
    interval_of_share,
    of_units,
    side_by_side,
    studentised_interval,
)
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.metrics.parts.scores import Means, Ranks, Scores, first
from mthn_automl.data.scoring import Metric, error_by_task

CONFIDENCE: Final = 0.95
FEWEST_RESAMPLES: Final = 100
FEWEST_RANKED: Final = 6
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

    Where all differences are the same there is no variance, and p is that of `alike`.
    """
    values = np.asarray(differences, dtype=np.float64).ravel()
    mean = float(values.mean()) if len(values) else NOT_KNOWN
    if len(values) < 2 or not np.isfinite(values).all():
        return Paired(mean, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN)
    error = float(np.sqrt(values.var(ddof=1) * (1 / len(values) + test_share)))
    if error == 0:
        return Paired(mean, mean, mean, float(alike(mean, len(values))))
    from scipy.stats import t  # half a second to import

    reach = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    p_value = float(2 * t.sf(abs(mean) / error, len(values) - 1))
    return Paired(mean, mean - reach, mean + reach, p_value)


def alike(difference: FloatArray | float, count: FloatArray | float) -> FloatArray:
    """Two-sided p-value of so many differences that are all the same: that all have one sign, unless it is zero.

    A difference of 1 in each of five rows is no more than five coins that fall alike, as where one model is right and
    another is not.
    """
    return np.where(np.asarray(difference) == 0, 1.0, np.minimum(1.0, 2 * 0.5 ** np.asarray(count, dtype=np.float64)))


def wilcoxon(differences: FloatArray | Sequence[float]) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test (1945) that paired differences lie about zero.

    Each is of a task, say, and as good as independent of the others; what is not finite is left out. NaN with fewer
    than six, which can show nothing at 5 %; 1 where all are zero.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) < FEWEST_RANKED:
        return NOT_KNOWN
    if not values.any():
        return 1.0
    from scipy.stats import wilcoxon as signed_ranks  # half a second to import

    return float(signed_ranks(values).pvalue)


def rank_balance(differences: FloatArray | Sequence[float]) -> float:
    """Of Wilcoxon's test: the ranks, by size, of differences above zero less those of differences below it."""
    from scipy.stats import rankdata  # half a second to import

    values = np.asarray(differences, dtype=np.float64)
    values = values[np.isfinite(values) & (values != 0)]
    return float((np.sign(values) * rankdata(np.abs(values))).sum()) if len(values) else 0.0


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
    """The 95 % bootstrap interval of an error.

    It is studentised (`analysis/studentised.py`); of shares of rows it is Wilson's, of areas under curves that of their
    logits, and where most resamples are alike that of percentiles, widened for few units (Hesterberg 2015).
    `benchmarks/claims.py` counts how often intervals hold the truth: 4 to 6 of 100 miss it, and 7 to 12 of fewer than
    100 rows whose errors have heavy tails.

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
    if units is not None and count and isinstance(scores, Means):
        scores, count, units = of_units(scores, units), int(units.max()) + 1, None
    if count < 2 or (units is not None and units.max() == 0):
        return NOT_KNOWN, NOT_KNOWN
    taken = _taken(count, resamples, limit)
    return _interval(scores, count, units, taken, seed)


def _interval(scores: Scores, count: int, units: IntArray | None, taken: int, seed: int) -> tuple[float, float]:
    def blocks() -> Iterator[FloatArray]:
        return _blocks(count, units, taken, np.random.default_rng(seed))

    found, drawn = None, count if units is None else int(units.max()) + 1
    if isinstance(scores, Means):
        found = interval_of_share(scores, CONFIDENCE) or studentised_interval(scores, blocks(), CONFIDENCE)
    if found is not None:
        return found
    errors = np.concatenate([scores.weighted(each) for each in blocks()])
    if isinstance(scores, Ranks):
        found = interval_of_area(float(scores.weighted(np.ones((1, count)))[0]), errors, drawn, CONFIDENCE)
    return found or _percentiles(errors, drawn)


def bootstrap_saving(
    metric: Metric,
    target: FloatArray,
    prediction: FloatArray,
    other: FloatArray,
    *,
    seed: int,
    weight: FloatArray | None = None,
    unit: IntArray | None = None,
    resamples: int = 1000,
    limit: int = 20_000_000,
) -> tuple[float, float]:
    """The 95 % bootstrap interval of the share by which an error is less than another's on the same rows.

    Args:
        prediction, other: (n, outputs), of what is praised and of what it is compared with.
        target, seed, weight, unit, resamples, limit: as of `bootstrap_interval`.

    Returns:
        (low, high); NaN where the metric is no function of means over rows, or with fewer than two units.
    """
    ours, theirs = (metric.prepare(target, each, weight) for each in (prediction, other))
    if not isinstance(ours, Means) or not isinstance(theirs, Means) or len(target) < 2:
        return NOT_KNOWN, NOT_KNOWN
    both = side_by_side(ours, theirs, lambda one, another: 1 - one / another)
    if unit is not None:
        both = of_units(both, np.unique(unit, return_inverse=True)[1])
    count = len(both.parts)
    if count < 2:
        return NOT_KNOWN, NOT_KNOWN
    blocks = _blocks(count, None, _taken(count, resamples, limit), np.random.default_rng(seed))
    return studentised_interval(both, blocks, CONFIDENCE, least=-np.inf) or (NOT_KNOWN, NOT_KNOWN)


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
    """The 95 % percentile bootstrap interval of the mean error of several repeats less the error before, widened alike.

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
    return _percentiles(np.concatenate(found), count if units is None else int(units.max()) + 1)


def _taken(count: int, resamples: int, limit: int) -> int:
    return min(resamples, max(limit // count, FEWEST_RESAMPLES))


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


def _percentiles(errors: FloatArray, units: int) -> tuple[float, float]:
    """The fewer units were drawn the farther out, as Student's quantiles are than the normal ones."""
    defined = errors[~np.isnan(errors)]
    if len(defined) == 0:
        return NOT_KNOWN, NOT_KNOWN
    from scipy.stats import norm, t  # half a second to import

    tail = norm.cdf(np.sqrt(units / (units - 1)) * t.ppf((1 - CONFIDENCE) / 2, units - 1))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
