"""Ridge and logistic regression over features, metadata and one-hot tasks, with shrinkage to the pooled model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models.base import Classical, ProblemShape, Size, Traits
from mthn_automl.models.parts.linear import Linear, fit_classes, fit_regression
from mthn_automl.models.parts.linear_columns import LinearColumns, TaskEffects
from mthn_automl.models.parts.probabilities import Classes


@dataclass(frozen=True)
class RidgeSettings:
    """What is searched; the ranges are in `search_spaces/ridge.toml`."""

    alpha: float = 1.0
    task: TaskEffects = "slopes"
    use_metadata: bool = True
    interactions: bool = False


class Ridge(Classical):
    """A linear model whose penalised task columns are deviations from the average task.

    The columns are the features, the metadata, feature-by-metadata products, a column a task, and columns
    of task-by-feature products, as the settings say. Rows of a task never seen have zeros in the task's columns:
    they get the average task. With every column penalised alike this is the penalised form of a mixed model with
    random intercepts and slopes (Hoerl and Kennard 1970; Evgeniou and Pontil 2004, "Regularized multi-task learning").

    Size: all coefficients and intercepts. One task's network: a coefficient a feature and an intercept, for each
    output, because metadata are constant within a task. One more task: its own columns.
    """

    Settings: ClassVar[type] = RidgeSettings

    def __init__(self, settings: RidgeSettings) -> None:
        self.settings = settings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: RidgeSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def fit(self, training: Dataset, *, flags: Flags, seed: int) -> None:
        """Learn from all rows of `training`; nothing is random, so `seed` changes nothing."""
        self.encoder = Encoder.fit(training, flags)
        self.classes = Classes.of(training)
        self.columns = self._columns(len(training.tasks))
        columns, alpha = self.columns.of(training), self.settings.alpha
        with threadpool_limits(1):
            if self.classes is None:
                target = self.encoder.encode_target(training.target).astype(np.float64)
                self.linear = fit_regression(columns, target, alpha=alpha)
            else:
                labels = self.classes.labels(training.target)
                self.linear = fit_classes(columns, labels, self.classes, alpha=alpha)

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""
        scores = self.linear.scores(self.columns.of(rows))
        return self.encoder.decode_target(scores) if self.classes is None else self.classes.probabilities(scores)

    def _columns(self, tasks: int) -> LinearColumns:
        settings = self.settings
        return LinearColumns(self.encoder, tasks, settings.task, settings.use_metadata, settings.interactions)

    def size(self) -> Size:
        return self.columns.size(self.linear.numbers, len(self.linear.intercept))

    def state(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.to_json(),
            "classes": None if self.classes is None else self.classes.to_json(),
            "tasks": self.columns.tasks,
            "coefficients": self.linear.coefficients,
            "intercept": self.linear.intercept,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.encoder = Encoder.from_json(state["encoder"])
        self.classes = Classes.from_json(state["classes"])
        self.columns = self._columns(state["tasks"])
        self.linear = Linear(state["coefficients"], state["intercept"])
