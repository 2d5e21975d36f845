"""The mean squared error."""

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first, squared_errors
from mthn_automl.data.scoring import NUMBERS, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    return Means(squared_errors(target, prediction), first)


METRIC = Metric("mse", NUMBERS, _scores)
