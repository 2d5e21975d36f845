"""The mean absolute error."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first
from mthn_automl.data.scoring import NUMBERS, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    return Means(np.abs(target - prediction).mean(axis=1, keepdims=True), first)


METRIC = Metric("mae", NUMBERS, _scores)
