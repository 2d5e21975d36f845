"""Linear mixed model: fixed effects of features and metadata, random intercepts and slopes of tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg import svd
from scipy.sparse import csr_array, diags_array, hstack
from scipy.sparse.linalg import LinearOperator, lsqr
from sklearn.linear_model import Ridge as RidgeRegression

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.models.base import Traits
from mthn_automl.models.parts.gaps import known_together, part_of, weight_of
from mthn_automl.models.parts.held_out import labels
from mthn_automl.models.parts.linear import (
    Linear,
    LinearColumns,
    LinearModel,
    TaskEffects,
    fit_classes,
    fit_counts,
    task_columns,
)
from mthn_automl.models.parts.problem_shape import ProblemShape

Factors = tuple[FloatArray, FloatArray, FloatArray]
"""U, the diagonal of S, and W^T of a task's design."""

DENSE_CELLS, SPARSE_SHARE = 1 << 20, 0.1
"""Cells of fixed effects beyond which these are solved for by products with them, where so small a share of
the cells is not zero: those of categories, and of their products with metadata."""

FIXED_VARIANCE = 10.0  # against the noise's: n rows shrink an effect by 1 / (10 n + 1), and collinear ones stay finite


@dataclass(frozen=True)
class MixedEffectsSettings:
    """What is searched; the ranges are in `search_spaces/mixed_effects.toml`.

    Attributes:
        intercept_variance: of random intercepts, in units of the noise's.
        random_slopes: whether tasks have slopes of their own.
        slope_variance: of random slopes, in units of the noise's.
        use_metadata: whether metadata have fixed effects.
        interactions: whether products of features and metadata have fixed effects.
    """

    intercept_variance: float = 1.0
    random_slopes: bool = True
    slope_variance: float = 0.1
    use_metadata: bool = True
    interactions: bool = False


class MixedEffects(LinearModel):
    """y = X b + Z_t u_t + noise, with Z_t a column of ones and the features, and u_t independent normal.

    The variances of intercepts and slopes, against the noise's, are settings. For them the best linear unbiased
    prediction is exact (Henderson 1975, "Best linear unbiased estimation and prediction under a selection model"), at a
    cost that grows with the rows (Laird and Ware 1982, "Random-effects models for longitudinal data"). Rows of a task
    never seen get the fixed effects. Classes and counts: logistic or Poisson regression whose penalties are the same
    normal distributions, that is the joint mode of all effects; a variance is one of log odds, or of log rates.

    Size: all effects and intercepts. One task's network: a coefficient a feature and an intercept, for each output,
    because metadata are constant within a task. One more task: its own effects.

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = MixedEffects(MixedEffectsSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = MixedEffectsSettings

    settings: MixedEffectsSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: MixedEffectsSettings) -> Traits:
        return Traits(True, settings.use_metadata and shape.metadata > 0)

    def learn(self, training: Dataset, *, seed: int) -> None:
        """Learn from all rows of `training`; nothing is random, so `seed` changes nothing."""
        self.columns = self.columns_of(len(training.tasks))
        if self.classes is None and not self.counting:
            self.linear = self._fit_regression(training)
        else:
            self.linear = self._fit_scaled(training)

    def _fit_regression(self, training: Dataset) -> Linear:
        ones = csr_array(np.ones((len(training), 1)))
        fixed = csr_array(hstack([ones, self.columns.shared(training)], format="csr"))
        target = self.encoded_target(training)
        roots = self._roots()
        design = np.pad(self.columns.features(training), ((0, 0), (1, 0)), constant_values=1.0)[:, : len(roots)]
        given = fixed if _is_sparse(fixed) else fixed.toarray()
        design, task, tasks, weight = design * roots, training.task, self.columns.tasks, training.weight
        shared = np.zeros((fixed.shape[1], target.shape[1]))
        of_tasks = np.zeros((tasks, len(roots), target.shape[1]))
        for rows, group in known_together(target):
            known, counts = part_of(target, rows, group), weight_of(weight, rows)
            shared[:, group], of_tasks[:, :, group] = best_prediction(
                given[rows], design[rows], known, task[rows], tasks, counts
            )
        of_tasks *= roots[:, None]
        slopes = of_tasks[:, 1:].reshape(-1, target.shape[1])
        return Linear(np.concatenate([shared[1:], of_tasks[:, 0], slopes]), shared[0])

    def _fit_scaled(self, training: Dataset) -> Linear:
        """Of classes and counts: columns in units of their effects' standard deviations, whose penalties are then 1."""
        columns, roots, tasks = self.columns.of(training), self._roots(), self.columns.tasks
        random = np.concatenate([np.full(tasks, roots[0]), np.tile(roots[1:], tasks)])
        fixed = np.full(columns.shape[1] - len(random), np.sqrt(FIXED_VARIANCE))
        scale = np.concatenate([fixed, random])
        scaled, weight = columns @ diags_array(scale), training.weight
        if self.classes is None:
            fitted = fit_counts(scaled, labels(self, training)[0], weight, alpha=1.0)
        else:
            classes = self.classes.labels(training.target)
            fitted = fit_classes(scaled, classes, self.classes, weight, alpha=1.0)
        return Linear(fitted.coefficients * scale[:, None], fitted.intercept)

    def _roots(self) -> FloatArray:
        """(1,) or (1 + d_x,): standard deviations of one task's effects."""
        settings = self.settings
        slopes = self.encoder.narrow_width if settings.random_slopes else 0
        return np.sqrt([settings.intercept_variance, *[settings.slope_variance] * slopes])

    def own_variance(self, tasks: TaskTable, noise: FloatArray) -> FloatArray:
        """That of the random effects, so that effects of a task added are their best prediction from its rows."""
        return np.tile(self._roots()[:, None] ** 2 * noise, (len(tasks), 1, 1))

    def columns_of(self, tasks: int) -> LinearColumns:
        settings = self.settings
        effects: TaskEffects = "slopes" if settings.random_slopes else "intercept"
        return LinearColumns(self.encoder, tasks, effects, settings.use_metadata, settings.interactions)


def _is_sparse(columns: csr_array) -> bool:
    cells = columns.shape[0] * columns.shape[1]
    return cells > DENSE_CELLS and columns.nnz <= SPARSE_SHARE * cells


def best_prediction(
    fixed: FloatArray | csr_array,
    design: FloatArray,
    target: FloatArray,
    task: IntArray,
    tasks: int,
    weight: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Fixed effects, and effects of each task that have the noise's variance; tasks without rows get zeros.

    With design_t = U S W^T the covariance of a task's rows is V_t = I + U S^2 U^T. Generalised least squares is ridge
    regression on rows times V_t^(-1/2), and a task's effects are W S / (1 + S^2) U^T of its residuals.

    The noise's variance in a row is divided by its weight, which is to multiply the row by the weight's root.

    Shape:
        fixed (rows, p), sparse or not, design (rows, q), target (rows, outputs), weight (rows,) -> (p, outputs),
        (tasks, q, outputs).
    """
    if weight is not None:
        root = np.sqrt(weight)[:, None]
        fixed = root * fixed if isinstance(fixed, np.ndarray) else csr_array(diags_array(root[:, 0]) @ fixed)
        design, target = root * design, root * target
    order = np.argsort(task, kind="stable")
    present, starts = np.unique(task[order], return_index=True)
    parts = np.split(order, starts[1:])
    factors = [svd(design[rows], full_matrices=False) for rows in parts]
    if isinstance(fixed, np.ndarray):
        shared = _of_dense(fixed, target, parts, factors)
    else:
        shared = _of_sparse(fixed, target, parts, factors)
    residual = target - fixed @ shared
    effects = np.zeros((tasks, design.shape[1], target.shape[1]))
    for one, rows, (left, values, right) in zip(present, parts, factors, strict=True):
        effects[one] = right.T * (values / (1.0 + values**2)) @ (left.T @ residual[rows])
    return shared, effects


def _of_dense(
    fixed: FloatArray, target: FloatArray, parts: Sequence[IntArray], factors: Sequence[Factors]
) -> FloatArray:
    """(p, outputs) fixed effects. parts: rows of each task; factors: of the design of each."""
    white = np.concatenate([fixed, target], axis=1)
    for rows, (left, values, _) in zip(parts, factors, strict=True):
        white[rows] += left * (1.0 / np.sqrt(1.0 + values**2) - 1.0) @ (left.T @ white[rows])
    ridge = RidgeRegression(alpha=1.0 / FIXED_VARIANCE, fit_intercept=False)
    return np.atleast_2d(ridge.fit(white[:, : fixed.shape[1]], white[:, fixed.shape[1] :]).coef_).T


def _of_sparse(
    fixed: csr_array, target: FloatArray, parts: Sequence[IntArray], factors: Sequence[Factors]
) -> FloatArray:
    """As `_of_dense`, in the memory of the sparse array: rows are whitened anew at each product with it."""
    width = max(len(values) for _, values, _ in factors)
    lefts, task = np.zeros((len(target), width)), np.zeros(len(target), dtype=np.int64)
    shrunken = np.zeros((len(parts), width))
    for one, (rows, (left, values, _)) in enumerate(zip(parts, factors, strict=True)):
        lefts[rows, : len(values)], task[rows] = left, one
        shrunken[one, : len(values)] = 1.0 / np.sqrt(1.0 + values**2) - 1.0
    basis, shares = task_columns(lefts, task, len(parts)), shrunken.ravel()[:, None]

    def whitened(values: FloatArray) -> FloatArray:
        return np.asarray(values + basis @ (shares * (basis.T @ values)))

    system = LinearOperator(
        fixed.shape,
        matvec=lambda effects: whitened(fixed @ effects.reshape(-1, 1)).ravel(),
        rmatvec=lambda values: fixed.T @ whitened(values.reshape(-1, 1)).ravel(),
        dtype=np.float64,
    )
    found = [lsqr(system, each, damp=FIXED_VARIANCE**-0.5, atol=1e-9, btol=1e-9)[0] for each in whitened(target).T]
    return np.stack(found, axis=1)
