"""The intervals of a run's models, from out-of-fold predictions; the sealed rows have no part in them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.calibration.intervals import Intervals, Residuals, intervals_of
from mthn_automl.run.run import Run
from mthn_automl.run.tempering import rows_held_out
from mthn_automl.training.mean import weighted
from mthn_automl.tuning.trial_model import TrialModel

MOST_ROWS = 2000
"""Rows by which it is estimated how far off predictions for tasks never seen are."""

Hidden = dict[str, FloatArray]
"""What trials predict for rows whose task they are not told, by trial."""


def intervals(
    run: Run, members: Sequence[tuple[TrialModel, float]], held_out: FloatArray | None, hidden: Hidden
) -> Intervals | None:
    """Of a model of numbers; None of one of classes, or whose out-of-fold predictions are lost.

    Where every row was predicted by models that knew no row of its task, it tells of tasks never seen. Otherwise these
    are estimated: each fold's model is asked for rows that it was not trained on as if their task were a new one with
    the same metadata, and the larger one of both residuals is taken.

    Args:
        members: of the model, with their weights.
        held_out: (rows held out, outputs) its out-of-fold predictions.
        hidden: of trials that were asked before; those of `members` are added.
    """
    data, rows = run.data.dataset, rows_held_out(run)
    if held_out is None or data.schema.classes:
        return None
    counts, tasks = data.schema.problem is Problem.COUNT, len(data.tasks)
    found = _residuals(data, rows, held_out)
    if not _task_known(run).any():
        return intervals_of(None, found, tasks, counts=counts, source="measured")
    if data.schema.wide:
        return intervals_of(found, None, tasks, counts=counts, source="unknown")
    some = _some_of_each_task(data.task[rows])
    for model, _ in members:
        if model.trial not in hidden:
            hidden[model.trial] = _as_if_new(run, model, rows[some])
    told = weighted([hidden[model.trial] for model, _ in members], [weight for _, weight in members])
    new = _farther(_residuals(data, rows[some], told), held_out[some])
    return intervals_of(found, new, tasks, counts=counts, source="estimated")


def _residuals(data: Dataset, rows: IntArray, prediction: FloatArray) -> Residuals:
    return Residuals(data.target[rows], prediction, data.task[rows], None if data.weight is None else data.weight[rows])


def _task_known(run: Run) -> np.ndarray:
    """(rows held out,) whether the model that predicted a row had rows of its task."""
    fold, task = run.data.fold, run.data.dataset.task
    known = np.zeros(len(fold), dtype=bool)
    for number in np.unique(fold[fold >= 0]):
        training = fold < number if run.data.forward else fold != number
        known[fold == number] = np.isin(task[fold == number], task[training])
    return known[rows_held_out(run)]


def _some_of_each_task(task: IntArray) -> IntArray:
    """Places of as many rows of each task as there is room for, drawn with the same luck each time."""
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(task))
    turn = np.empty(len(task), dtype=np.int64)
    order = shuffled[np.argsort(task[shuffled], kind="stable")]
    starts = np.searchsorted(task[order], task[order])
    turn[order] = np.arange(len(task)) - starts
    first = shuffled[np.argsort(turn[shuffled], kind="stable")]
    return np.sort(first[:MOST_ROWS])


def _as_if_new(run: Run, model: TrialModel, rows: IntArray) -> FloatArray:
    """(rows, outputs) by the model of each row's fold, where there is one, as if the row's task were a new one."""
    data, fold = run.data.dataset, run.data.fold[rows]
    some = data.take(rows)
    some = replace(some, task=some.task + len(data.tasks), tasks=data.tasks.joined(data.tasks))
    if len(model.models) <= int(run.data.fold.max()):
        return model.predict(some)
    found = np.empty((len(rows), data.schema.outputs))
    for number in np.unique(fold):
        of_fold = np.flatnonzero(fold == number)
        found[of_fold] = model.models[number].predict(some.take(of_fold))
    return found


def _farther(hidden: Residuals, held_out: FloatArray) -> Residuals:
    """With that one of two predictions of each target that lies farther from it: not to be told helps no model."""
    farther = np.abs(hidden.target - hidden.prediction) >= np.abs(hidden.target - held_out)
    return replace(hidden, prediction=np.where(farther, hidden.prediction, held_out))
