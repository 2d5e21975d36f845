"""1 - Cohen's kappa of ordered classes, by squared distances: the mean over that of chance, 0 at best and 1 by chance.

With i and j the indices of the true and the predicted class, chance takes them to be independent, so that the mean of
(i - j)^2 is E i^2 + E j^2 - 2 E i E j. A prediction that is no number counts as the farthest class.

Source: Cohen: Weighted kappa, Psychological Bulletin 1968.
"""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, occurs
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    true, chosen = occurs(target, prediction)
    index = np.arange(prediction.shape[1])
    actual, farthest = true @ index, index[-1]
    place = np.where(chosen.any(axis=1), chosen @ index, np.where(2 * actual > farthest, 0, farthest))
    parts = (actual, place, (actual - place) ** 2, actual**2, place**2)
    return Means(np.stack(parts, axis=1), _beyond_chance)


def _beyond_chance(means: FloatArray) -> FloatArray:
    true, chosen, squared, of_true, of_chosen = np.moveaxis(means, -1, 0)
    return np.asarray(squared / (of_true + of_chosen - 2 * true * chosen))


METRIC = Metric("quadratic_kappa", frozenset({Problem.ORDINAL}), _scores, is_score=True)
