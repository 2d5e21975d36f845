"""Ridge and logistic regression over features, metadata and one-hot tasks, with shrinkage to the pooled model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.sparse import csr_array, hstack
from threadpoolctl import threadpool_limits

from mthn_automl.data.dataset import Dataset, FloatArray, IntArray
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models.base import Classical, ProblemShape, Size, Traits
from mthn_automl.models.linear import Linear, fit_classes, fit_regression
from mthn_automl.models.probabilities import Classes


@dataclass(frozen=True)
class RidgeSettings:
    """What is searched; the ranges are in `search_spaces/ridge.toml`."""

    alpha: float = 1.0
    task: Literal["none", "intercept", "slopes"] = "slopes"
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
        self.tasks = len(training.tasks)
        columns, alpha = self._columns(training), self.settings.alpha
        with threadpool_limits(1):
            if self.classes is None:
                target = self.encoder.encode_target(training.target).astype(np.float64)
                self.linear = fit_regression(columns, target, alpha=alpha)
            else:
                labels = self.classes.labels(training.target)
                self.linear = fit_classes(columns, labels, self.classes, alpha=alpha)

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""
        scores = self.linear.scores(self._columns(rows))
        return self.encoder.decode_target(scores) if self.classes is None else self.classes.probabilities(scores)

    def _columns(self, rows: Dataset) -> csr_array:
        """(rows, columns) float64: features, metadata, their products, tasks, tasks times features."""
        features = self.encoder.encode_features(rows.features).astype(np.float64)
        blocks = [csr_array(features)]
        if self.settings.use_metadata and self.encoder.metadata_width > 0:
            metadata = self.encoder.encode_metadata(rows.tasks).astype(np.float64)[rows.task]
            blocks += [csr_array(metadata)]
            blocks += [blocks[0].multiply(column[:, None]) for column in metadata.T if self.settings.interactions]
        if self.settings.task != "none":
            blocks += [task_columns(np.ones((len(rows), 1)), rows.task, self.tasks)]
        if self.settings.task == "slopes":
            blocks += [task_columns(features, rows.task, self.tasks)]
        return csr_array(hstack(blocks, format="csr"))

    def size(self) -> Size:
        outputs = len(self.linear.intercept)
        own = {"none": 0, "intercept": 1, "slopes": 1 + self.encoder.feature_width}[self.settings.task]
        return Size(self.linear.numbers, (self.encoder.feature_width + 1) * outputs, own * outputs)

    def state(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.to_json(),
            "classes": None if self.classes is None else self.classes.to_json(),
            "tasks": self.tasks,
            "coefficients": self.linear.coefficients,
            "intercept": self.linear.intercept,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.encoder = Encoder.from_json(state["encoder"])
        self.classes = Classes.from_json(state["classes"])
        self.tasks = state["tasks"]
        self.linear = Linear(state["coefficients"], state["intercept"])


def task_columns(values: FloatArray, task: IntArray, tasks: int) -> csr_array:
    """(rows, tasks * width) sparse: row i holds values[i] in the columns of its task; nothing if task[i] >= tasks.

    Shape:
        values (rows, width), task (rows,).
    """
    rows, width = values.shape
    known = task < tasks
    columns = np.where(known, task, 0)[:, None] * width + np.arange(width)
    placed = np.where(known[:, None], values, 0.0)
    starts = np.arange(rows + 1) * width
    return csr_array((placed.ravel(), columns.ravel(), starts), shape=(rows, tasks * width))
