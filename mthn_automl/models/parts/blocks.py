"""How blocks of rows, each of one task, are computed without making anything twice or holding too much at once."""

from collections.abc import Callable

import torch
from torch import Tensor

FETCHING_PAYS = 1.5
"""Blocks a task from which fetching what was made for it is cheaper than making it again (measured)."""

VALUES_AT_ONCE = 2**20
"""In the largest tensor of one member."""


def of_blocks(make: Callable[[Tensor], Tensor], task: Tensor, tasks: int) -> Tensor:
    """`make` of the task of each block; where tasks have several blocks each, once a task, then fetched.

    Shape:
        task (blocks,) -> (blocks, ...), where `make` is (tasks,) -> (tasks, ...). tasks: how many are known.

    Example:
        >>> of_blocks(lambda task: 10 * task, torch.tensor([1, 0, 1]), tasks=2)
        tensor([10,  0, 10])
    """
    if FETCHING_PAYS * tasks > len(task):
        return make(task)
    return make(torch.arange(tasks, device=task.device)).index_select(0, task)


def in_parts(predict: Callable[[Tensor, Tensor], Tensor], features: Tensor, task: Tensor, row_values: int) -> Tensor:
    """As `predict(features, task)`, which treats blocks apart, in bounded memory where no gradients are kept.

    Shape:
        as of `Architecture.forward`. row_values: how many values `predict` holds for a row.

    Example:
        >>> in_parts(lambda rows, task: rows + 1.0, torch.zeros(4, 2, 3), torch.arange(4), row_values=2**18).shape
        torch.Size([4, 2, 3])
    """
    size = max(VALUES_AT_ONCE // max(features.shape[1] * row_values, 1), 1)
    if len(task) <= size:
        return predict(features, task)
    parts = zip(torch.split(features, size), torch.split(task, size), strict=True)
    return torch.cat([predict(*part) for part in parts])
