"""Datasets made from arrays or as files would have them: many tasks, numbers at random."""

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column, Problem, Schema
from mthn_automl.data.splits import within_tasks
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
        schema=Schema(("task",), ("target",), Problem.REGRESSION, (), columns),
        features=Table(numeric, np.empty((rows, 0), dtype=np.int64)),
        task=task,
        target=target,
        row=np.arange(rows),
        tasks=names,
        spare=TaskTable((), None),
    )


def made_frames(
    rows: int, tasks: int, features: int = 3, seed: int = 0, *, classes: int = 0, targets: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Data and metadata of tasks of unequal size whose slopes and waves follow two metadata and two hidden numbers.

    The noise has 0.7 times the standard deviation of all else. classes: equally frequent, by the target's rank; 0: the
    target itself. targets: the first, and sums of features beside it.
    """
    random = np.random.default_rng(seed)
    metadata, hidden = random.standard_normal((2, tasks, 2))
    described = np.concatenate([metadata, hidden], axis=1)
    share = random.lognormal(0.0, 0.5, tasks)
    task = np.concatenate([np.arange(tasks), random.choice(tasks, rows - tasks, p=share / share.sum())])
    x = random.standard_normal((rows, features))
    slope, wave = described @ random.standard_normal((2, 4, features))
    of_task = described @ random.standard_normal(4)
    target = (slope[task] * x).sum(axis=1) + np.sin(x * (1 + wave[task] / 2)).sum(axis=1) + of_task[task]
    target = target + 0.7 * target.std() * random.standard_normal(rows)
    if classes:
        target = np.array([f"class {number}" for number in target.argsort().argsort() * classes // rows])
    names = np.array([f"task_{number}" for number in range(tasks)])
    columns = {f"x{number}": x[:, number] for number in range(features)}
    more = {f"target{number}": x @ random.standard_normal(features) + of_task[task] for number in range(1, targets)}
    meta = {f"m{number}": metadata[:, number] for number in range(2)}
    return pd.DataFrame({"task": names[task], **columns, "target": target, **more}), pd.DataFrame(
        {"task": names, **meta}
    )


def made_search_data(rows: int, tasks: int, plan: Plan) -> SearchData:
    dataset = made_dataset(rows, tasks)
    return SearchData(dataset, within_tasks.deal(dataset, plan.folds, 0), "rmse", "rows")
