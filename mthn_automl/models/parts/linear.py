"""Penalised linear models, and their columns: features, metadata, products of these, and what each task adds."""

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array, hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.linear_model import Ridge as RidgeRegression

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder
from mthn_automl.models.base import Classical, Size
from mthn_automl.models.parts.elimination import TaskRows, fit_by_elimination
from mthn_automl.models.parts.gaps import known_together, part_of, weight_of
from mthn_automl.models.parts.probabilities import Classes
from mthn_automl.received import typed

DENSE_VALUES = 4_000_000  # 32 MB: up to here a dense, exact solution is the faster one

MOST_POISSON_STEPS = 300

TaskEffects = Literal["none", "intercept", "slopes"]


@dataclass(frozen=True)
class Linear:
    """A linear function of any columns.

    Shape:
        (rows, columns) -> (rows, outputs).

    Example:
        >>> Linear(np.zeros((3, 1)), np.ones(1)).scores(np.zeros((4, 3))).shape
        (4, 1)

    Attributes:
        coefficients: (columns, outputs).
        intercept: (outputs,).
    """

    coefficients: FloatArray
    intercept: FloatArray

    @property
    def parameters(self) -> int:
        return int(self.coefficients.size + self.intercept.size)

    def scores(self, columns: Any) -> FloatArray:
        """(rows, outputs) of an array or sparse array of (rows, columns)."""
        return np.asarray(columns @ self.coefficients) + self.intercept


def fit_regression(columns: Any, target: FloatArray, weight: FloatArray | None = None, *, alpha: float) -> Linear:
    """Squared error + alpha |coefficients|^2, the intercept free, of each output over the rows that have it.

    Shape:
        target (rows, outputs), NaN where missing; weight (rows,).
    """
    dense, outputs = densified(columns), target.shape[1]
    found = Linear(np.zeros((dense.shape[1], outputs)), np.zeros(outputs))
    for rows, group in known_together(target):
        model = RidgeRegression(alpha=alpha, tol=1e-8)
        model.fit(dense[rows], part_of(target, rows, group), sample_weight=weight_of(weight, rows))
        found.coefficients[:, group] = np.atleast_2d(model.coef_).T
        found.intercept[group] = model.intercept_
    return found


def fit_by_tasks(columns: "LinearColumns", training: Dataset, target: FloatArray, *, alpha: float) -> Linear:
    """As `fit_regression` of these columns; what tasks have of their own is eliminated where that is quicker.

    Shape:
        target (rows, outputs), NaN where missing.
    """
    given = columns.by_task(training)
    if not columns.is_hard or given.values <= DENSE_VALUES or not given.is_quick:
        return fit_regression(side_by_side(given), target, training.weight, alpha=alpha)
    outputs, numbers = target.shape[1], given.own.shape[1] * given.tasks
    found = Linear(np.zeros((given.shared.shape[1] + numbers, outputs)), np.zeros(outputs))
    for rows, group in known_together(target):
        weight = weight_of(training.weight, rows)
        solved = fit_by_elimination(given.take(rows), part_of(target, rows, group), weight, alpha=alpha)
        intercepts, slopes = solved.own[:, :1], solved.own[:, 1:]
        parts = [each.reshape(-1, each.shape[-1]) for each in (solved.shared, intercepts, slopes)]
        found.coefficients[:, group], found.intercept[group] = np.concatenate(parts), solved.intercept
    return found


def fit_classes(
    columns: Any, labels: IntArray, classes: Classes, weight: FloatArray | None = None, *, alpha: float
) -> Linear:
    """Log loss + alpha / 2 |coefficients|^2, the intercept free.

    Shape:
        labels (rows,) among the present classes; weight (rows,).
    """
    if classes.scores == 0:
        return Linear(np.zeros((columns.shape[1], 0)), np.zeros(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=1.0 / alpha, max_iter=2000)
        model.fit(densified(columns), labels, sample_weight=weight)
    return Linear(np.ascontiguousarray(model.coef_.T), model.intercept_)


def fit_counts(columns: Any, rate: FloatArray, weight: FloatArray | None, *, alpha: float) -> Linear:
    """Poisson loss of the log rate + alpha / 2 |coefficients|^2, the intercept free.

    Shape:
        columns (rows, columns), rate (rows,), weight (rows,).

    Example:
        >>> fit_counts(np.zeros((3, 2)), np.array([0.0, 1.0, 2.0]), None, alpha=1.0).intercept.round(6)
        array([0.])
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = PoissonRegressor(alpha=alpha / len(rate), max_iter=MOST_POISSON_STEPS, tol=1e-6)
        model.fit(densified(columns), rate, sample_weight=weight)
    return Linear(model.coef_[:, None], np.array([model.intercept_]))


def densified(columns: Any) -> Any:
    """Columns as an array where they are few enough."""
    if isinstance(columns, np.ndarray) or np.prod(columns.shape, dtype=float) > DENSE_VALUES:
        return columns
    return columns.toarray()


@dataclass(frozen=True)
class LinearColumns:
    """First the columns that all tasks share, then an intercept a task, then a slope a task and feature.

    Rows of a task never seen, numbered `tasks` or above, have zeros in the tasks' columns. Categories of wide columns
    have one effect for all tasks, and no product with metadata: there are too few rows of each for more.

    Attributes:
        encoder: of features and metadata.
        tasks: how many have columns.
        effects: what a task has columns for.
        use_metadata: whether there are columns of metadata.
        interactions: whether there is a column for each product of a feature and a column of metadata.
    """

    encoder: Encoder
    tasks: int
    effects: TaskEffects
    use_metadata: bool
    interactions: bool

    def of(self, rows: Dataset) -> csr_array:
        """(rows, columns) float64 sparse."""
        return side_by_side(self.by_task(rows))

    def shared(self, rows: Dataset) -> csr_array:
        """(rows, shared) float64 sparse: features, metadata, products of these, one-hot wide columns."""
        encoded = self.encoder.encode_features(rows.features)
        blocks = [csr_array(encoded[:, : self.encoder.narrow_width].astype(np.float64))]
        if self.use_metadata and self.encoder.metadata_width > 0:
            metadata = self.encoder.encode_metadata(rows.tasks).astype(np.float64)[rows.task]
            blocks += [csr_array(metadata)]
            blocks += [blocks[0].multiply(column[:, None]) for column in metadata.T if self.interactions]
        wide = encoded[:, self.encoder.narrow_width :]
        blocks += [one_hot(wide.astype(np.int64), self.encoder.features.wide_categories)] if wide.shape[1] else []
        return csr_array(hstack(blocks, format="csr"))

    @property
    def is_hard(self) -> bool:
        """Whether columns hang together, so that iterations take long: slopes, or products."""
        return self.effects == "slopes" or (self.interactions and self.use_metadata)

    def by_task(self, rows: Dataset) -> TaskRows:
        """What `of` puts side by side, with what tasks have of their own apart."""
        own = np.zeros((len(rows), 0)) if self.effects == "none" else self.of_a_task(rows)
        return TaskRows(self.shared(rows), own, rows.task, self.tasks)

    def features(self, rows: Dataset) -> FloatArray:
        """(rows, features) float64, without wide columns."""
        return self.encoder.encode_features(rows.features)[:, : self.encoder.narrow_width].astype(np.float64)

    def of_a_task(self, rows: Dataset) -> FloatArray:
        """(rows, columns) float64: those that a task has for itself, an intercept and slopes as `effects` says."""
        ones = np.ones((len(rows), 1))
        return np.concatenate([ones, self.features(rows)], axis=1) if self.effects == "slopes" else ones

    def size(self, linear: Linear) -> Size:
        """Of that function of the columns: within a task the metadata are constant, part of its intercept."""
        width, outputs = self.encoder.narrow_width, len(linear.intercept)
        a_task = {"none": 0, "intercept": 1, "slopes": 1 + width}[self.effects]
        network = width + self.encoder.features.wide_categories + 1
        return Size(linear.parameters, network * outputs, a_task * outputs)


def side_by_side(given: TaskRows) -> csr_array:
    """(rows, shared + tasks * width) sparse: shared columns, an intercept a task, then a slope a task and feature."""
    own = [each for each in (given.own[:, :1], given.own[:, 1:]) if each.shape[1]]
    blocks = [given.shared, *(task_columns(each, given.task, given.tasks) for each in own)]
    return csr_array(hstack(blocks, format="csr"))


def one_hot(index: IntArray, categories: int) -> csr_array:
    """(rows, categories) sparse: row i holds 1 in the columns `index[i]`, of which those of -1 are left out.

    Shape:
        index (rows, columns).
    """
    known = index >= 0
    starts = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    return csr_array((np.ones(starts[-1]), index[known], starts), shape=(len(index), categories))


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


class LinearModel(Classical):
    """A linear function of `LinearColumns`; a subclass says which columns, and fits the function.

    Attributes:
        columns: of the fit.
        linear: what was fitted.
    """

    columns: LinearColumns
    linear: Linear

    @abstractmethod
    def columns_of(self, tasks: int) -> LinearColumns:
        """The columns that the settings ask for."""

    def scores(self, rows: Dataset) -> FloatArray:
        return self.linear.scores(self.columns.of(rows))

    def own_columns(self, rows: Dataset) -> FloatArray:
        return self.columns.of_a_task(rows)

    def size(self) -> Size:
        return self.columns.size(self.linear)

    def learnt(self) -> dict[str, Any]:
        return {"tasks": self.columns.tasks, **vars(self.linear)}

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        stored = typed(learnt, _Stored)
        self.columns = self.columns_of(stored.tasks)
        self.linear = Linear(stored.coefficients, stored.intercept)


@dataclass(frozen=True)
class _Stored:
    """What `learnt` gives."""

    tasks: int
    coefficients: FloatArray
    intercept: FloatArray
