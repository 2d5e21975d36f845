"""The root of the mean squared error."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first, squared_errors
from mthn_automl.data.scoring import NUMBERS, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    return Means(squared_errors(target, prediction), lambda means: np.sqrt(first(means)))


METRIC = Metric("rmse", NUMBERS, _scores)
