"""Predictions in parts, for networks that hold many numbers a row."""

from collections.abc import Callable

import torch
from torch import Tensor

NUMBERS_AT_ONCE = 2**20
"""In the largest tensor of one member."""


def in_parts(predict: Callable[[Tensor, Tensor], Tensor], features: Tensor, task: Tensor, numbers: int) -> Tensor:
    """As `predict(features, task)`, which treats blocks apart, in bounded memory where no gradients are kept.

    numbers: that it holds for a row. Shapes as of `Architecture.forward`.
    """
    size = max(NUMBERS_AT_ONCE // max(features.shape[1] * numbers, 1), 1)
    if len(task) <= size:
        return predict(features, task)
    parts = zip(torch.split(features, size), torch.split(task, size), strict=True)
    return torch.cat([predict(*part) for part in parts])
