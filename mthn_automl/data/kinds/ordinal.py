"""One of several classes in an order, such as grades, by the cumulative link model.

Source: McCullagh: Regression Models for Ordinal Data, JRSS B 1980: P(class > k) = sigmoid(f(x) - threshold k). Networks
have it from Vargas, Gutierrez, Hervas-Martinez: Cumulative link models for deep ordinal classification, Neurocomputing
2020; here a network writes its location f(x) and, instead of thresholds that all rows share, the steps between them.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.kind import Kind
from mthn_automl.data.scaling import Scaling

if TYPE_CHECKING:
    from torch import Tensor

LEAST_STEP = 1e-3
"""Between the logits of two neighbouring classes, so that none is impossible."""


@final
class Ordinal(Kind):
    """A network writes the middle one of the logits of P(class > k), and by softplus how far apart the others are."""

    metric = "log_loss"
    loss_metric = "log_loss"
    fewest: ClassVar[int] = 2
    most: ClassVar[int] = sys.maxsize

    def refuse_names(self, names: Sequence[str]) -> str:
        wrong = next((name for name in names if _number(name) is None), None)
        return "" if wrong is None else f"'{wrong}' is none"

    def ordered(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=lambda name: (float(name), name)))

    def outputs(self, targets: int, classes: int) -> int:
        return classes - 1

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """The negative logarithm of s(a) - s(b), with s the sigmoid and a > b, which is s(a) s(-b) (1 - e^(b - a))."""
        import torch
        from torch.nn import functional

        logits, steps = _logits(output)
        far = logits.new_full((*logits.shape[:-1], 1), torch.inf)
        above, below = (functional.logsigmoid(torch.cat(each, dim=-1)) for each in ((far, logits), (-logits, far)))
        ends = torch.zeros_like(logits[..., :1])
        between = torch.cat([ends, torch.log(-torch.expm1(-steps)), ends], dim=-1)
        return -(above + below + between).gather(-1, target.long())

    def prediction(self, output: FloatArray, scaling: Scaling) -> FloatArray:
        import torch

        logits, _ = _logits(torch.from_numpy(output).double())
        above = torch.sigmoid(logits).numpy()
        ends = np.ones((*above.shape[:-1], 1))
        return np.asarray(np.concatenate([ends, above], axis=-1) - np.concatenate([above, 0.0 * ends], axis=-1))


def _logits(output: "Tensor") -> "tuple[Tensor, Tensor]":
    """Of P(class > k), falling with k, and the steps between them: (..., classes - 1), (..., classes - 2)."""
    import torch
    from torch.nn import functional

    middle = (output.shape[-1] - 1) // 2
    steps = functional.softplus(torch.cat([output[..., :middle], output[..., middle + 1 :]], dim=-1)) + LEAST_STEP
    fallen = torch.cat([torch.zeros_like(output[..., :1]), torch.cumsum(steps, dim=-1)], dim=-1)
    return output[..., middle : middle + 1] + fallen[..., middle : middle + 1] - fallen, steps


def _number(name: str) -> float | None:
    try:
        number = float(name)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


KIND = Ordinal()
