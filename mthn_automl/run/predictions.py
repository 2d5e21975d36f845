"""predictions.parquet: what each architecture's best configuration predicted for rows it had not seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.deployment.predictor import prediction_table
from mthn_automl.run.ensembling import ENSEMBLE, Blend
from mthn_automl.run.models import Finished
from mthn_automl.run.run import Run
from mthn_automl.run.testing import Tested
from mthn_automl.tuning.trial import PREDICTIONS


def predictions(run: Run, finished: Mapping[str, Finished], blend: Blend | None, tested: Tested) -> pd.DataFrame:
    """Out-of-fold and test predictions of each architecture's best configuration, with the targets.

    Those of the ensemble are by weights that other folds chose. tested: predictions of the test rows.
    """
    rows = np.flatnonzero(run.data.fold >= 0)
    out_of_fold = {
        name: np.load(run.folder.trials / each.model.trial / PREDICTIONS).astype(np.float64)[rows]
        for name, each in finished.items()
    }
    if blend is not None:
        out_of_fold[ENSEMBLE] = blend.chosen.prediction
    parts: list[pd.DataFrame] = []
    for name, prediction in out_of_fold.items():
        parts.append(_part(name, "out_of_fold", run.data.dataset.take(rows), prediction))
        if run.test is not None and name in tested:
            parts.append(_part(name, "test", run.test, tested[name].prediction))
    return pd.concat(parts, ignore_index=True)


def _part(architecture: str, role: str, rows: Dataset, prediction: FloatArray) -> pd.DataFrame:
    table = prediction_table(rows.schema, rows, prediction)
    table.insert(0, "architecture", architecture)
    table.insert(1, "role", role)
    for index, name in enumerate(rows.schema.targets):
        table.insert(4 + index, _target_column(rows, name), _targets(rows, index))
    return table


def _target_column(rows: Dataset, name: str) -> str:
    return "target" if len(rows.schema.targets) == 1 else f"target_{name}"


def _targets(rows: Dataset, index: int) -> Any:
    values = rows.target[:, index]
    return np.array(rows.schema.classes, dtype=object)[values.astype(np.int64)] if rows.schema.classes else values
