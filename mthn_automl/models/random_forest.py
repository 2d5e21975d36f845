"""Random forests over features, metadata and the task as its target mean or as one column a task."""

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.preprocess import most_one_hot
from mthn_automl.data.schema import Problem
from mthn_automl.errors import FormatError
from mthn_automl.models.base import Size, Traits
from mthn_automl.models.parts.counts import log_rate
from mthn_automl.models.parts.forest import Forest
from mthn_automl.models.parts.gaps import EVERYTHING, Index, known_together, part_of, weight_of
from mthn_automl.models.parts.grown import Grown
from mthn_automl.models.parts.growth import Growth
from mthn_automl.models.parts.held_out import labels
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.tree_columns import TreeColumns
from mthn_automl.received import typed

LARGEST_ONE_HOT = 250  # categories that become a column each
TREES_AT_ONCE = 10
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


class RandomForest(Grown):
    """scikit-learn's random forest (Breiman 2001), or extremely randomised trees (Geurts, Ernst and Wehenkel 2006).

    Targets that are known in the same rows share their trees, and rows are drawn in proportion to their weights.
    Missing numbers stay missing; categories up to 250, fewer where rows are many, become one column each and larger
    ones cross-fitted target means, the task either. A task never seen has no column, or the mean of all rows. A leaf of
    classes counts their shares among all rows as one row more.

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
    bytes_a_row: ClassVar[int] = 60_000  # a hundred deep trees of each fold (measured: benchmarks/README.md)

    settings: RandomForestSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: RandomForestSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def learn_in_steps(self, training: Dataset, growth: Growth, *, seed: int) -> Generator[int, None, bool]:
        """`seed` draws rows and columns, and deals out the folds of target means. Rounds are trees.

        More trees never harm, so that validation rows have nothing to say.
        """
        self.rows, wanted = len(training), growth.most or self.settings.n_estimators
        self.forests: tuple[Forest, ...] = ()
        self.rounds, trees, late = (0, 0), 0, False
        matrix, target = self._matrix(training, seed)
        growing = [self._growing(training, matrix, target, *group, seed) for group in self._groups(target)]
        while growing and trees < wanted and not late:
            pauses = [rung for rung in growth.rungs if trees < rung < wanted]
            trees = min(trees + TREES_AT_ONCE, wanted, *pauses)
            for each in growing:
                each.grow(trees)
            self.rounds = trees, trees
            late = growth.deadline is not None and time.time() > growth.deadline and trees < wanted
            if trees in pauses and not late:
                self.forests = tuple(each.forest() for each in growing)
                yield trees
        self.forests = tuple(each.forest() for each in growing)
        return late

    def _groups(self, target: FloatArray) -> list[tuple[Index, Index]]:
        """Rows and outputs of each forest: of targets that are known in the same rows, or of all classes."""
        if self.classes is None:
            groups, every = known_together(target), np.arange(target.shape[1])
            self.outputs = [every[outputs].tolist() for _, outputs in groups]
            return groups
        self.outputs = [list(range(len(self.classes.present)))] if self.classes.scores else []
        return [(EVERYTHING, EVERYTHING)] if self.classes.scores else []

    def _growing(
        self, training: Dataset, matrix: FloatArray, target: FloatArray, rows: Index, outputs: Index, seed: int
    ) -> "_Growing":
        label = labels(self, training)[0] if self.counting else self._labels(part_of(target, rows, outputs))
        seen, weight = matrix[rows], training.weight
        shares = None
        if self.classes is not None:
            counts = np.bincount(label, weight)
            shares = counts / counts.sum()
        estimator = self._estimator(len(seen), seed)
        if self.counting:
            estimator.set_params(criterion="poisson")  # a split leaves no leaf without an event
        return _Growing(estimator, seen, label, weight_of(weight, rows), shares)

    def _matrix(self, training: Dataset, seed: int) -> tuple[FloatArray, FloatArray]:
        """What trees see of the training rows, and their targets."""
        target, settings = self.encoded_target(training), self.settings
        columns = (*training.schema.features, *(training.schema.metadata if settings.use_metadata else ()))
        sizes = [len(each.categories) for each in columns if each.categories is not None]
        sizes += [len(training.tasks)] if settings.task == "one_hot" else []
        self.columns = TreeColumns.fit(
            training,
            target,
            task="category" if settings.task == "one_hot" else settings.task,
            use_metadata=settings.use_metadata,
            most_native=min(LARGEST_ONE_HOT, most_one_hot(sizes, len(training))),
        )
        return spread(self.columns.training_matrix(training, target, seed=seed), self.columns.levels), target

    def _labels(self, target: FloatArray) -> Any:
        """As scikit-learn takes them: targets, or a class each."""
        if self.classes is None:
            return target if target.shape[1] > 1 else target[:, 0]
        return np.argmax(target, axis=1) if target.shape[1] > 1 else target[:, 0].astype(np.int64)

    def _estimator(self, rows: int, seed: int) -> Any:
        kinds = (RandomForestRegressor, ExtraTreesRegressor, RandomForestClassifier, ExtraTreesClassifier)
        return kinds[2 * (self.classes is not None) + self.settings.extra_trees](**self._options(rows, seed))

    def _options(self, rows: int, seed: int) -> dict[str, Any]:
        settings = self.settings
        drawn = not settings.extra_trees or rows > TREE_ROWS
        return {
            "warm_start": True,  # more trees are added to those that there are
            "max_features": float(settings.max_features),
            "min_samples_leaf": settings.min_samples_leaf,
            "bootstrap": drawn,
            "max_samples": min(rows, TREE_ROWS) if drawn else None,
            "random_state": seed,
        }

    def scores(self, rows: Dataset) -> FloatArray:
        matrix = spread(self.columns.transform(rows), self.columns.levels)
        means = [forest.mean(matrix) for forest in self.forests]
        if rows.schema.problem is Problem.COUNT:
            return log_rate(means[0])
        if self.classes is None:
            found = np.zeros((len(rows), len(self.encoder.target)))
            for outputs, mean in zip(self.outputs, means, strict=True):
                found[:, outputs] = mean
            return found
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
            "outputs": self.outputs,
            "forests": [forest.to_state() for forest in self.forests],
        }

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.rows, self.columns = learnt["rows"], TreeColumns.from_state(learnt["columns"])
        self.forests = tuple(Forest.from_state(state) for state in learnt["forests"])
        narrow, native = self.columns.width(len(self.encoder.features.scaling)), self.columns.levels
        self.outputs = typed(learnt["outputs"], list[list[int]])
        scores = len(self.encoder.target) if self.classes is None else len(self.classes.present)
        given = sorted(number for each in self.outputs for number in each)
        wide, whole = narrow - len(native) + sum(native), list(range(scores)) if scores > 1 else []
        expected = [(wide, len(each)) for each in self.outputs]
        found = [(forest.columns, forest.values.shape[1]) for forest in self.forests]
        sound = given == whole if self.classes else len(given) == len({*given} & {*range(scores)})
        if found != expected or not sound:
            raise FormatError(
                f"A stored forest must have the columns and outputs {expected} of its rows, and they must be some of "
                f"{scores}, however it has {found} for {given}."
            )


@dataclass(frozen=True)
class _Growing:
    """scikit-learn's forest of some targets, and what it is grown on. shares: of classes among the rows."""

    grown: Any
    matrix: FloatArray
    labels: Any
    weight: FloatArray | None
    shares: FloatArray | None

    def grow(self, trees: int) -> None:
        """Until there are so many."""
        self.grown.set_params(n_estimators=trees).fit(self.matrix, self.labels, sample_weight=self.weight)

    def forest(self) -> Forest:
        return Forest.of(self.grown.estimators_, self.shares)


def spread(matrix: FloatArray, levels: tuple[int, ...]) -> FloatArray:
    """(rows, wider) float32: the first columns, which are codes, as a column a level."""
    begin = sum(levels)
    found = np.zeros((len(matrix), begin + matrix.shape[1] - len(levels)), dtype=np.float32)
    found[:, begin:] = np.clip(matrix[:, len(levels) :], -LARGEST, LARGEST)
    for column, (count, end) in enumerate(zip(levels, np.cumsum(levels), strict=True)):
        known = np.flatnonzero(~np.isnan(matrix[:, column]))
        found[known, end - count + matrix[known, column].astype(np.int64)] = 1.0
    return found
