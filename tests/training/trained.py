"""What tests need of a training at once: rows encoded for networks, and a training without its pauses."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import FitResult, Training, drained
from mthn_automl.training.scaled import Scaled
from mthn_automl.training.tensors import ScaledTensor
from mthn_automl.tuning.objective import train_in_steps


def encode_all(dataset: Dataset, flags: Flags) -> TrainingData:
    """One fold that trains on every row and validates on none."""
    return encode(dataset, np.full(len(dataset), -1), flags)


def seen(scaled: Scaled, fold: int, rows: IntArray) -> Tensor:
    """(rows, width) as networks of the fold see them."""
    cpu = torch.device("cpu")
    return ScaledTensor.of(scaled, cpu).take(torch.from_numpy(rows).reshape(1, 1, -1), torch.tensor([fold]))[0, 0]


def fit(*given: Any, **options: Any) -> FitResult:
    """All of a `Training`, whatever its arguments."""
    return drained(Training(*given, **options).steps())


def train(*given: Any, **options: Any) -> FitResult:
    """All of `train_in_steps`, whatever its arguments."""
    return drained(train_in_steps(*given, **options))
