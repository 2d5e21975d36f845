"""The mean absolute error, over all targets that are known."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, over_targets
from mthn_automl.data.scoring import NUMBERS, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    return over_targets(np.abs(target - prediction), target)


METRIC = Metric("mae", NUMBERS, _scores)
