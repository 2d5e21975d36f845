"""Gradient boosting on LightGBM over features, metadata and the task as a category, as its target mean, or as both."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.errors import FormatError
from mthn_automl.models.base import Size, Traits
from mthn_automl.models.parts.boosters import (
    Boosted,
    GrowingBooster,
    Labelled,
    grow,
    least_sum,
    lightgbm_booster,
    most_rounds,
    patience,
    unchecked_rounds,
)
from mthn_automl.models.parts.gaps import rows_with, weight_of
from mthn_automl.models.parts.grown import Grown
from mthn_automl.models.parts.growth import Growth
from mthn_automl.models.parts.held_out import checking, labels
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.tree_columns import TaskColumn, TreeColumns, typical_rows

LARGEST_LOGIT = 10.0


@dataclass(frozen=True)
class GradientBoostingSettings:
    """What is searched; the ranges are in `search_spaces/gradient_boosting.toml`.

    Attributes:
        task: what stands for the task.
        use_metadata: whether there are columns of metadata.
        learning_rate: share of a tree's correction that is added.
        num_leaves: of a tree, at most.
        leaf_rows: rows of a leaf, at least, as a multiple of the root of the rows of a task (the median).
        l2: penalty on the values of leaves.
        column_share: of the columns that a tree chooses from.
        row_share: of the rows that a tree is grown on.
        category_smoothing: penalty on the values of leaves behind a split of categories, in rows; and, up to a quarter
            of the rows that a category has, by how many its mean is drawn to that of all where categories are ordered.
        extra_trees: whether thresholds are drawn at random.
        linear: whether leaves are linear in the numbers along their branch.
    """

    task: TaskColumn = "both"
    use_metadata: bool = True
    learning_rate: float = 0.07
    num_leaves: int = 24
    leaf_rows: float = 0.6
    l2: float = 4.0
    column_share: float = 1.0
    row_share: float = 1.0
    category_smoothing: float = 10.0
    extra_trees: bool = True
    linear: bool = False


class GradientBoosting(Grown):
    """LightGBM (Ke et al. 2017): a sum of trees for each target, or for each class.

    Missing numbers stay missing; categories are split natively, however many there are. Rows of a leaf and of a
    category follow the tasks' sizes: by LightGBM's own limits tasks of a few rows would get the mean of all. A task
    never seen is a missing category, or has the mean of all rows. Validation rows say how many trees are kept.

    Size: a column and a threshold a split (of categories, one threshold for each 32), a value a leaf, and the tables of
    target means. One task's network is the whole model; one more task adds its target means.

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = GradientBoosting(GradientBoostingSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0, rounds=2)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = GradientBoostingSettings

    settings: GradientBoostingSettings
    sums: tuple[Boosted, ...]

    @classmethod
    def traits(cls, shape: ProblemShape, settings: GradientBoostingSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def learn_in_steps(self, training: Dataset, growth: Growth, *, seed: int) -> Generator[int, None, bool]:
        """`seed` deals out the folds of target means, and draws rows, columns and thresholds."""
        rate, growing = self.settings.learning_rate, self._begun(training, growth, seed)
        take = partial(self._take, growing)
        late = yield from grow(growing, most_rounds(growth, rate), rate, growth, take)
        take()
        self.sums = tuple(each.without_data() for each in self.sums)
        return late

    def _take(self, growing: list[GrowingBooster]) -> None:
        """Predict with the best there has been so far."""
        self.sums = tuple(Boosted(each.booster, each.kept) for each in growing)
        self.rounds_of_sums = tuple(each.best for each in growing)
        self.rounds = max(self.rounds_of_sums, default=0), max((each.rounds for each in growing), default=0)

    def _begun(self, training: Dataset, growth: Growth, seed: int) -> list[GrowingBooster]:
        """One sum of trees a target, or one for all classes; none where there is a single class."""
        target, settings = self.encoded_target(training), self.settings
        self.columns = TreeColumns.fit(training, target, task=settings.task, use_metadata=settings.use_metadata)
        self.bounds = self._bounds(target)
        if target.shape[1] == 0:
            return []
        matrix = self.columns.training_matrix(training, target, seed=seed)
        rate, native, growing = settings.learning_rate, len(self.columns.levels), []
        checked = zip(labels(self, training), self._checks(growth.validation), strict=True)
        for index, (label, check) in enumerate(checked):
            rows, known = rows_with(label)
            seen = Labelled(matrix[rows], known, weight_of(training.weight, rows))
            options = {**self._objective(), **self._options(training.task[rows], seen, seed)}
            booster = lightgbm_booster(options, seen, check, categories=native)
            most = unchecked_rounds(growth.of_sum(index), rate)
            growing.append(GrowingBooster(booster, validates=check is not None, patience=patience(rate), most=most))
        return growing

    def _checks(self, validation: Dataset | None) -> list[Labelled | None]:
        """The validation rows of each sum; None where there are none."""
        held_out = checking(self, validation)
        if held_out is None:
            return [None] * (len(self.encoder.target) if self.classes is None else 1)
        matrix = self.columns.transform(held_out)
        parts = [(rows_with(label), np.isnan(label).all()) for label in labels(self, held_out)]
        return [
            None if unknown else Labelled(matrix[rows], known, weight_of(held_out.weight, rows))
            for (rows, known), unknown in parts
        ]

    def _bounds(self, target: FloatArray) -> FloatArray:
        """(2, scores): linear leaves may leave the range of the training rows by a tenth of it, and no further."""
        if self.classes is not None or self.counting:
            return np.full((2, target.shape[1]), [[-LARGEST_LOGIT], [LARGEST_LOGIT]])
        parts = [known for _, known in map(rows_with, target.T)]
        lowest, highest = (np.array([find(known) for known in parts]) for find in (np.min, np.max))
        return np.stack([lowest - 0.1 * (highest - lowest), highest + 0.1 * (highest - lowest)])

    def _options(self, task: IntArray, seen: Labelled, seed: int) -> dict[str, Any]:
        """LightGBM splits off no category of fewer rows than `cat_smooth`, which is why it follows these."""
        settings, task_rows = self.settings, typical_rows(task)
        categories = [typical_rows(column) for column in seen.matrix.T[: len(self.columns.levels)]]
        category_rows = min(categories, default=task_rows)
        return {
            "seed": seed,
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.num_leaves,
            "min_data_in_leaf": max(1, round(settings.leaf_rows * task_rows**0.5)),
            "min_sum_hessian_in_leaf": 1e-3 if self.classes is not None or self.counting else least_sum(seen.weight),
            "lambda_l2": settings.l2,
            "feature_fraction": settings.column_share,
            "bagging_fraction": settings.row_share,
            "bagging_freq": 1 if settings.row_share < 1.0 else 0,
            "min_data_per_group": max(1, min(100, round(category_rows / 2))),
            "cat_smooth": min(settings.category_smoothing, category_rows / 4),
            "cat_l2": settings.category_smoothing,
            "extra_trees": settings.extra_trees,
            "linear_tree": settings.linear,
            "linear_lambda": settings.l2,
        }

    def _objective(self) -> dict[str, Any]:
        if self.counting:
            return {"objective": "poisson"}
        if self.classes is None:
            return {"objective": "regression"}
        if self.classes.scores == 1:
            return {"objective": "binary"}
        return {"objective": "multiclass", "num_class": self.classes.scores}

    def scores(self, rows: Dataset) -> FloatArray:
        matrix = self.columns.transform(rows)
        scores = np.concatenate([np.zeros((len(rows), 0)), *(each.scores(matrix) for each in self.sums)], axis=1)
        return np.clip(scores, *self.bounds) if self.settings.linear else scores

    def size(self) -> Size:
        total = sum(each.parameters for each in self.sums) + self.columns.parameters
        return Size(total, total, self.columns.values_a_task)

    def learnt(self) -> dict[str, Any]:
        return {
            "columns": self.columns.to_state(),
            "bounds": self.bounds,
            "sums": [each.to_array() for each in self.sums],
        }

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.columns = TreeColumns.from_state(learnt["columns"])
        self.bounds = learnt["bounds"]
        columns = self.columns.width(len(self.encoder.features.scaling))
        outputs = 1 if self.classes is None else self.classes.scores
        self.sums = tuple(Boosted.of_stored(text, columns=columns, outputs=outputs) for text in learnt["sums"])
        expected = len(self.encoder.target) if self.classes is None else min(1, outputs)
        if len(self.sums) != expected or self.bounds.shape != (2, expected * outputs):
            raise FormatError(
                f"A stored booster must have {expected} sums of trees and bounds for {expected * outputs} scores, "
                f"however it has {len(self.sums)} and bounds of shape {self.bounds.shape}."
            )
