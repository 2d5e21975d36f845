"""What one more task adds to the tables of a tree's columns, whatever stands for the task."""

import numpy as np
import pytest

from mthn_automl.models.parts.tree_columns import LARGEST_NATIVE, TaskColumn, TreeColumns
from tests.contracts import zoo


@pytest.mark.parametrize(
    ("task", "tasks", "expected"),
    [
        ("none", 5, 0),
        ("none", LARGEST_NATIVE + 1, 0),
        ("category", 5, 0),
        ("category", LARGEST_NATIVE + 1, 1),
        ("target_mean", 5, 1),
        ("target_mean", LARGEST_NATIVE + 1, 1),
    ],
)
def test_one_more_task_adds_a_mean_where_means_stand_for_tasks(task: TaskColumn, tasks: int, expected: int) -> None:
    number, random = np.repeat(np.arange(tasks), 2), np.random.default_rng(0)
    target = random.normal(size=(len(number), 1))
    dataset = zoo.build(features=zoo.table(random.normal(size=(len(number), 1))), task=number, target=target)
    assert TreeColumns.fit(dataset, target, task=task, use_metadata=False).numbers_a_task == expected
