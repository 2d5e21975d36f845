"""predictions.parquet: what each architecture's best configuration predicted for rows it had not seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.tables import prediction_table
from mthn_automl.run.ensembling import ENSEMBLE, Blend
from mthn_automl.run.models import Finished
from mthn_automl.run.run import Run
from mthn_automl.run.tempering import rows_held_out
from mthn_automl.run.testing import Tested


def predictions(run: Run, finished: Mapping[str, Finished], blend: Blend | None, tested: Tested) -> pd.DataFrame:
    """Out-of-fold and test predictions of each architecture's best configuration, with targets and weights of rows.

    Weights of the ensemble, and temperatures, are those that other folds chose. tested: predictions of the test rows.
    """
    rows, none = rows_held_out(run), np.zeros((0, run.data.dataset.schema.outputs))
    parts: list[pd.DataFrame] = []
    for name in (*finished, *([] if blend is None else [ENSEMBLE])):
        held_out = blend.held_out if name == ENSEMBLE and blend else finished[name].held_out
        found = none if held_out is None else held_out
        parts.append(_part(name, "out_of_fold", run.development.take(rows[: len(found)]), found))
        if run.test is not None and name in tested:
            parts += _of_test(run, name, run.test, tested[name].prediction)
    return pd.concat(parts, ignore_index=True)


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
