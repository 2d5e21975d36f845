"""The curve of a model that one training gave for every preference: error against the size of a task's network."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named

COLUMNS: Final[dict[str, str]] = {
    "architecture": "str",
    "preference": "float64",
    "test_error": "float64",
    "test_error_tasks": "float64",
    "parameters_per_task_network": "int64",
}
PREFERENCES: Final = tuple(number / 20 for number in range(21))

AtPreference = Callable[[float], tuple[FloatArray, int]]
"""Predictions (rows, outputs) at a preference, and the parameters of a task's network that still work there."""


def preference_curve(name: str, model: AtPreference, rows: Dataset, metric: str) -> pd.DataFrame:
    """The table of `preferences.csv`: a row a preference from 0 to 1, errors of the rows given."""
    lines = [_line(name, preference, *model(preference), rows, metric) for preference in PREFERENCES]
    return pd.DataFrame(lines, columns=list(COLUMNS)).astype(COLUMNS)


def joined(curves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The curves of several models below one another; the header alone where there is none."""
    return pd.concat([pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS), *curves], ignore_index=True)


def _line(
    name: str, preference: float, prediction: FloatArray, size: int, rows: Dataset, metric: str
) -> dict[str, Any]:
    asked = metric_named(metric)
    finite = np.isfinite(prediction).all()
    return {
        "architecture": name,
        "preference": preference,
        "test_error": error_over_rows(asked, rows.target, prediction, rows.weight) if finite else np.nan,
        "test_error_tasks": error_over_tasks(asked, rows.target, prediction, rows.task, rows.weight)[0]
        if finite
        else np.nan,
        "parameters_per_task_network": size,
    }
