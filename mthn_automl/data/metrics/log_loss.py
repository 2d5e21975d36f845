"""The negative logarithm of the probability that was given to the true class."""

from typing import Final

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first
from mthn_automl.data.scoring import CLASSES, Metric

SMALLEST_PROBABILITY: Final = float(np.finfo(np.float64).eps)


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    likelihood = np.take_along_axis(prediction, target.astype(np.int64), axis=1)
    return Means(-np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1.0)), first)


METRIC = Metric("log_loss", CLASSES, _scores)
