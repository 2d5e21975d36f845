"""Counts of events, or other amounts that are never negative, by the Poisson deviance of their rate.

The mean is rate x exposure, and models learn the logarithm of the rate: McCullagh, Nelder: Generalized Linear Models,
1989, chapter 6. Without an exposure it is 1 in every row.
"""

from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.kind import Kind
from mthn_automl.data.scaling import Scaling

if TYPE_CHECKING:
    from torch import Tensor

    from mthn_automl.data.dataset import Dataset

FARTHEST = 15.0
"""That the logarithm of a rate can be from that of the mean rate: beyond, single precision and belief end."""


@final
class Count(Kind):
    """The target is in units of the mean rate; a network writes the logarithm of the rate in these units."""

    metric = "poisson_deviance"
    loss_metric = "poisson_deviance"
    least: ClassVar[float] = 0.0

    def scaling(self, training: "Dataset") -> Scaling:
        """The mean rate is that of all events to all exposures, as rows are weighted."""
        if len(training) == 0:
            return super().scaling(training)
        rates = training.as_rates()
        return Scaling.of(np.zeros(rates.target.shape[1]), np.average(rates.target, axis=0, weights=rates.weight))

    def outputs(self, targets: int, classes: int) -> int:
        return targets

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Half the unit deviance of the last column's exposure: m - y + y log(y / m), which is 0 where m = y."""
        from torch import xlogy

        counted, exposure = target[..., :-1], target[..., -1:]
        rate = output.clamp(-FARTHEST, FARTHEST)
        mean = exposure * rate.exp()
        return mean - counted + xlogy(counted, counted / exposure) - counted * rate

    def prediction(self, output: FloatArray, scaling: Scaling) -> FloatArray:
        return scaling.undone(np.exp(np.clip(output.astype(np.float64), -FARTHEST, FARTHEST)))


KIND = Count()
