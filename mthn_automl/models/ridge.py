"""Ridge and logistic regression over features, metadata and one-hot tasks, with shrinkage to the pooled model."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.models.base import Traits
from mthn_automl.models.parts.held_out import labels
from mthn_automl.models.parts.linear import (
    LinearColumns,
    LinearModel,
    TaskEffects,
    fit_by_tasks,
    fit_classes,
    fit_counts,
)
from mthn_automl.models.parts.problem_shape import ProblemShape


@dataclass(frozen=True)
class RidgeSettings:
    """What is searched; the ranges are in `search_spaces/ridge.toml`.

    Attributes:
        alpha: penalty on all coefficients.
        task: the columns that each task has.
        use_metadata: whether there are columns of metadata.
        interactions: whether there are columns of features times metadata.
    """

    alpha: float = 1.0
    task: TaskEffects = "slopes"
    use_metadata: bool = True
    interactions: bool = False


class Ridge(LinearModel):
    """A linear model whose penalised task columns are deviations from the average task.

    The columns are the features, the metadata, feature-by-metadata products, a column a task, and columns
    of task-by-feature products, as the settings say. Rows of a task never seen have zeros in the task's columns:
    they get the average task. With every column penalised alike this is the penalised form of a mixed model with
    random intercepts and slopes (Hoerl and Kennard 1970; Evgeniou and Pontil 2004, "Regularized multi-task learning").

    Size: all coefficients and intercepts. One task's network: a coefficient a feature and an intercept, for each
    output, because metadata are constant within a task. One more task: its own columns.

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = Ridge(RidgeSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = RidgeSettings

    settings: RidgeSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: RidgeSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def learn(self, training: Dataset, *, seed: int) -> None:
        """Learn from all rows of `training`; nothing is random, so `seed` changes nothing."""
        self.columns = self.columns_of(len(training.tasks))
        alpha = self.settings.alpha
        if self.counting:
            rates = labels(self, training)[0]
            self.linear = fit_counts(self.columns.of(training), rates, training.weight, alpha=alpha)
        elif self.classes is None:
            self.linear = fit_by_tasks(self.columns, training, self.encoded_target(training), alpha=alpha)
        else:
            classes, columns = self.classes.labels(training.target), self.columns.of(training)
            self.linear = fit_classes(columns, classes, self.classes, training.weight, alpha=alpha)

    def own_variance(self, tasks: TaskTable, noise: FloatArray) -> FloatArray | None:
        """The penalty as the precision of a prior; without columns of tasks the model does not say."""
        if self.settings.task == "none":
            return None
        columns = 1 + self.encoder.narrow_width * (self.settings.task == "slopes")
        return np.tile(noise / self.settings.alpha, (len(tasks), columns, 1))

    def columns_of(self, tasks: int) -> LinearColumns:
        settings = self.settings
        return LinearColumns(self.encoder, tasks, settings.task, settings.use_metadata, settings.interactions)
