"""What is stored of every classical model, beside what it has learnt."""

from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.encoding import Encoder
from mthn_automl.models.parts.probabilities import Classes


@dataclass(frozen=True)
class Frame:
    """As `Classical` describes its attributes."""

    encoder: Encoder
    classes: Classes | None
    trained: IntArray | None

    def __post_init__(self) -> None:
        if self.trained is not None and not (
            self.trained.dtype == np.int64 and self.trained.ndim == 1 and (np.diff(self.trained, prepend=-1) > 0).all()
        ):
            raise ValueError("the numbers of the tasks trained on must be whole, from 0 on and rising")
