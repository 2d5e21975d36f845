"""The root of the mean squared error, over all targets that are known."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first, over_targets
from mthn_automl.data.scoring import NUMBERS, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    return over_targets((target - prediction) ** 2, target, lambda means: np.sqrt(first(means)))


METRIC = Metric("rmse", NUMBERS, _scores)
