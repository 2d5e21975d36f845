"""Random forests over features, metadata and the task as its target mean or as one column a task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.models.base import Classical, ProblemShape, Size, Traits
from mthn_automl.models.parts.tree_columns import TreeColumns
from mthn_automl.models.parts.trees import Forest

TREE_ROWS = 20_000  # each tree sees no more: its size and time grow with them
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class RandomForestSettings:
    """What is searched; the ranges are in `search_spaces/random_forest.toml`.

    Attributes:
        task: what stands for the task.
        use_metadata: whether there are columns of metadata.
        extra_trees: whether thresholds are drawn at random.
        n_estimators: trees.
        max_features: share of the columns that a split chooses from.
        min_samples_leaf: rows of a leaf.
    """

    task: Literal["none", "one_hot", "target_mean"] = "target_mean"
    use_metadata: bool = True
    extra_trees: bool = False
    n_estimators: int = 100
    max_features: float = 0.7
    min_samples_leaf: int = 2


class RandomForest(Classical):
    """scikit-learn's random forest (Breiman 2001), or extremely randomised trees (Geurts, Ernst and Wehenkel 2006).

    All targets share their trees. Missing numbers stay missing; categories up to 250 become one column each and larger
    ones cross-fitted target means, the task either. A task never seen has no column, or the mean of all rows. A leaf
    of classes counts their shares among all rows as one row more.

    Size: a column and a threshold a split, a value a leaf and output, and the tables of target means. One task's
    network is the whole model; one more task adds its target means.

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = RandomForest(RandomForestSettings(n_estimators=2))
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = RandomForestSettings
    fitted_whole: ClassVar[bool] = False

    settings: RandomForestSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: RandomForestSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def learn(self, training: Dataset, *, seed: int) -> None:
        """Learn from all rows of `training`; `seed` draws rows and columns, and deals out the folds of target means."""
        self.rows = len(training)
        target, settings = self.encoded_target(training), self.settings
        task = "category" if settings.task == "one_hot" else settings.task
        self.columns = TreeColumns.fit(training, target, task=task, use_metadata=settings.use_metadata)
        matrix = self.columns.training_matrix(training, target, seed=seed)
        self.levels = [in_order_met(column) for column in matrix.T[: len(self.columns.ranks)]]
        self.forests = self._grow(spread(matrix, self.levels), target, self._options(seed))

    def _grow(self, matrix: FloatArray, target: FloatArray, options: dict[str, Any]) -> tuple[Forest, ...]:
        """One forest, or none where there is a single class."""
        extra = self.settings.extra_trees
        if self.classes is None:
            regressor = (ExtraTreesRegressor if extra else RandomForestRegressor)(**options)
            return (Forest.of(regressor.fit(matrix, target if target.shape[1] > 1 else target[:, 0])),)
        if self.classes.scores == 0:
            return ()
        labels = np.argmax(target, axis=1) if target.shape[1] > 1 else target[:, 0].astype(np.int64)
        classifier = (ExtraTreesClassifier if extra else RandomForestClassifier)(**options)
        return (Forest.of(classifier.fit(matrix, labels), np.bincount(labels) / len(labels)),)

    def _options(self, seed: int) -> dict[str, Any]:
        settings = self.settings
        drawn = not settings.extra_trees or self.rows > TREE_ROWS
        return {
            "n_estimators": settings.n_estimators,
            "max_features": float(settings.max_features),
            "min_samples_leaf": settings.min_samples_leaf,
            "bootstrap": drawn,
            "max_samples": min(self.rows, TREE_ROWS) if drawn else None,
            "random_state": seed,
        }

    def scores(self, rows: Dataset) -> FloatArray:
        matrix = spread(self.columns.transform(rows), self.levels)
        means = [forest.mean(matrix) for forest in self.forests]
        if self.classes is None:
            return means[0]
        scores = np.log(means[0]) if means else np.zeros((len(rows), 0))
        return scores[:, 1:] - scores[:, :1] if self.classes.scores == 1 else scores

    def size(self) -> Size:
        total = sum(forest.parameters for forest in self.forests) + self.columns.parameters
        return Size(total, total, self.columns.values_a_task)

    def notes(self) -> tuple[str, ...]:
        if self.rows <= TREE_ROWS:
            return ()
        return (f"Each tree of the forest was grown on {TREE_ROWS:,} of {self.rows:,} rows, drawn at random.",)

    def learnt(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "columns": self.columns.to_state(),
            "levels": list(self.levels),
            "forests": [forest.to_state() for forest in self.forests],
        }

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.rows = learnt["rows"]
        self.columns = TreeColumns.from_state(learnt["columns"])
        self.levels = list(learnt["levels"])
        self.forests = tuple(Forest.from_state(state) for state in learnt["forests"])


def in_order_met(codes: FloatArray) -> FloatArray:
    """The known values of (rows,) codes as they first occur, so that trees do not depend on how tasks are numbered."""
    values, first = np.unique(codes[~np.isnan(codes)], return_index=True)
    return values[np.argsort(first)]


def spread(matrix: FloatArray, levels: list[FloatArray]) -> FloatArray:
    """(rows, wider) float64 of single precision: the first columns, which are codes, as a column a level."""
    codes = [matrix[:, column, None] == level for column, level in enumerate(levels)]
    wide = np.concatenate([*codes, np.clip(matrix[:, len(levels) :], -LARGEST, LARGEST)], axis=1)
    return np.ascontiguousarray(wide.astype(np.float32), dtype=np.float64)
