"""One of several classes that have no order, by cross-entropy."""

import sys
from typing import TYPE_CHECKING, ClassVar, final

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.kind import Kind
from mthn_automl.data.scaling import Scaling

if TYPE_CHECKING:
    from torch import Tensor


@final
class Multiclass(Kind):
    """A network writes a logit a class."""

    metric = "log_loss"
    loss_metric = "log_loss"
    fewest: ClassVar[int] = 2
    most: ClassVar[int] = sys.maxsize

    def outputs(self, targets: int, classes: int) -> int:
        return classes

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        from torch.nn import functional

        return -functional.log_softmax(output, dim=-1).gather(-1, target.long())

    def prediction(self, output: FloatArray, scaling: Scaling) -> FloatArray:
        import torch

        return torch.softmax(torch.from_numpy(output).double(), dim=-1).numpy()


KIND = Multiclass()
