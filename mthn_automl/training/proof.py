"""Whether a model that was read answers as one of its data must: a prediction of a few rows, before it is believed."""

from collections.abc import Sequence
from copy import copy

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column, Schema
from mthn_automl.models.base import Classical
from mthn_automl.training.mean import mean_of
from mthn_automl.training.networks import Networks


def prove(models: Sequence[Networks | Classical], schema: Schema, tasks: TaskTable, spare: TaskTable) -> None:
    """Predict for the first task, the last one and one never seen, with all that a column can hold.

    What points beyond its tables, or has another width than the data, shows here and not at a user's row. The models
    themselves keep nothing of it, so that their first answer is the same to the last digit.

    Raises:
        ValueError: predictions of another shape, or that are no numbers. Whatever else the model raises.
    """
    rows = _rows(schema, tasks, spare)
    found = mean_of([copy(each) for each in models], tasks=len(tasks)).predict(rows)
    if found.shape != (len(rows), schema.outputs):
        raise ValueError(f"it predicts {found.shape[1:]} numbers a row, and {schema.outputs} are wanted")
    if not np.isfinite(found).all():
        raise ValueError("it predicts what is no finite number")


def _rows(schema: Schema, tasks: TaskTable, spare: TaskTable) -> Dataset:
    """Three rows: lowest numbers and first categories; highest and last; missing and unknown."""
    metadata = _ends(schema.metadata)
    unseen = TaskTable(("",), metadata.take(np.array([2])) if tasks.metadata is not None else None)
    known = len(tasks)
    return Dataset(
        schema,
        _ends(schema.features),
        np.array([0, known - 1, known]),
        np.empty((3, 0)),
        np.arange(3),
        tasks.joined(unseen),
        spare,
    )


def _ends(columns: tuple[Column, ...]) -> Table:
    numbers = [_numbers(each) for each in columns if each.numeric]
    codes = [_codes(len(each.categories)) for each in columns if each.categories is not None]
    return Table(
        np.array(numbers, dtype=np.float64).reshape(len(numbers), 3).T,
        np.array(codes, dtype=np.int64).reshape(len(codes), 3).T,
    )


def _codes(categories: int) -> list[int]:
    return [min(0, categories - 1), categories - 1, -1]


def _numbers(column: Column) -> FloatArray:
    low, high = column.range or (np.nan, np.nan)
    return np.array([low, high, np.nan])
