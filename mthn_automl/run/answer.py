"""From refitted models to the run's tables: each model is scored once on the sealed test rows."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.analysis.leaderboard import Finalist
from mthn_automl.analysis.statistics import bootstrap_interval
from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.deployment.predictor import prediction_table
from mthn_automl.run.folder import RunFolder
from mthn_automl.training.metrics import METRICS, error_over_rows, error_over_tasks
from mthn_automl.tuning.final import Refitted
from mthn_automl.tuning.runners import Failed
from mthn_automl.tuning.search import PREDICTIONS
from mthn_automl.tuning.study import Studies


@dataclass(frozen=True)
class Tested:
    """One model on the test rows. prediction (rows, outputs)."""

    prediction: FloatArray
    error: float
    low: float
    high: float
    error_tasks: float
    low_tasks: float
    high_tasks: float
    undefined_tasks: int
    microseconds_per_row: float


def score(refitted: Refitted, test: Dataset, metric_name: str, seed: int) -> Tested:
    """Errors over rows and over tasks, with bootstrap intervals."""
    started = time.perf_counter()
    prediction = refitted.predict(test)
    spent = time.perf_counter() - started
    metric = METRICS[metric_name]
    over_tasks, undefined = error_over_tasks(metric, test.target, prediction, test.task)
    low, high = bootstrap_interval(metric, test.target, prediction, test.task, "rows", seed=seed)
    low_tasks, high_tasks = bootstrap_interval(metric, test.target, prediction, test.task, "tasks", seed=seed)
    return Tested(
        prediction=prediction,
        error=error_over_rows(metric, test.target, prediction),
        low=low,
        high=high,
        error_tasks=over_tasks,
        low_tasks=low_tasks,
        high_tasks=high_tasks,
        undefined_tasks=undefined,
        microseconds_per_row=1e6 * spent / len(test),
    )


def finalist(name: str, studies: Studies, fitted: Refitted | Failed | None, tested: Tested | None) -> Finalist:
    """The line of the leaderboard for one architecture."""
    best = studies.best(name)
    model = fitted if isinstance(fitted, Refitted) else None
    result = None if best is None else best[1]
    return Finalist(
        name=name,
        best=result,
        trials=len(studies.results(name)),
        test_error=tested and tested.error,
        test_low=tested and tested.low,
        test_high=tested and tested.high,
        test_error_tasks=tested and tested.error_tasks,
        test_low_tasks=tested and tested.low_tasks,
        test_high_tasks=tested and tested.high_tasks,
        undefined_tasks=tested and tested.undefined_tasks,
        train_seconds=model and model.seconds,
        predict_us_per_row=tested.microseconds_per_row if tested else result and result.predict_us_per_row,
        size=model.size() if model else result and result.size,
        reason=_remark(studies, name, fitted),
    )


def _remark(studies: Studies, name: str, fitted: Refitted | Failed | None) -> str:
    if isinstance(fitted, Failed):
        return f"the refit failed: {fitted.reason}"
    if isinstance(fitted, Refitted):
        stopped = ("the refit was stopped by the time limit",) if fitted.stopped_by_time else ()
        return "; ".join((*fitted.notes, *stopped))
    failures = studies.failures(name)
    return f"no trial finished: {failures[-1]}" if failures else "no trial finished in the time given"


def predictions(
    folder: RunFolder, studies: Studies, development: Dataset, test: Dataset | None, tested: dict[str, Tested]
) -> pd.DataFrame:
    """Out-of-fold and test predictions of each architecture's best configuration, with the targets."""
    parts: list[pd.DataFrame] = []
    for name in studies.spaces:
        best = studies.best(name)
        if best is not None:
            stored = np.load(folder.trials / f"{name}-{best[0]}" / PREDICTIONS).astype(np.float64)
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
