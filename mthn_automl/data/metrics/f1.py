"""1 - F1 of class 1 of two, otherwise averaged over the classes that occur or are predicted."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, mean_of_defined, occurs
from mthn_automl.data.scoring import CLASSES, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    true, chosen = occurs(target, prediction)
    kept = slice(1, 2) if true.shape[1] == 2 else slice(None)
    true, chosen = true[:, kept], chosen[:, kept]
    return Means(np.hstack([true * chosen, true + chosen]), lambda means: 1 - _harmonic(means))


def _harmonic(means: FloatArray) -> FloatArray:
    both, either = np.split(means, 2, axis=-1)
    return mean_of_defined(2 * both / either)


METRIC = Metric("f1", CLASSES, _scores, is_score=True)
