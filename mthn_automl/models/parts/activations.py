"""What stands between two layers, scaled so that each function keeps as much of a signal as ReLU does.

Source of the scaling: Brock et al.: Characterizing Signal Propagation to Close the Performance Gap in Unnormalized
ResNets, ICLR 2021.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Activation = Literal["relu", "gelu", "silu", "tanh"]

FUNCTIONS = {"relu": torch.relu, "gelu": functional.gelu, "silu": functional.silu, "tanh": torch.tanh}
GAINS = {"relu": 1.0, "gelu": 1.0844, "silu": 1.1855, "tanh": 1.1261}
"""So that the mean of the square is 1/2 for a standard normal, as ReLU's is; of smaller numbers tanh
keeps more, gelu and silu less."""


def activate(values: Tensor, activation: Activation) -> Tensor:
    """The function of each number, scaled by its gain."""
    result: Tensor = FUNCTIONS[activation](values)
    return result if activation == "relu" else GAINS[activation] * result
