"""Errors target by target, of every architecture's best model and of the ensemble."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.data.scoring import error_by_target, metric_named

COLUMNS: Final[dict[str, str]] = {
    "architecture": "str",
    "target": "str",
    "cv_error": "float64",
    "cv_rows": "int64",
    "test_error": "float64",
    "test_rows": "int64",
}
ROLES: Final = {"cv": "out_of_fold", "test": "test"}
KINDS: Final = ("target", "prediction")
ERRORS: Final = ("cv_error", "test_error")


def target_errors(predictions: pd.DataFrame, targets: Sequence[str], metric: str) -> pd.DataFrame:
    """The table of `targets.csv`: a row an architecture and target, in the order in which they are predicted.

    Errors are over the rows that have the target, pooled over tasks and weighted as the rows are; NaN where undefined.

    Args:
        predictions: as in `predictions.parquet`, of several targets.
        targets: their names.
        metric: its name.
    """
    rows = [
        row
        for name, part in predictions.groupby("architecture", sort=False)
        for row in _of_architecture(str(name), part, targets, metric)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def errors_by_target(table: pd.DataFrame, name: str) -> dict[str, dict[str, float | None]]:
    """Of one architecture in that table, by target; None where nothing was measured."""
    lines = table[table["architecture"] == name].to_dict("records")
    return {
        str(line["target"]): {each: float(line[each]) if math.isfinite(line[each]) else None for each in ERRORS}
        for line in lines
    }


def _of_architecture(name: str, part: pd.DataFrame, targets: Sequence[str], metric: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [{"architecture": name, "target": target} for target in targets]
    for what, role in ROLES.items():
        rows = part[part["role"] == role]
        true, predicted = (rows[[f"{kind}_{target}" for target in targets]].to_numpy() for kind in KINDS)
        weight = rows["weight"].to_numpy() if "weight" in rows else None
        errors = error_by_target(metric_named(metric), true, predicted, weight)
        counts = np.count_nonzero(~np.isnan(true), axis=0)
        for line, error, count in zip(lines, errors, counts, strict=True):
            line |= {f"{what}_error": error, f"{what}_rows": count}
    return lines
