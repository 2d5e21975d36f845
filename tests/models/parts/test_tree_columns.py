"""What one more task adds to the tables of a tree's columns, whatever stands for the task."""

import numpy as np
import pytest

from mthn_automl.models.parts.tree_columns import TaskColumn, TreeColumns
from tests.contracts import zoo

MANY = 12


@pytest.mark.parametrize("task", ["none", "category", "target_mean", "both"])
def test_one_more_task_adds_a_mean_where_means_stand_for_tasks(task: TaskColumn) -> None:
    for tasks in (5, MANY):
        number, random = np.repeat(np.arange(tasks), 2), np.random.default_rng(0)
        target = random.normal(size=(len(number), 1))
        dataset = zoo.build(features=zoo.table(random.normal(size=(len(number), 1))), task=number, target=target)
        found = TreeColumns.fit(dataset, target, task=task, use_metadata=False, most_native=MANY - 1)
        by_mean = task in ("target_mean", "both") or (task == "category" and tasks == MANY)
        assert found.values_a_task == int(by_mean)
        assert found.parameters == (tasks + 1 if by_mean else 0)
        assert found.levels == ((tasks,) if task in ("category", "both") and tasks < MANY else ())
