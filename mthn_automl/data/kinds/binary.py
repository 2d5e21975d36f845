"""One of two classes, by cross-entropy."""

from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.kind import Kind
from mthn_automl.data.scaling import Scaling

if TYPE_CHECKING:
    from torch import Tensor


@final
class Binary(Kind):
    """A network writes the logit of the second class."""

    metric = "log_loss"
    loss_metric = "log_loss"
    fewest: ClassVar[int] = 2
    most: ClassVar[int] = 2

    def outputs(self, targets: int, classes: int) -> int:
        return 1

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        from torch.nn import functional

        return functional.binary_cross_entropy_with_logits(output, target, reduction="none")

    def prediction(self, output: FloatArray, scaling: Scaling) -> FloatArray:
        import torch

        second = torch.sigmoid(torch.from_numpy(output).double()).numpy()
        return np.concatenate([1.0 - second, second], axis=-1)


KIND = Binary()
