"""Simple rivals made of our own models, without a search: five pooled networks, kernel models, linear models."""

import time
from typing import Final

import numpy as np
import torch
from accuracy_methods import Job, Outcome

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.scoring import default_metric, error_over_rows, metric_named
from mthn_automl.data.splits import within_tasks
from mthn_automl.errors import MthnError
from mthn_automl.training.encode import encode
from mthn_automl.training.fit import Schedule, drained
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.fold_fits import fit_classical
from mthn_automl.tuning.objective import (
    Configuration,
    fold_members,
    prepare_process,
    train_in_steps,
)
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.space import build_space

FOLDS: Final = 5
CANDIDATES: Final = {"kernel": ("kernel_ridge", "gaussian_process"), "linear": ("ridge", "mixed_effects")}
STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 6000, 30, 1000
BATCHES: Final = (64, 2048)
ENOUGH: Final = 240.0
"""Seconds after which no further settings are tried once some are fitted: twice what the timed methods have."""


def run(job: Job) -> dict[str, Outcome]:
    prepare_process()
    known = job.given.dataset()
    test = job.given.tested(known)
    folds = within_tasks.deal(known, FOLDS, job.split)
    if job.name == "pooled5":
        found, cv_error, notes = pooled(known, test, folds, job.split)
    else:
        found, cv_error, notes = best_of(CANDIDATES[job.name], known, test, folds, job.split)
    prediction = np.zeros((len(job.given.rows), known.schema.outputs))  # rows without a target are not tested
    prediction[test.row] = found
    return {job.name: Outcome(prediction, time.time(), cv_error, notes=tuple(notes))}


def pooled(known: Dataset, test: Dataset, folds: IntArray, seed: int) -> tuple[FloatArray, float, list[str]]:
    """The mean of one network a fold, each stopped by the rows of its own fold and restored to its best epoch."""
    configuration = starts("pooled", known, seed)[0]
    data = encode(known, folds, Flags.of(known))
    schedule = schedule_for(len(known))
    plan = Plan(FOLDS, 1, schedule)
    members = fold_members(plan, seed, FOLDS)
    fitted = drained(train_in_steps(configuration, data, members, plan, None))
    out_of_fold, sums = np.full((len(known), known.schema.outputs), np.nan), 0.0
    for number, encoder in enumerate(data.encoders):
        network = Networks(fitted.pack.select(torch.tensor([number])), encoder, data.problem)
        rows = data.validation[number]
        out_of_fold[rows] = network.predict(known.take(rows))
        sums = sums + network.predict(test)
    return np.asarray(sums) / FOLDS, error(known, out_of_fold), [f"Epochs: {', '.join(map(str, fitted.epochs))}."]


def best_of(
    names: tuple[str, ...], known: Dataset, test: Dataset, folds: IntArray, seed: int
) -> tuple[FloatArray, float, list[str]]:
    """The first settings of these architectures: the best by cross-validation is fitted on all rows.

    Raises:
        MthnError: none could be fitted.
    """
    flags, found, notes = Flags.of(known), list[tuple[float, int, Configuration]](), list[str]()
    candidates = [each for name in names for each in starts(name, known, seed)]
    failure: MthnError | None = None
    began = time.monotonic()
    for number, configuration in enumerate(candidates):
        if found and time.monotonic() - began > ENOUGH:
            notes.append(f"{len(candidates) - number} settings were not tried: {ENOUGH:.0f} s had passed.")
            break
        try:
            found.append((_cross_validated(configuration, known, folds, flags), number, configuration))
        except MthnError as reason:
            failure = reason
            notes.append(f"{configuration.file.name}: {reason}")
    if not found:
        raise failure or MthnError("There are no settings to try.")
    cv_error, _, best = min(found)
    notes.insert(0, f"The best of {len(found)} is {best.file.name} with {best.settings}.")
    return fit_classical(best, known, flags).predict(test), cv_error, notes


def starts(name: str, known: Dataset, seed: int) -> list[Configuration]:
    """The first trials of an architecture."""
    file = catalogue.read(name)
    space = build_space(file, has_metadata=known.tasks.metadata is not None)
    return [Configuration(file, *space.split(each), seed=seed) for each in space.starts]


def schedule_for(rows: int) -> Schedule:
    """Fixed here, so that a change of the search's plan does not move a rival."""
    batch = min(BATCHES[1], max(BATCHES[0], 2 ** round(np.log2(max(rows, 1) / 2))))
    epochs = round(min(MOST_EPOCHS, max(FEWEST_EPOCHS, STEPS / max(1.0, rows / batch))))
    patience = max(10, epochs * 6 // 100)
    return Schedule(batch=batch, max_epochs=epochs, patience=patience, check_every=max(1, patience // 20))


def error(known: Dataset, out_of_fold: FloatArray) -> float:
    rows = np.isfinite(out_of_fold).all(axis=1)
    metric = metric_named(default_metric(known.schema.problem))
    return error_over_rows(metric, known.target[rows], out_of_fold[rows])


def _cross_validated(configuration: Configuration, known: Dataset, folds: IntArray, flags: Flags) -> float:
    out_of_fold = np.full((len(known), known.schema.outputs), np.nan)
    for number in range(FOLDS):
        model = fit_classical(configuration, known.take(np.flatnonzero(folds != number)), flags)
        rows = np.flatnonzero(folds == number)
        out_of_fold[rows] = model.predict(known.take(rows))
    return error(known, out_of_fold)
