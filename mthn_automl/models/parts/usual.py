"""What a usual tool gives: LightGBM with its defaults, the task as a category, the metadata joined to each row.

It is no architecture: nothing of it is searched. It is what somebody has in ten lines without this package, and stands
beside the answer of every run.
"""

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem
from mthn_automl.models.parts.gaps import rows_with, weight_of

ROUNDS = 100
"""LightGBM's own default."""

QUIET = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}


def usual_predictions(training: Dataset, asked: Sequence[Dataset], *, seed: int) -> list[FloatArray]:
    """What the usual model of some rows predicts for others.

    Several targets get a model each, from the rows that have them. Counts are learnt as rates by the Poisson loss,
    rows weighted by their exposures.

    Shape:
        rows -> (rows, targets), or (rows, classes) of probabilities.

    Example:
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=30)[0])
        >>> usual_predictions(rows, [rows], seed=0)[0].shape
        (90, 1)
    """
    classes = len(training.schema.classes)
    learnt = training.as_rates() if training.schema.problem is Problem.COUNT else training
    matrix, native = _matrix(training)
    options = {**_objective(training.schema.problem, classes), **QUIET, "seed": seed}
    boosters = [_fitted(options, matrix, target, learnt.weight, native) for target in learnt.target.T]
    return [each.exposed(_predicted(boosters, _matrix(each)[0], classes)) for each in asked]


def _objective(problem: Problem, classes: int) -> dict[str, Any]:
    if problem is Problem.COUNT:
        return {"objective": "poisson"}
    if classes == 2:
        return {"objective": "binary"}
    return {"objective": "multiclass", "num_class": classes} if classes else {"objective": "regression"}


def _matrix(rows: Dataset) -> tuple[FloatArray, list[int]]:
    """(rows, columns), the task first, and which columns are categories; missing and unknown cells are NaN."""
    tables = [rows.features]
    if rows.tasks.metadata is not None:
        tables.append(rows.tasks.metadata.take(rows.task))
    codes = np.concatenate([rows.task[:, None], *(each.codes for each in tables)], axis=1)
    numbers = np.concatenate([each.numeric for each in tables], axis=1)
    categories = np.where(codes < 0, np.nan, codes)
    return np.concatenate([categories, numbers], axis=1), list(range(codes.shape[1]))


def _fitted(
    options: dict[str, Any], matrix: FloatArray, target: FloatArray, weight: FloatArray | None, native: list[int]
) -> lightgbm.Booster:
    rows, known = rows_with(target)
    data = lightgbm.Dataset(
        matrix[rows], known, weight=weight_of(weight, rows), categorical_feature=native, params=options
    )
    return lightgbm.train(options, data, ROUNDS)


def _predicted(boosters: Sequence[lightgbm.Booster], matrix: FloatArray, classes: int) -> FloatArray:
    found = [np.asarray(booster.predict(matrix), dtype=np.float64) for booster in boosters]
    if classes == 2:
        return np.stack([1 - found[0], found[0]], axis=1)
    return found[0] if classes else np.stack(found, axis=1)
