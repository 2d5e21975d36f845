"""Datasets made from arrays, for what takes a Dataset: many tasks, numbers at random."""

import numpy as np

from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column, Problem, Schema
from mthn_automl.data.split import assign_folds
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.plan import Plan


def made_dataset(rows: int, tasks: int, features: int = 20) -> Dataset:
    """Every task has as many rows as any other, or one more; the target is a noisy sum, of each task its own."""
    random = np.random.default_rng(0)
    numeric = random.standard_normal((rows, features))
    task = random.permutation(np.arange(rows) % tasks)
    target = (numeric @ random.standard_normal(features) + random.standard_normal(tasks)[task])[:, None]
    columns = tuple(Column(f"x{number}") for number in range(features))
    names = TaskTable(tuple(f"task_{number}" for number in range(tasks)), None)
    return Dataset(
        schema=Schema("task", ("target",), Problem.REGRESSION, (), columns),
        features=Table(numeric, np.empty((rows, 0), dtype=np.int64)),
        task=task,
        target=target,
        row=np.arange(rows),
        tasks=names,
        spare=TaskTable((), None),
    )


def made_search_data(rows: int, tasks: int, plan: Plan) -> SearchData:
    dataset = made_dataset(rows, tasks)
    return SearchData(dataset, assign_folds(dataset, plan.folds, 0), "rmse", "rows")
