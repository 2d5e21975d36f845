"""Numbers of any size, by their squared errors."""

from typing import TYPE_CHECKING, ClassVar, final

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.kind import Kind
from mthn_automl.data.scaling import Scaling, moments

if TYPE_CHECKING:
    from torch import Tensor

    from mthn_automl.data.dataset import Dataset


@final
class Regression(Kind):
    """Targets are standardised; a network writes each of them."""

    metric = "rmse"
    loss_metric = "mse"
    several: ClassVar[bool] = True

    def scaling(self, training: "Dataset") -> Scaling:
        return Scaling.of(*moments(training.target, training.weight))

    def outputs(self, targets: int, classes: int) -> int:
        return targets

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        return (output - target).square()

    def prediction(self, output: FloatArray, scaling: Scaling) -> FloatArray:
        return scaling.undone(output)


KIND = Regression()
