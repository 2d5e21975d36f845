"""What is stored of every classical model, beside what it has learnt."""

from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.encoding import Encoder
from mthn_automl.models.parts.added import AddedTasks
from mthn_automl.models.parts.probabilities import Classes


@dataclass(frozen=True)
class Frame:
    """As `Classical` describes its attributes.

    Shape:
        trained (tasks with training rows,) int64.

    Example:
        >>> refuse_other_tasks(np.array([0, 2, 3]))
        >>> refuse_other_tasks(np.array([2, 0]))
        Traceback (most recent call last):
        ...
        ValueError: 'trained' must hold the numbers of tasks, whole ones from 0 on and rising
    """

    encoder: Encoder
    classes: Classes | None
    trained: IntArray | None
    added: AddedTasks | None = None

    def __post_init__(self) -> None:
        refuse_other_tasks(self.trained)


def refuse_other_tasks(trained: IntArray | None) -> None:
    """Raise a ValueError where what is stored cannot be the numbers of the tasks that a model was trained on."""
    if trained is not None and not (
        trained.dtype == np.int64 and trained.ndim == 1 and len(trained) and (np.diff(trained, prepend=-1) > 0).all()
    ):
        raise ValueError("'trained' must hold the numbers of tasks, whole ones from 0 on and rising")
