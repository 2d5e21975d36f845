"""The root of the mean squared error of log(1 + value); a prediction below 0 counts as 0."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first, over_targets
from mthn_automl.data.scoring import NUMBERS, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    errors = (np.log1p(target) - np.log1p(np.maximum(prediction, 0.0))) ** 2
    return over_targets(errors, target, lambda means: np.sqrt(first(means)))


METRIC = Metric("rmsle", NUMBERS, _scores, least=0.0)
