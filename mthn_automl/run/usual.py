"""The answer beside what a usual tool gives, in the same folds and on the same test rows."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from mthn_automl.analysis.sealed import SealedErrors, saving, sealed_errors, timed
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named
from mthn_automl.models.parts.usual import usual_predictions
from mthn_automl.report.wording import TEST_COLUMNS
from mthn_automl.run.run import Run
from mthn_automl.run.testing import Tested
from mthn_automl.training.encode import training_rows
from mthn_automl.tuning.clock import tables_and_figures

SECONDS_A_CELL = 1e-6
"""Of one fit, about, on one processor: it is left out where that is more than is left of the time limit."""

LEAST_SECONDS = 1.0
TESTED = tuple(name for names in TEST_COLUMNS.values() for name in names)
SAVINGS = {"saving": "rows", "saving_tasks": "tasks"}
"""By what is averaged over."""


def usual(run: Run, tested: Tested) -> dict[str, Any] | None:
    """Errors of LightGBM with its defaults: cv_error, test errors with intervals; None, and said, without the time.

    test_error, test_error_tasks: over rows and over tasks. saving, saving_tasks: of each of what was tested, the share
    by which such an error is less, with the interval of paired rows, or tasks. It is fitted once on all rows that the
    search had, for the test rows, and once a fold. Nothing is chosen by it.
    """
    left, needed = run.clock.left(), usual_seconds(run) + tables_and_figures(run.worker_start.seconds)
    if run.interruption.number is not None or (left is not None and left < needed):
        run.say("What LightGBM's defaults would give was left out: too little of the time limit was left for it.")
        return None
    return {"cv_error": _known(_cross_validated(run)), **_tested(run, tested)}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def usual_seconds(run: Run) -> float:
    """That it is foreseen to take."""
    dataset = run.data.dataset
    cells = len(dataset) * (len(dataset.schema.features) + len(dataset.schema.metadata) + 1)
    models = max(len(dataset.schema.classes), len(dataset.schema.targets))
    return LEAST_SECONDS + SECONDS_A_CELL * cells * models * (run.plan.folds + 1)


def _cross_validated(run: Run) -> float:
    data, metric = run.data, metric_named(run.data.metric)
    predicted = np.full((len(data.dataset), data.dataset.schema.outputs), np.nan)
    for number in range(int(data.fold.max()) + 1):
        rows = np.flatnonzero(data.fold == number)
        trained = data.dataset.take(training_rows(data.fold, number, forward=data.forward))
        predicted[rows] = usual_predictions(trained, [data.dataset.take(rows)], seed=run.options.seed)[0]
    scored = np.flatnonzero(data.fold >= 0)
    told = data.dataset.take(scored)
    if data.average == "tasks":
        return error_over_tasks(metric, told.target, predicted[scored], told.task, told.weight)[0]
    return error_over_rows(metric, told.target, predicted[scored], told.weight)


def _tested(run: Run, tested: Tested) -> dict[str, Any]:
    if run.test is None:
        return {**dict.fromkeys(TESTED), **{name: {} for name in SAVINGS}}

    def predict(rows: Dataset) -> FloatArray:
        return usual_predictions(run.data.dataset, [rows], seed=run.options.seed)[0]

    asked: dict[str, Any] = {
        "rows": run.test,
        "metric_name": run.prepared.metric,
        "seed": run.options.seed,
        "known_tasks": len(run.data.dataset.tasks),
        "ranked_by_new_tasks": run.options.holdout_tasks is not None,
    }
    found = sealed_errors(*timed(predict, run.test), **asked)
    errors = {name: _known(getattr(found, name.removeprefix("test_"))) for name in TESTED}
    return {**errors, **{name: _savings(found, tested, average, **asked) for name, average in SAVINGS.items()}}


def _savings(found: SealedErrors, tested: Tested, average: str, **asked: Any) -> dict[str, dict[str, float | None]]:
    """Of each of what was tested that saves anything, or nothing."""
    saved = {name: saving(each, found, average=average, **asked) for name, each in tested.items()}
    return {
        name: {part: _known(value) for part, value in asdict(each).items()}
        for name, each in saved.items()
        if each is not None
    }
