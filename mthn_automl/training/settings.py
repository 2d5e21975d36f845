"""What is searched of every network's training, whatever its architecture."""

from dataclasses import dataclass
from typing import Literal

LossWeighting = Literal["rows", "tasks", "power", "uncertainty"]


@dataclass(frozen=True)
class TrainingSettings:
    """See `search_spaces/shared/training.toml` for the ranges.

    Attributes:
        learning_rate: of AdamW.
        weight_decay: of AdamW.
        batch_factor: times the rows a step that the plan gives.
        patience_factor: times the epochs without progress that the plan gives.
        loss_weighting: what a row counts: as any other, as 1 / the rows of its task, as a power of that, or as 1 / the
            running loss of its task.
        loss_power: that power.
        target_scale: whether targets are learnt as they are, or their logarithms; of classical models, too.
        squash: whether features are scaled by medians and quartiles and drawn in.
    """

    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    batch_factor: float = 1.0
    patience_factor: float = 1.0
    loss_weighting: LossWeighting = "rows"
    loss_power: float = 0.5
    squash: bool = False
    target_scale: Literal["as_is", "log"] = "as_is"
