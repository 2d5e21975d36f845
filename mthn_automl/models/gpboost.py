"""GPBoost: boosted trees over features and metadata, and random effects of the tasks; an extra."""

import json
import warnings
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.errors import FormatError, UsageError
from mthn_automl.models.base import Size, Traits
from mthn_automl.models.parts.boosters import (
    Boosted,
    GrowingBooster,
    grow,
    least_sum,
    most_rounds,
    patience,
    unchecked_rounds,
    up_to_trees,
)
from mthn_automl.models.parts.gaps import known_together, means_of, part_of, rows_with, weight_of
from mthn_automl.models.parts.grown import Grown
from mthn_automl.models.parts.growth import Growth
from mthn_automl.models.parts.held_out import checking, labels
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.tree_columns import TreeColumns, typical_rows


@dataclass(frozen=True)
class GPBoostSettings:
    """What is searched; the ranges are in `search_spaces/gpboost.toml`.

    Attributes:
        use_metadata: whether there are columns of metadata.
        slopes: features that have a random slope a task, at most: those that go with the targets most within tasks.
        learning_rate: share of a tree's correction that is added.
        num_leaves: of a tree, at most.
        leaf_rows: rows of a leaf, at least, as a multiple of the root of the rows of a task (the median).
        l2: penalty on the values of leaves.
        column_share: of the columns that a tree chooses from.
    """

    use_metadata: bool = True
    slopes: int = 0
    learning_rate: float = 0.05
    num_leaves: int = 5
    leaf_rows: float = 1.0
    l2: float = 1.0
    column_share: float = 1.0


class GPBoost(Grown):
    """Sigrist 2022, "Gaussian process boosting": y = F(x, m_t) + Z_t u_t + noise, F a sum of trees, u_t normal.

    The variances of intercepts and slopes are fitted anew in each round. Classes are two: a logistic likelihood with
    Laplace's approximation. Counts are whole numbers, with a Poisson likelihood. A task never seen has no effects of
    its own. Validation rows say how many trees are kept.
    The trees are stored as the text that LightGBM reads and the effects as a table, so that predictions do without it.

    Size: a column and a threshold a split, a value a leaf, and the effects. One task's network is the trees and one row
    of effects; one more task adds a row.

    Shape:
        rows -> (rows, targets), or (rows, 2).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = GPBoost(GPBoostSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0, rounds=2)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = GPBoostSettings
    learns_rates: ClassVar[bool] = False

    settings: GPBoostSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: GPBoostSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=settings.use_metadata and shape.metadata > 0)

    def learn_in_steps(self, training: Dataset, growth: Growth, *, seed: int) -> Generator[int, None, bool]:
        """`seed` draws columns.

        Raises:
            UsageError: there are more than two classes, or counts that are no whole numbers.
        """
        if self.classes is not None and self.classes.scores > 1:
            raise UsageError("gpboost can tell two classes apart only, however there are more of them.")
        if self.counting and (training.target != np.floor(training.target)).any():
            raise UsageError("gpboost can count in whole numbers only, however the target has others.")
        rate, growing = self.settings.learning_rate, self._begun(training, growth, seed)
        take = partial(self._take, growing, len(training.tasks))
        late = yield from grow(list(growing.values()), most_rounds(growth, rate), rate, growth, take)
        take()
        return late

    def _begun(self, training: Dataset, growth: Growth, seed: int) -> dict[int, GrowingBooster]:
        """A booster for each target that varies, by its number."""
        settings = self.settings
        target = self.encoded_target(training.as_rates() if self.counting else training)
        self.columns = TreeColumns.fit(training, target, task="none", use_metadata=settings.use_metadata)
        self.start = np.zeros(1) if self.counting else means_of(target, training.weight)
        self.sloped = most_related(self._features(training), training.task, target, settings.slopes, training.weight)
        held_out = checking(self, growth.validation)
        checks = self._labels(training if held_out is None else held_out)
        rate, growing = settings.learning_rate, {}
        for number, label in enumerate(self._labels(training) if target.shape[1] else []):
            rows, known = _with_label(training, label)
            check = None
            if held_out is not None and not np.isnan(checks[number]).all():
                check = _with_label(held_out, checks[number])
            if np.ptp(known) > 0:
                growing[number] = GrowingBooster(
                    self._booster(self._options(rows, seed), rows, known, check),
                    validates=check is not None,
                    patience=patience(rate),
                    most=unchecked_rounds(growth, rate),
                )
        return growing

    def _labels(self, rows: Dataset) -> list[FloatArray]:
        """As `labels`, but for counts, which stay as they are."""
        return [rows.target[:, 0]] if self.counting else labels(self, rows)

    def _before(self, rows: Dataset) -> FloatArray | None:
        """(rows,) scores that are there before any tree: of counts, the mean rate at the row's exposure."""
        return np.log(rows.exposures * self.encoder.target.arrays[1][0]) if self.counting else None

    def _booster(
        self, options: dict[str, Any], training: Dataset, label: FloatArray, check: tuple[Dataset, FloatArray] | None
    ) -> Any:
        """One that has not grown yet. Cholesky's method is exact, and quicker here than the iterative one."""
        import gpboost

        likelihood = "poisson" if self.counting else "gaussian" if self.classes is None else "bernoulli_logit"
        exact: dict[str, Any] = {"matrix_inversion_method": "cholesky", "num_parallel_threads": 1}
        if len(self.sloped):
            exact["ind_effect_group_rand_coef"] = [1] * len(self.sloped)
        effects = gpboost.GPModel(likelihood=likelihood, weights=training.weight, **exact, **self._grouped(training))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it warns of what it is told, such as categories
            given = {"categorical_feature": list(range(len(self.columns.levels))), "params": options}
            matrix, before = self.columns.transform(training), self._before(training)
            data = gpboost.Dataset(matrix, label, init_score=before, free_raw_data=False, **given)
            booster = gpboost.Booster(options, data, gp_model=effects)
            if check is not None:
                rows, known = check
                effects.set_prediction_data(**{f"{name}_pred": each for name, each in self._grouped(rows).items()})
                matrix, before = self.columns.transform(rows), self._before(rows)
                checks = data.create_valid(matrix, known, weight=rows.weight, init_score=before, params=options)
                booster.add_valid(checks, "validation")
        return booster

    def _grouped(self, rows: Dataset) -> dict[str, Any]:
        """Tasks, and the features that have slopes, as GPBoost takes them."""
        grouped = {"group_data": rows.task}
        if not len(self.sloped):
            return grouped
        return {**grouped, "group_rand_coef_data": self._sloped_features(rows)}

    def _sloped_features(self, rows: Dataset) -> FloatArray:
        """(rows, slopes)."""
        return self._features(rows)[:, self.sloped].astype(np.float64)

    def _features(self, rows: Dataset) -> FloatArray:
        """Those that may have slopes: no wide columns."""
        return self.encoder.encode_features(rows.features)[:, : self.encoder.narrow_width]

    def _options(self, training: Dataset, seed: int) -> dict[str, Any]:
        settings, regression = self.settings, self.classes is None and not self.counting
        of_classes = {"objective": "binary", "metric": "binary_logloss"}
        measured = {"objective": "regression_l2", "metric": "l2"} if regression else of_classes
        return {
            **({} if self.counting else measured),
            "use_gp_model_for_validation": True,
            "seed": seed,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
            "min_data_in_bin": 1,
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.num_leaves,
            "min_data_in_leaf": max(1, round(settings.leaf_rows * typical_rows(training.task) ** 0.5)),
            "min_sum_hessian_in_leaf": least_sum(training.weight) if regression else 1e-3,
            "lambda_l2": settings.l2,
            "feature_fraction": settings.column_share,
        }

    def _take(self, growing: dict[int, GrowingBooster], tasks: int) -> None:
        """Predict with the best there has been so far."""
        self.sums = {number: trees_of(each.booster, each.kept) for number, each in growing.items()}
        self.effects = np.zeros((len(self.start), tasks + 1, 1 + len(self.sloped)))
        for number, each in growing.items():
            self.effects[number, :tasks] = effects_of(each.booster, each.kept, tasks, len(self.sloped))
        best, done = ([getattr(each, name) for each in growing.values()] for name in ("best", "rounds"))
        self.rounds = max(best, default=0), max(done, default=0)

    def scores(self, rows: Dataset) -> FloatArray:
        found, matrix = np.tile(self.start, (len(rows), 1)), self.columns.transform(rows)
        for number, each in self.sums.items():
            found[:, number] = each.scores(matrix)[:, 0]
        task = np.minimum(rows.task, self.effects.shape[1] - 1)
        return found + np.einsum("stk,tk->ts", self.effects[:, task], self.own_columns(rows))  # type: ignore[no-any-return]

    def own_columns(self, rows: Dataset) -> FloatArray:
        """An intercept, and the features that have slopes."""
        return np.concatenate([np.ones((len(rows), 1)), self._sloped_features(rows)], axis=1)

    def own_variance(self, tasks: TaskTable, noise: FloatArray) -> FloatArray:
        """As the effects of the tasks of training vary."""
        return np.tile((self.effects[:, :-1] ** 2).mean(axis=1).T, (len(tasks), 1, 1))

    def size(self) -> Size:
        trees = sum(each.parameters for each in self.sums.values()) + len(self.start)
        a_task = self.effects[:, 0].size
        return Size(trees + self.effects.size, trees + a_task, a_task)

    def learnt(self) -> dict[str, Any]:
        return {
            "columns": self.columns.to_state(),
            "start": self.start,
            "sloped": self.sloped,
            "effects": self.effects,
            "sums": {str(number): each.to_array() for number, each in self.sums.items()},
        }

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.columns = TreeColumns.from_state(learnt["columns"])
        self.start, self.sloped, self.effects = learnt["start"], learnt["sloped"], learnt["effects"]
        sums = {int(number): text for number, text in learnt["sums"].items()}
        self._check_shapes(set(sums))
        columns = self.columns.width(len(self.encoder.features.scaling))
        self.sums = {number: Boosted.of_stored(text, columns=columns, outputs=1) for number, text in sums.items()}

    def _check_shapes(self, sums: set[int]) -> None:
        """Raises FormatError where start, slopes, effects and sums are not those of one model."""
        scores = len(self.encoder.target) if self.classes is None else self.classes.scores
        features, wanted = set(range(self.encoder.narrow_width)), (scores, 1 + len(self.sloped))
        if (
            self.start.shape != wanted[:1]
            or (self.effects.ndim, self.effects.shape[::2]) != (3, wanted)
            or not (set(self.sloped.tolist()) <= features and sums <= set(range(scores)))
        ):
            raise FormatError(
                f"A stored model must have a start and effects for {wanted[0]} scores and {wanted[1] - 1} slopes of "
                f"its features, however they have shapes {self.start.shape} and {self.effects.shape}, slopes are of "
                f"{self.sloped.tolist()}, and sums of {sorted(sums)}."
            )


def trees_of(booster: Any, kept: int) -> Boosted:
    """The trees of GPBoost's booster without its random effects, in the format that both libraries have."""
    content: dict[str, Any] = json.loads(booster.model_to_string(num_iteration=kept))
    return Boosted.of_own(up_to_trees(content["booster_str"]))


def effects_of(booster: Any, kept: int, tasks: int, slopes: int) -> FloatArray:
    """(tasks, 1 + slopes) intercepts and slopes: what GPBoost predicts for zeros, and for a one in the place of one.

    Zero for tasks without rows.
    """
    places = np.concatenate([np.zeros((1, slopes)), np.eye(slopes)])
    asked: dict[str, NDArray[Any]] = {"group_data_pred": np.repeat(np.arange(tasks), 1 + slopes)}
    if slopes:
        asked["group_rand_coef_data_pred"] = np.tile(places, (tasks, 1))
    nothing = np.zeros((tasks * (1 + slopes), booster.num_feature()))
    found = booster.predict(nothing, num_iteration=kept, pred_latent=True, **asked)["random_effect_mean"]
    effects = np.asarray(found, dtype=np.float64).reshape(tasks, 1 + slopes)
    effects[:, 1:] -= effects[:, :1]
    return effects


def _with_label(rows: Dataset, label: FloatArray) -> tuple[Dataset, FloatArray]:
    """The rows that have a label, and their labels; see `rows_with`."""
    kept, known = rows_with(label)
    return rows if isinstance(kept, slice) else rows.take(kept).weighted_to_mean_1(), known


def most_related(
    features: FloatArray, task: IntArray, target: FloatArray, count: int, weight: FloatArray | None = None
) -> IntArray:
    """Columns of features (rows, columns) that go most with targets (rows, outputs) within tasks; at most `count`."""
    strength = np.zeros(features.shape[1])
    for rows, outputs in known_together(target):
        known, counts = part_of(target, rows, outputs), weight_of(weight, rows)
        inner, wanted = (within(each.astype(np.float64), task[rows], counts) for each in (features[rows], known))
        spread = np.sqrt((inner**2).sum(axis=0))[:, None] * np.sqrt((wanted**2).sum(axis=0))[None]
        share = np.abs(inner.T @ wanted) / np.where(spread > 1e-9, spread, np.inf)
        strength = np.maximum(strength, share.max(axis=1, initial=0.0))
    order = np.argsort(-strength, kind="stable")[:count]
    return np.sort(order[strength[order] > 0])


def within(values: FloatArray, task: IntArray, weight: FloatArray | None = None) -> FloatArray:
    """(rows, columns) less the means of their tasks, times the roots of their weights."""
    share = np.ones(len(task)) if weight is None else weight
    counts = np.bincount(task, share)
    means = [np.bincount(task, weights=share * column) / np.where(counts > 0, counts, 1.0) for column in values.T]
    return np.sqrt(share)[:, None] * (values - np.stack(means, axis=1)[task]) if means else values
