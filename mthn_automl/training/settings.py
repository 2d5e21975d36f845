"""What is searched of every network's training, whatever its architecture."""

from dataclasses import dataclass
from typing import Literal

LossWeighting = Literal["rows", "tasks", "power", "uncertainty"]


@dataclass(frozen=True)
class TrainingSettings:
    """What is searched of every network's training; see `search_spaces/shared/training.toml`."""

    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    batch_factor: float = 1.0
    patience_factor: float = 1.0
    loss_weighting: LossWeighting = "rows"
    loss_power: float = 0.5
    squash: bool = False
