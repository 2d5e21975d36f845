"""predictions.parquet: what each architecture's best configuration predicted for rows it had not seen."""

from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.deployment.predictor import prediction_table
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.tested import Tested
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.trial import PREDICTIONS


def predictions(
    folder: RunFolder, studies: Studies, development: Dataset, test: Dataset | None, tested: dict[str, Tested]
) -> pd.DataFrame:
    """Out-of-fold and test predictions of each architecture's best configuration, with the targets."""
    parts: list[pd.DataFrame] = []
    for name, study in studies.items():
        best = study.best
        if best is not None:
            stored = np.load(folder.trials / best.name / PREDICTIONS).astype(np.float64)
            known = np.flatnonzero(np.isfinite(stored).all(axis=1))
            parts.append(_part(name, "out_of_fold", development.take(known), stored[known]))
        if test is not None and name in tested:
            parts.append(_part(name, "test", test, tested[name].prediction))
    return pd.concat(parts, ignore_index=True)


def _part(architecture: str, role: str, rows: Dataset, prediction: FloatArray) -> pd.DataFrame:
    table = prediction_table(rows.schema, rows, prediction)
    table.insert(0, "architecture", architecture)
    table.insert(1, "role", role)
    for place, name in enumerate(rows.schema.targets):
        table.insert(4 + place, _target_column(rows, name), _targets(rows, place))
    return table


def _target_column(rows: Dataset, name: str) -> str:
    return "target" if len(rows.schema.targets) == 1 else f"target_{name}"


def _targets(rows: Dataset, place: int) -> Any:
    values = rows.target[:, place]
    return np.array(rows.schema.classes, dtype=object)[values.astype(np.int64)] if rows.schema.classes else values
