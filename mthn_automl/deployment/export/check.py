"""Whether an exported model says what `predict` says, as ONNX Runtime computes it, and how quickly."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.export.feeds import feeds_of
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnsupportedError
from mthn_automl.training.mean import Mean

TOLERANCE = 1e-5
"""Of the target's standard deviation, or of a probability."""

TIMED = 20
"""Predictions of a single row, of which the quickest counts."""


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        rows: that were compared.
        difference: the largest, in standard deviations of the target, or of probabilities.
        row_microseconds: that a row takes alone.
        thousand_microseconds: that a row takes among a thousand.
    """

    rows: int
    difference: float
    row_microseconds: float
    thousand_microseconds: float


def checked(
    model: ModelProto,
    predictor: Predictor,
    tables: Sequence[Dataset],
    *,
    any_task: bool,
    interval: float | None = None,
) -> Checked:
    """Compare predictions of all rows of the tables, none of which is empty, and ends of intervals at that level.

    Raises:
        UnsupportedError: ONNX Runtime cannot run the model, or says something else.
    """
    session = _session(model)
    found = [_compared(session, predictor, rows, any_task, interval) for rows in tables]
    largest = max(float(each.max(initial=0.0)) for each in found)
    if not largest <= TOLERANCE:
        unit = "" if predictor.schema.classes else " standard deviations of the target"
        raise UnsupportedError(
            f"An exported model must predict as this one does, within {TOLERANCE:g}{unit}, however ONNX Runtime "
            f"differs by {largest:.2g} in the rows it was checked on; there is no file."
        )
    rows = tables[-1]
    alone, many = rows.take(np.zeros(1, dtype=np.int64)), rows.take(np.arange(1000) % len(rows))
    return Checked(
        sum(map(len, tables)),
        largest,
        _microseconds(session, feeds_of(alone, any_task=any_task), TIMED),
        _microseconds(session, feeds_of(many, any_task=any_task), 3) / 1000,
    )


def _session(model: ModelProto) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        raise UnsupportedError(f"ONNX Runtime cannot load the exported model: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _compared(session: Any, predictor: Predictor, rows: Dataset, any_task: bool, interval: float | None) -> FloatArray:
    """As `differences`, of what ONNX Runtime predicts."""
    try:
        outputs = session.run(None, feeds_of(rows, any_task=any_task))
    except Exception as error:
        raise UnsupportedError(f"ONNX Runtime cannot run the exported model: {_first_line(error)}") from error
    if predictor.schema.classes:
        likeliest = [predictor.schema.classes[index] for index in outputs[1].argmax(axis=1)]
        if outputs[0][:, 0].tolist() != likeliest:
            raise UnsupportedError("The class that an exported model names must be the likeliest, however it is not.")
        return differences(predictor, rows, outputs[1])
    prediction, *ends = outputs
    found = differences(predictor, rows, prediction)
    return found if interval is None else np.maximum(found, _of_ends(predictor, rows, ends, interval))


def differences(predictor: Predictor, rows: Dataset, found: FloatArray) -> FloatArray:
    """(rows, outputs) from what the model predicts, in standard deviations of the target, or of probabilities.

    Far from the mean of the target they are counted in distances from there: single precision has so many digits.
    """
    expected = predictor.model.predict(rows)
    return _apart(predictor, expected, expected, found)


def _apart(predictor: Predictor, prediction: FloatArray, expected: FloatArray, found: FloatArray) -> FloatArray:
    """(rows, outputs). prediction: of the model, of which the expected are perhaps ends of intervals."""
    if predictor.schema.classes:
        return np.asarray(np.abs(found - expected))
    middle, unit = _scale(predictor, prediction)
    return np.asarray(np.abs(found - expected) / np.maximum(unit, np.abs(expected - middle)))


def _of_ends(predictor: Predictor, rows: Dataset, ends: Sequence[FloatArray], level: float) -> FloatArray:
    """(rows, targets) the larger difference of both ends of each interval; of a row that has none they must be NaN."""
    assert predictor.intervals is not None
    prediction, least = predictor.model.predict(rows), predictor.schema.kind.least
    expected = predictor.intervals.ends(prediction, rows.task, level, least)
    found = []
    for one, other in zip(expected, ends, strict=True):
        apart = _apart(predictor, prediction, one, other)
        found.append(np.where(np.isnan(one), np.where(np.isnan(other), 0.0, np.inf), apart))
    return np.maximum(*found)


def _scale(predictor: Predictor, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(targets,) mean and standard deviation: of the target's own, in training, else of the predictions."""
    model = predictor.model
    while isinstance(model, Mean):
        model = model.models[0]
    encoder = model.encoder
    if predictor.schema.problem is Problem.REGRESSION and encoder.logarithm is None:
        return encoder.target.arrays
    spread = expected.std(axis=0)
    return expected.mean(axis=0), np.where(spread > 0.0, spread, 1.0)


def _microseconds(session: Any, feeds: dict[str, Any], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        session.run(None, feeds)
        taken.append(time.perf_counter() - began)
    return 1e6 * min(taken)
