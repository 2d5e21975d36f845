"""predictions.parquet as arrays: what was predicted for rows, and what each row's prediction cost."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.kind import kind_of
from mthn_automl.data.metrics.parts.scores import Means
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import Metric, default_metric, metric_named

PROBABILITY = "probability_"


@dataclass(frozen=True)
class Predicted:
    """Rows of one model and role, in the order of the table.

    Attributes:
        row: their numbers in the data.
        task: their names.
        target, prediction: (n, targets), or (n, 1) indices of classes and (n, classes) probabilities.
        weight: (n,) what each counts; None: all count alike.
    """

    row: IntArray
    task: np.ndarray[Any, Any]
    target: FloatArray
    prediction: FloatArray
    weight: FloatArray | None

    @classmethod
    def of(cls, table: pd.DataFrame, architecture: str, role: str) -> "Predicted":
        """Of one architecture, or the ensemble, and one role of `predictions.parquet`."""
        part = table[(table["architecture"] == architecture) & (table["role"] == role)]
        weight = part["weight"].to_numpy() if "weight" in part else None
        row, task = part["row"].to_numpy(), part["task"].to_numpy(dtype=object)
        return cls(row, task, *_target_and_prediction(part), weight)

    def __len__(self) -> int:
        return len(self.row)

    def error(self, metric: Metric, rows: Any = slice(None)) -> float:
        """Of some of the rows, pooled; NaN where undefined."""
        weight = None if self.weight is None else self.weight[rows]
        return metric.function(self.target[rows], self.prediction[rows], weight)


def _target_and_prediction(part: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    classes = [name for name in part.columns if name.startswith(PROBABILITY)]
    if not classes:
        return _numbers(part, "target"), _numbers(part, "prediction")
    known = {name.removeprefix(PROBABILITY): index for index, name in enumerate(classes)}
    target = np.array([known[str(each)] for each in part["target"]], dtype=np.float64)
    return target[:, None], part[classes].to_numpy(dtype=np.float64)


def _numbers(part: pd.DataFrame, kind: str) -> FloatArray:
    names = [name for name in part.columns if name == kind or name.startswith(f"{kind}_")]
    return part[names].to_numpy(dtype=np.float64)


def compared_by(metric: str, problem: Problem) -> str:
    """The metric by whose losses of single rows models are compared: this one, where it is a mean over rows."""
    outputs = 2 if kind_of(problem).has_classes else 1
    some = Predicted(np.arange(2), np.zeros(2), np.array([[0.0], [1.0]]), np.full((2, outputs), 1 / outputs), None)
    return default_metric(problem) if _parts(metric_named(metric), some) is None else metric


def row_losses(metric: str, problem: Problem, predicted: Predicted) -> FloatArray:
    """(n,) losses whose mean the metric is a function of; of one that is no mean over rows, those of the usual metric.

    Of the RMSE they are squared errors. NaN where no target of a row is known.
    """
    losses = _parts(metric_named(compared_by(metric, problem)), predicted)
    assert losses is not None
    return losses


def _parts(metric: Metric, predicted: Predicted) -> FloatArray | None:
    scores = metric.prepare(predicted.target, predicted.prediction)
    if not isinstance(scores, Means) or scores.parts.shape[1] != 1:
        return None
    if scores.counts is None:
        return scores.parts[:, 0]
    with np.errstate(invalid="ignore"):
        return np.asarray(scores.parts[:, 0] / scores.counts[:, 0])
