"""predictions.parquet: what each architecture's best configuration predicted for rows it had not seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.predictor import prediction_table
from mthn_automl.errors import FormatError
from mthn_automl.run.ensembling import ENSEMBLE, Blend
from mthn_automl.run.models import Finished, out_of_fold
from mthn_automl.run.run import Run
from mthn_automl.run.testing import Tested


def predictions(run: Run, finished: Mapping[str, Finished], blend: Blend | None, tested: Tested) -> pd.DataFrame:
    """Out-of-fold and test predictions of each architecture's best configuration, with targets and weights of rows.

    Those of the ensemble are by weights that other folds chose. tested: predictions of the test rows.
    """
    rows = np.flatnonzero(run.data.fold >= 0)
    parts: list[pd.DataFrame] = []
    for name in (*finished, *([] if blend is None else [ENSEMBLE])):
        found = blend.chosen.prediction if name == ENSEMBLE and blend else _held_out(run, finished[name], rows)
        parts.append(_part(name, "out_of_fold", run.development.take(rows[: len(found)]), found))
        if run.test is not None and name in tested:
            parts += _of_test(run, name, run.test, tested[name].prediction)
    return pd.concat(parts, ignore_index=True)


def _held_out(run: Run, finished: Finished, rows: IntArray) -> FloatArray:
    """Of no rows where the trial's file is lost, which is said."""
    reason = "they are gone."
    try:
        found = out_of_fold(run, finished.model.trial)
        if found is not None:
            return found[rows]
    except FormatError as error:
        reason = str(error)
    run.say(f"Out-of-fold predictions of {finished.model.trial} are left out: {reason}")
    return np.zeros((0, run.data.dataset.schema.outputs))


def _of_test(run: Run, name: str, rows: Dataset, prediction: FloatArray) -> list[pd.DataFrame]:
    """In the role `test` are the rows that the test error is of: tasks never seen, where new rows are sealed, too."""
    new = rows.task >= len(run.data.dataset.tasks)
    if run.options.holdout_tasks is None or new.all() or not new.any():
        return [_part(name, "test", rows, prediction)]
    return [
        _part(name, role, rows.take(np.flatnonzero(some)), prediction[some])
        for role, some in (("test", new), ("test_new_rows", ~new))
    ]


def _part(architecture: str, role: str, rows: Dataset, prediction: FloatArray) -> pd.DataFrame:
    table = prediction_table(rows.schema, rows, prediction)
    table.insert(0, "architecture", architecture)
    table.insert(1, "role", role)
    first = 4 if rows.id is None else 5
    for index, name in enumerate(rows.schema.targets):
        table.insert(first + index, _target_column(rows, name), _targets(rows, index))
    if rows.weight is not None:
        table["weight"] = rows.weight
    return table


def _target_column(rows: Dataset, name: str) -> str:
    return "target" if len(rows.schema.targets) == 1 else f"target_{name}"


def _targets(rows: Dataset, index: int) -> Any:
    values = rows.target[:, index]
    return np.array(rows.schema.classes, dtype=object)[values.astype(np.int64)] if rows.schema.classes else values
