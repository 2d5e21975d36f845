"""What a network makes of the values of a hidden layer: the same for tensors, and for arrays of a few rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from scipy import special
from torch import Tensor
from torch.nn import functional

from mthn_automl.data.arrays import FloatArray

Activation = Literal["relu", "gelu", "silu", "tanh"]
Normalisation = Literal["none", "layer"]

LAYER_EPSILON: Final = 1e-5
"""Added to the variance that layer normalisation divides by; PyTorch's and ONNX's own."""

FUNCTIONS: Final = {"relu": torch.relu, "gelu": functional.gelu, "silu": functional.silu, "tanh": torch.tanh}
OF_ARRAYS: Final[dict[Activation, Callable[[FloatArray], FloatArray]]] = {
    "relu": lambda values: np.maximum(values, 0.0),
    "gelu": lambda values: 0.5 * values * (1.0 + special.erf(values * 0.5**0.5)),
    "silu": lambda values: values * special.expit(values),
    "tanh": np.tanh,
}
GAINS: Final = {"relu": 1.0, "gelu": 1.0844, "silu": 1.1855, "tanh": 1.1261}
"""So that the mean of the square is 1/2 for a standard normal, as ReLU's is; of smaller values tanh keeps more, gelu
and silu less. Source: Brock et al.: Characterizing Signal Propagation to Close the Performance Gap in Unnormalized
ResNets, ICLR 2021."""


@dataclass(frozen=True)
class Hidden:
    """Units: normalisation of the layer's values, then the activation of each, scaled by its gain.

    Attributes:
        activation: by its name.
        normalisation: of the values of one row before the activation; layer: to a mean of 0 and a variance of 1 (Ba,
            Kiros, Hinton: Layer Normalization, 2016), without weights.
        residual: whether what every hidden layer but the first has read is added to its units (He et al.: Deep Residual
            Learning for Image Recognition, CVPR 2016).

    Shape:
        (..., width) -> (..., width).

    Example:
        >>> Hidden("tanh").units(torch.zeros(2, 4, 3)).shape
        torch.Size([2, 4, 3])
    """

    activation: Activation = "relu"
    normalisation: Normalisation = "none"
    residual: bool = False

    def units(self, values: Tensor) -> Tensor:
        """Of a layer's values."""
        if self.normalisation == "layer":
            values = functional.layer_norm(values, values.shape[-1:], eps=LAYER_EPSILON)
        result: Tensor = FUNCTIONS[self.activation](values)
        return result if self.activation == "relu" else GAINS[self.activation] * result

    def units_of_array(self, values: FloatArray) -> FloatArray:
        """As `units`, of an array: for a few rows NumPy takes less time to call than torch."""
        with np.errstate(all="ignore"):  # as torch, which says nothing of what overflows
            if self.normalisation == "layer":
                centred = values - values.mean(axis=-1, keepdims=True)
                values = centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + LAYER_EPSILON)
            result = OF_ARRAYS[self.activation](values)
            return result if self.activation == "relu" else np.float32(GAINS[self.activation]) * result
