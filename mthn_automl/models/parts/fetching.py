"""What is made of a task's description, for blocks of rows."""

from collections.abc import Callable

import torch
from torch import Tensor

FETCHING_PAYS = 1.5
"""Blocks a task from which fetching what was made for it is cheaper than making it again (measured)."""


def of_blocks(make: Callable[[Tensor], Tensor], task: Tensor, known: int) -> Tensor:
    """`make` of the task of each block; where tasks have several blocks each, once a task, then fetched.

    known: number of tasks. `make`: task numbers (tasks,) -> (tasks, ...).
    """
    if FETCHING_PAYS * known > len(task):
        return make(task)
    return make(torch.arange(known, device=task.device)).index_select(0, task)
