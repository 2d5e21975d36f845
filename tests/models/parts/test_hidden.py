"""Hidden units of tensors and of arrays are the same function."""

from itertools import product
from typing import get_args

import numpy as np
import pytest
import torch
from torch.nn import functional

from mthn_automl.models.parts.hidden import GAINS, Activation, Hidden, Normalisation

EVERY = list(product(get_args(Activation), get_args(Normalisation)))


@pytest.mark.parametrize(("activation", "normalisation"), EVERY)
def test_arrays_have_the_units_that_tensors_have(activation: Activation, normalisation: Normalisation) -> None:
    hidden = Hidden(activation, normalisation)
    values = torch.cat([10.0 * torch.randn(4, 5, 8), torch.full((1, 5, 8), 200.0), torch.full((1, 5, 8), -200.0)])
    found = hidden.units_of_array(values.numpy())
    assert found.dtype == np.float32
    torch.testing.assert_close(torch.from_numpy(found), hidden.units(values), rtol=1e-5, atol=1e-5)


def test_units_are_normalised_first_then_activated_then_scaled() -> None:
    values = torch.randn(3, 8)
    normal = (values - values.mean(dim=1, keepdim=True)) / (values.var(dim=1, keepdim=True, correction=0) + 1e-5).sqrt()
    expected = GAINS["silu"] * functional.silu(normal)
    torch.testing.assert_close(Hidden("silu", "layer").units(values), expected)
