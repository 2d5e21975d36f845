"""1 - ROC AUC: class 1 against class 0 of two, otherwise each class that occurs against the rest."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Ranks
from mthn_automl.data.scoring import CLASSES, Metric


def _scores(target: FloatArray, prediction: FloatArray) -> Ranks:
    classes = np.arange(prediction.shape[1])
    kept = classes[1:] if len(classes) == 2 else classes
    return Ranks.of((target == kept).astype(np.float64), prediction[:, kept])


METRIC = Metric("roc_auc", CLASSES, _scores, is_score=True)
