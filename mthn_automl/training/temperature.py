"""One number that makes predicted probabilities neither bolder nor shyer than what then happens.

Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017. Probabilities to the power of
1 / temperature, scaled to a sum of 1, are those of logits over the temperature; the likeliest class stays so.
"""

from typing import Final

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.metrics.log_loss import METRIC as LOG_LOSS
from mthn_automl.data.metrics.log_loss import SMALLEST_PROBABILITY

LEAST: Final = 0.05
MOST: Final = 20.0
"""Temperatures beyond these would say that the probabilities mean nothing."""

CLEARLY: Final = 2.0
"""Standard errors by which the log loss must be lower."""


def tempered(probability: FloatArray, temperature: float) -> FloatArray:
    """(rows, classes) probabilities at a temperature; 1 leaves them as they are."""
    if temperature == 1.0:
        return probability
    logits = np.log(np.maximum(probability, SMALLEST_PROBABILITY)) / temperature
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def temperature_of(probability: FloatArray, target: FloatArray, weight: FloatArray | None) -> float:
    """The temperature of the lowest log loss. target: (rows, 1) indices of classes."""
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return LOG_LOSS.function(target, tempered(probability, float(np.exp(logarithm))), weight)

    bounds = float(np.log(LEAST)), float(np.log(MOST))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def calibrated(
    probability: FloatArray, target: FloatArray, weight: FloatArray | None, group: IntArray
) -> tuple[float, FloatArray]:
    """The temperature of all rows, and each row at that of the rows of the other groups.

    Where that does not clearly lower the log loss of rows that it was not chosen by, by two standard errors, it is 1:
    the mean of the folds' models is a little shyer than each of them, so that less is to be gained than is seen here.

    group: (rows,) numbers, such as folds.
    """
    found = probability.copy()
    for each in np.unique(group):
        rows = group == each
        if rows.all():
            return 1.0, probability
        of_others = None if weight is None else weight[~rows]
        found[rows] = tempered(probability[rows], temperature_of(probability[~rows], target[~rows], of_others))
    if not _clearly_better(found, probability, target, weight):
        return 1.0, probability
    return temperature_of(probability, target, weight), found


def _clearly_better(one: FloatArray, other: FloatArray, target: FloatArray, weight: FloatArray | None) -> bool:
    """Paired over rows."""
    chosen = target.astype(np.int64)
    of_one, of_other = (
        np.take_along_axis(np.log(np.maximum(each, SMALLEST_PROBABILITY)), chosen, 1) for each in (one, other)
    )
    gain = (of_one - of_other)[:, 0]
    share = np.ones(len(gain)) if weight is None else weight
    mean = np.average(gain, weights=share)
    return bool(mean > CLEARLY * np.sqrt(((share * (gain - mean)) ** 2).sum()) / share.sum())
