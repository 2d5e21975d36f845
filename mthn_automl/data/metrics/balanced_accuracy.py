"""1 - recall averaged over the classes that occur."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, mean_of_defined, occurs
from mthn_automl.data.scoring import CLASSES, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    true, chosen = occurs(target, prediction)
    return Means(np.hstack([true * chosen, true]), _unrecalled)


def _unrecalled(means: FloatArray) -> FloatArray:
    both, true = np.split(means, 2, axis=-1)
    return 1 - mean_of_defined(both / true)


METRIC = Metric("balanced_accuracy", CLASSES, _scores, is_score=True, counts_unseen=True)
