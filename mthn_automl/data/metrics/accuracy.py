"""1 - accuracy: the share of rows whose most probable class is not the true one."""

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means, first, occurs
from mthn_automl.data.scoring import CLASSES, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Means:
    true, chosen = occurs(target, prediction)
    return Means(1 - (true * chosen).sum(axis=1, keepdims=True), first)


METRIC = Metric("accuracy", CLASSES, _scores, is_score=True, counts_unseen=True)
