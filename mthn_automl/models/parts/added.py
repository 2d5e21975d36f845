"""What is added to the scores of a classical model for tasks that were added after its training."""

from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, TaskTable


@dataclass(frozen=True)
class AddedTasks:
    """Effects of tasks that follow those of training.

    Shape:
        columns (rows, columns), task (rows,) -> (rows, outputs).

    Example:
        >>> added = AddedTasks(first=3, effects=np.ones((2, 1, 1)))
        >>> added.of(np.array([0, 4, 5]))
        array([False,  True, False])

    Attributes:
        first: number of the first of them.
        effects: (tasks, columns, outputs) of each column of `own_columns`.
    """

    first: int
    effects: FloatArray

    def __post_init__(self) -> None:
        if self.first < 1 or self.effects.ndim != 3 or not np.isfinite(self.effects).all():
            raise ValueError("'added' must hold finite effects of tasks that follow others, however it does not")

    def __len__(self) -> int:
        return len(self.effects)

    def of(self, task: IntArray) -> np.ndarray:
        """(rows,) whether each is of one of these tasks; task: (rows,)."""
        return (task >= self.first) & (task < self.first + len(self))

    def scores(self, columns: FloatArray, task: IntArray) -> FloatArray:
        """(rows, outputs) that rows of these tasks get; columns: (rows, columns)."""
        return np.asarray(np.einsum("nq,nqj->nj", columns, self.effects[task - self.first]))

    def followed_by(self, effects: FloatArray) -> "AddedTasks":
        """With the effects of more tasks."""
        return AddedTasks(self.first, np.concatenate([self.effects, effects]))


class WithAddedTasks:
    """A model to which tasks can be added: their rows get `own_columns` times effects, beside the scores of new tasks.

    By default an offset of the scores, of which the training tasks tell how large it usually is.

    Attributes:
        added: the tasks that were; None: none.
    """

    added: AddedTasks | None = None

    def own_columns(self, rows: Dataset) -> FloatArray:
        """(rows, columns) float64 of which a task has effects of its own; of tasks in the order of the fit."""
        return np.ones((len(rows), 1))

    def own_variance(self, tasks: TaskTable, noise: FloatArray) -> FloatArray | None:
        """(tasks, columns, outputs) variance of the effects of tasks never seen; None: the model does not say.

        noise: (outputs,) variance of standardised targets around what is predicted; 1 of classes and counts.
        """
        return None

    def with_added(self, scores: FloatArray, rows: Dataset) -> FloatArray:
        """Scores of new tasks with what those added get besides; all others are as they were, to the bit."""
        if self.added is None:
            return scores
        mine = np.flatnonzero(self.added.of(rows.task))
        if len(mine):
            scores = scores.copy()
            scores[mine] += self.added.scores(self.own_columns(rows.take(mine)), rows.task[mine])
        return scores

    @property
    def added_parameters(self) -> int:
        """Numbers that the tasks added have brought."""
        return 0 if self.added is None else int(self.added.effects.size)
