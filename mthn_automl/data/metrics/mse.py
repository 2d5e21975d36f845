"""The mean squared error, over all targets that are known."""

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, over_targets
from mthn_automl.data.scoring import NUMBERS, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    return over_targets((target - prediction) ** 2, target)


METRIC = Metric("mse", NUMBERS, _scores)
