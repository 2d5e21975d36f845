"""The mean Poisson deviance: twice y log(y / m) - y + m, of a count y and its predicted mean m."""

from typing import Final

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import Metric

SMALLEST_MEAN: Final = float(np.finfo(np.float64).eps)


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    mean = np.maximum(prediction, SMALLEST_MEAN)
    logarithm = np.log(np.where(target > 0, target, mean) / mean)
    return Means(2 * (target * logarithm - target + mean).mean(axis=1, keepdims=True), first)


METRIC = Metric("poisson_deviance", frozenset({Problem.COUNT}), _scores, least=0.0)
