"""Histogram gradient boosting over features, metadata and the task as one more column."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from mthn_automl.data.dataset import Dataset, FloatArray, IntArray
from mthn_automl.models.base import Classical, ProblemShape, Size, Traits
from mthn_automl.models.parts.tree_columns import TaskColumn, TreeColumns
from mthn_automl.models.parts.trees import Trees

SKLEARN_CATEGORY_ROWS = 10  # MIN_CAT_SUPPORT in scikit-learn's splitting.pyx
REPEATED_ROWS = 100_000  # no more than this by repetition: with so many rows, tasks are seldom small


@dataclass(frozen=True)
class GradientBoostingSettings:
    """What is searched; the ranges are in `search_spaces/gradient_boosting.toml`.

    Attributes:
        task: what stands for the task.
        use_metadata: whether there are columns of metadata.
        learning_rate: share of a tree's correction that is added.
        max_iter: trees a sum.
        max_leaf_nodes: of a tree.
        min_samples_leaf: rows of a leaf.
        l2_regularization: penalty on the values of leaves.
        min_category_rows: rows from which a category is split off.
    """

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

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = GradientBoosting(GradientBoostingSettings(max_iter=2))
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = GradientBoostingSettings
    fitted_whole: ClassVar[bool] = False

    settings: GradientBoostingSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: GradientBoostingSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def learn(self, training: Dataset, *, seed: int) -> None:
        """Learn from all rows of `training`; `seed` deals out the folds of target means and draws the bins' rows."""
        target = self.encoded_target(training)
        settings = self.settings
        self.columns = TreeColumns.fit(training, target, task=settings.task, use_metadata=settings.use_metadata)
        matrix = self.columns.training_matrix(training, target, seed=seed)
        labels = None if self.classes is None else self.classes.labels(training.target)
        self.sums = self._fit_sums(matrix, target, labels, seed)

    def _fit_sums(
        self, matrix: FloatArray, target: FloatArray, labels: IntArray | None, seed: int
    ) -> tuple[Trees, ...]:
        """One sum of trees a target, or one for all classes; none where there is a single class."""
        repeats = self._repeats(len(matrix))
        options, matrix = self._options(repeats, seed), np.repeat(matrix, repeats, axis=0)
        if labels is None:
            fits = [HistGradientBoostingRegressor(**options).fit(matrix, np.repeat(one, repeats)) for one in target.T]
        elif target.shape[1] == 0:
            fits = []
        else:
            fits = [HistGradientBoostingClassifier(**options).fit(matrix, np.repeat(labels, repeats))]
        return tuple(Trees.of(fit) for fit in fits)

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

    def scores(self, rows: Dataset) -> FloatArray:
        matrix = self.columns.transform(rows)
        return np.concatenate([np.zeros((len(rows), 0)), *(trees.scores(matrix) for trees in self.sums)], axis=1)

    def size(self) -> Size:
        total = sum(trees.parameters for trees in self.sums) + self.columns.parameters
        return Size(total, total, self.columns.values_a_task)

    def learnt(self) -> dict[str, Any]:
        return {"columns": self.columns.to_state(), "sums": [trees.to_state() for trees in self.sums]}

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.columns = TreeColumns.from_state(learnt["columns"])
        self.sums = tuple(Trees.from_state(state) for state in learnt["sums"])
