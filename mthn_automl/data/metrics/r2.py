"""1 - R2 = SSE / SST, averaged over the targets that vary."""

from typing import Final

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, mean_of_defined
from mthn_automl.data.scoring import NUMBERS, Metric

SMALLEST_VARIANCE: Final = 1e-12
"""Of the mean square; below it, rounding is all there is."""


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    known = ~np.isnan(target)
    middle = target.sum(axis=0, where=known) / np.maximum(known.sum(axis=0), 1)
    centred = target - middle  # keeps the difference of squares below exact
    parts = np.hstack([(target - prediction) ** 2, centred, centred**2])
    if known.all():
        return Means(parts, _unexplained)
    counts = np.tile(known, 3)
    return Means(np.where(counts, parts, 0.0), _unexplained, counts.astype(np.float64))


def _unexplained(means: FloatArray) -> FloatArray:
    squared_error, mean, square = np.split(means, 3, axis=-1)
    variance = square - mean**2
    varies = variance > SMALLEST_VARIANCE * square
    return mean_of_defined(np.where(varies, squared_error / np.where(varies, variance, 1.0), np.nan))


METRIC = Metric("r2", NUMBERS, _scores, is_score=True)
