"""Histogram gradient boosting over features, metadata and the task as one more column."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from mthn_automl.data.dataset import Dataset, FloatArray, IntArray
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models.base import Classical, ProblemShape, Size, Traits
from mthn_automl.models.parts.probabilities import Classes
from mthn_automl.models.parts.tree_columns import TaskColumn, TreeColumns
from mthn_automl.models.parts.trees import Trees

SKLEARN_CATEGORY_ROWS = 10  # MIN_CAT_SUPPORT in scikit-learn's splitting.pyx
REPEATED_ROWS = 100_000  # no more than this by repetition: with so many rows, tasks are seldom small


@dataclass(frozen=True)
class GradientBoostingSettings:
    """What is searched; the ranges are in `search_spaces/gradient_boosting.toml`."""

    task: TaskColumn = "target_mean"
    use_metadata: bool = True
    learning_rate: float = 0.1
    max_iter: int = 100
    max_leaf_nodes: int = 16
    min_samples_leaf: int = 3
    l2_regularization: float = 1.0
    min_category_rows: Literal[1, 2, 5, 10] = 2


class GradientBoosting(Classical):
    """scikit-learn's histogram gradient boosting (Ke et al. 2017, "LightGBM"), a sum of trees for each target.

    Missing numbers stay missing, categories up to 250 are split natively and larger ones by cross-fitted target means;
    the task by either. scikit-learn ignores categories of fewer than ten rows, so that small tasks would get the mean
    of all: rows are therefore repeated 10 / `min_category_rows` times, and the other limits multiplied, which is the
    same fit but for that limit. A task never seen is a missing category, or has the mean of all rows.

    Size: a column and a threshold a split, a value a leaf, a baseline a sum, and the tables of target means. One task's
    network is the whole model; one more task adds its target means.
    """

    Settings: ClassVar[type] = GradientBoostingSettings

    def __init__(self, settings: GradientBoostingSettings) -> None:
        self.settings = settings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: GradientBoostingSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def fit(self, training: Dataset, *, flags: Flags, seed: int) -> None:
        """Learn from all rows of `training`; `seed` deals out the folds of target means and draws the bins' rows."""
        self.encoder = Encoder.fit(training, flags)
        self.classes = Classes.of(training)
        target = self._target(training)
        settings = self.settings
        self.columns = TreeColumns.fit(training, target, task=settings.task, use_metadata=settings.use_metadata)
        matrix = self.columns.training_matrix(training, target, seed=seed)
        labels = None if self.classes is None else self.classes.labels(training.target)
        with threadpool_limits(1):
            self.sums = self._fit_sums(matrix, target, labels, seed)

    def _target(self, training: Dataset) -> FloatArray:
        """(rows, outputs) what target means are of: standardised targets, or indicators of classes."""
        if self.classes is None:
            return self.encoder.encode_target(training.target).astype(np.float64)
        return self.classes.indicators(training.target)

    def _fit_sums(
        self, matrix: FloatArray, target: FloatArray, labels: IntArray | None, seed: int
    ) -> tuple[Trees, ...]:
        """One sum of trees a target, or one for all classes; none where there is a single class."""
        repeats = self._repeats(len(matrix))
        options, matrix = self._options(repeats, seed), np.repeat(matrix, repeats, axis=0)
        if labels is None:
            fits = [HistGradientBoostingRegressor(**options).fit(matrix, np.repeat(each, repeats)) for each in target.T]
        elif target.shape[1] == 0:
            fits = []
        else:
            fits = [HistGradientBoostingClassifier(**options).fit(matrix, np.repeat(labels, repeats))]
        return tuple(Trees.of(each) for each in fits)

    def _repeats(self, rows: int) -> int:
        if not self.columns.ranks:
            return 1
        return max(1, min(SKLEARN_CATEGORY_ROWS // self.settings.min_category_rows, REPEATED_ROWS // rows))

    def _options(self, repeats: int, seed: int) -> dict[str, Any]:
        settings = self.settings
        return {
            "categorical_features": list(range(len(self.columns.ranks))) or None,
            "learning_rate": settings.learning_rate,
            "max_iter": settings.max_iter,
            "max_leaf_nodes": settings.max_leaf_nodes,
            "min_samples_leaf": settings.min_samples_leaf * repeats,
            "l2_regularization": settings.l2_regularization * repeats,
            "early_stopping": False,
            "random_state": seed,
        }

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""
        matrix = self.columns.transform(rows)
        scores = np.concatenate([np.zeros((len(rows), 0)), *(each.scores(matrix) for each in self.sums)], axis=1)
        return self.encoder.decode_target(scores) if self.classes is None else self.classes.probabilities(scores)

    def size(self) -> Size:
        tables = [mean.table for mean in self.columns.means]
        total = sum(each.numbers for each in self.sums) + sum(table.size for table in tables)
        return Size(total, total, self.columns.numbers_a_task)

    def state(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.to_json(),
            "classes": None if self.classes is None else self.classes.to_json(),
            "columns": self.columns.to_state(),
            "sums": [each.to_state() for each in self.sums],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.encoder = Encoder.from_json(state["encoder"])
        self.classes = Classes.from_json(state["classes"])
        self.columns = TreeColumns.from_state(state["columns"])
        self.sums = tuple(Trees.from_state(each) for each in state["sums"])
