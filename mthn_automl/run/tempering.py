"""The temperature of a model's probabilities, by what was predicted out of fold, and its errors at that temperature."""

from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.run.run import Run
from mthn_automl.training.temperature import calibrated
from mthn_automl.tuning.ensemble import errors_of, groups_of, target_of
from mthn_automl.tuning.results import TrialResult


def rows_held_out(run: Run) -> IntArray:
    """Those of the search that are predicted by models which have not seen them."""
    return np.flatnonzero(run.data.fold >= 0)


def unit_of(run: Run) -> IntArray | None:
    """(rows held out,) numbers of what a single hold-out keeps together; None: each row by itself."""
    unit = run.data.dataset.task if run.options.holdout_tasks is not None else run.data.dataset.group
    return None if unit is None else unit[rows_held_out(run)]


def tempered_result(run: Run, prediction: FloatArray, result: TrialResult) -> tuple[float, FloatArray, TrialResult]:
    """The temperature, the predictions, each at a temperature that other folds chose, and the errors of these.

    Of numbers, and where a temperature does not lower the log loss, everything stays as it is.

    prediction: (rows held out, outputs).
    """
    if not run.data.dataset.schema.classes:
        return 1.0, prediction, result
    rows = rows_held_out(run)
    target, fold = target_of(run.data, rows), run.data.fold[rows]
    temperature, found = calibrated(prediction, target.values, target.weight, groups_of(fold, unit_of(run)))
    if temperature == 1.0:
        return 1.0, prediction, result
    return temperature, found, replace(result, **errors_of(target, found, fold))
