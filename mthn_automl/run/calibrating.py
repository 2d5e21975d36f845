"""The intervals of a run's models, from out-of-fold predictions; the sealed rows have no part in them."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem
from mthn_automl.data.splits import whole_tasks
from mthn_automl.deployment.calibration.intervals import Intervals, Residuals, intervals_of
from mthn_automl.run.models import kept_trials
from mthn_automl.run.run import Run
from mthn_automl.run.tempering import rows_held_out
from mthn_automl.training.device import choose_device
from mthn_automl.training.mean import weighted
from mthn_automl.tuning.objective import Configuration, Objective
from mthn_automl.tuning.trial_model import TrialModel

MOST_ROWS = 2000
"""Rows by which it is found how far off predictions for tasks never seen are."""

MOST_FOLDS, FEWEST_FOLDS = 5, 3
"""Of whole tasks."""

MOST_SECONDS, MOST_SHARE = 8.0, 0.25
"""Seconds that all trials in such folds may take together, as foreseen, and of the time that a run has left."""


OWN = "mthn_automl."
"""Whose architectures are fitted in this process: others may do there what ends it, and cost a worker alone."""


@dataclass(frozen=True)
class AsIfNew:
    """What a trial predicts for rows whose task it is not told.

    Attributes:
        prediction: (rows, outputs).
        measured: whether the models that made it knew no row of the task; else they knew others of its rows.
        seconds: that it took.
    """

    prediction: FloatArray = field(repr=False)
    measured: bool
    seconds: float


Hidden = dict[str, AsIfNew]
"""By trial."""


def intervals(
    run: Run,
    members: Sequence[tuple[TrialModel, float]],
    held_out: FloatArray | None,
    hidden: Hidden,
    *,
    again: bool = True,
) -> Intervals | None:
    """Of a model of numbers; None of one of classes, or whose out-of-fold predictions are lost.

    Where every row was predicted by models that knew no row of its task, it tells of tasks never seen. Otherwise the
    trials of the members are made again in folds of whole tasks, where that takes seconds; with all members so these
    are measured. Of other members they are estimated: each fold's model is asked for rows that it was not trained on as
    if their task were a new one with the same metadata, and the larger one of both residuals is taken. That is no
    guarantee: where the metadata of a task tell it from all others, its other rows have told the model all.

    Args:
        members: of the model, with their weights.
        held_out: (rows held out, outputs) its out-of-fold predictions.
        hidden: of trials that were asked before; those of `members` are added.
        again: whether the members are trials of the run, which can be made again.
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
            left = MOST_SECONDS - sum(each.seconds for each in hidden.values()) if again else 0.0
            hidden[model.trial] = _as_if_new(run, model, rows[some], left)
    asked = [hidden[model.trial] for model, _ in members]
    new = _residuals(data, rows[some], weighted([each.prediction for each in asked], [weight for _, weight in members]))
    if all(each.measured for each in asked):
        return intervals_of(found, new, tasks, counts=counts, source="measured")
    return intervals_of(found, _farther(new, held_out[some]), tasks, counts=counts, source="estimated")


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


def _as_if_new(run: Run, model: TrialModel, rows: IntArray, most: float) -> AsIfNew:
    """As if the task of each row were a new one. most: seconds that its trial may take once more."""
    began = time.perf_counter()
    found = _in_folds_of_whole_tasks(run, model, rows, most) if most > 0 else None
    if found is not None:
        return AsIfNew(found, True, time.perf_counter() - began)
    return AsIfNew(_not_told(run, model, rows), False, time.perf_counter() - began)


def _in_folds_of_whole_tasks(run: Run, model: TrialModel, rows: IntArray, most: float) -> FloatArray | None:
    """(rows, outputs) by the trial made again, of models that knew other tasks; None where that cannot be, or is long.

    most: seconds.
    """
    result, data = dict(kept_trials(run, model.name)).get(model.number), run.data
    folds, left = min(MOST_FOLDS, whole_tasks.most_folds(data.dataset)), run.clock.unused()
    most = most if left is None else min(most, MOST_SHARE * left)
    if result is None or folds < FEWEST_FOLDS or result.seconds * folds / run.plan.folds > most:
        return None
    if not _may_fit(run) or not model.file.class_path.startswith(OWN):
        return None
    settings, training = run.studies[model.name].space.split(result.settings)
    asked = Configuration(model.file, settings, training, run.options.seed)
    plan = replace(run.plan, folds=folds, schedule=replace(run.plan.schedule, rungs=()))
    fold = whole_tasks.deal(data.dataset, folds, run.options.seed)
    with suppress(Exception):  # as a trial that fails: what is left is the estimate
        found = Objective(replace(data, fold=fold), plan, device="cpu")(asked, time.time() + most)
        return None if found.result.stopped_by_time else found.out_of_fold()[rows]
    return None


def _may_fit(run: Run) -> bool:
    """Whether rows may be dealt by tasks, trials are made on this kind of device, and nobody waits for the end."""
    on_processor = choose_device(run.options.device).type == "cpu"
    return run.prepared.sealed.usual and on_processor and run.interruption.number is None


def _not_told(run: Run, model: TrialModel, rows: IntArray) -> FloatArray:
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
