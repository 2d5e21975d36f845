"""Dropout whose mask is a pure function of an integer that the training engine draws.

Source: Srivastava et al.: Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014.
"""

import math

import torch
from torch import Tensor, nn

SPREAD, FIRST, SECOND, THIRD = -1640531535, -2048144789, -1028477379, 1540483477
"""Odd 32-bit constants: of Fibonacci hashing, of the finaliser of MurmurHash3, and of MurmurHash2."""


class Dropout(nn.Module):
    """In training, sets a share of the values to zero and scales the others up, so that their mean stays.

    The mask is a hash of each value's index, of `site` and of the buffer `draw`, which the engine renews before
    every step from the member's own random stream: so a member of a pack is trained as it would be alone.

    Shape:
        any -> the same.

    Example:
        >>> dropout = Dropout(0.5).eval()
        >>> dropout(torch.ones(2, 3)).sum()
        tensor(6.)
    """

    draw: Tensor

    def __init__(self, share: float) -> None:
        """share: below 1."""
        super().__init__()
        self.share = share
        if share > 0.0:
            self.register_buffer("draw", torch.zeros((), dtype=torch.int32))

    def forward(self, values: Tensor, site: int = 0, *, stacked: int = 0) -> Tensor:
        """site: tells apart the layers after which one module is used.

        stacked: how many leading dimensions are not of rows, such as experts: the number of blocks follows those, and
        what a row loses must not depend on how many blocks there are.
        """
        if self.share == 0.0 or not self.training:
            return values
        return values * (self._uniform(values, site, stacked) >= self.share) * (1.0 / (1.0 - self.share))

    def _uniform(self, values: Tensor, site: int, stacked: int) -> Tensor:
        """Of the shape of `values`, in [0, 1)."""
        mixed = _indices(values.shape[stacked:], values.device) * SPREAD + self.draw + site * 7919
        if stacked:
            layer = _indices(values.shape[:stacked], values.device) * THIRD
            mixed = mixed ^ layer.reshape(*values.shape[:stacked], *[1] * (values.ndim - stacked))
        for constant in (FIRST, SECOND):
            mixed = (mixed ^ (mixed >> 15)) * constant
        return (mixed >> 8 & 0xFFFF).to(values.dtype) / 0x10000


def _indices(shape: torch.Size, device: torch.device) -> Tensor:
    """From 0 on, of the shape given."""
    return torch.arange(math.prod(shape), dtype=torch.int32, device=device).reshape(shape)
