"""A linear model of a kernel's values at stored rows: exact while rows are few, by Nystrom landmarks beyond."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import ThreadpoolController

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.models.parts.gaps import known_together, part_of, weight_of
from mthn_automl.models.parts.kernels import (
    MOST_TASKS,
    OWN_LANDMARKS,
    Kernel,
    Points,
    landmarks,
    own_features,
    whitening,
)
from mthn_automl.models.parts.linear import Linear, fit_classes, fit_counts
from mthn_automl.models.parts.probabilities import Classes
from mthn_automl.received import typed

EXACT_ROWS = 4_000
REGRESSION_LANDMARKS = 1_000
CLASS_LANDMARKS = 600
CLASS_VALUES = 30_000_000  # of the kernel features of all rows, 240 MB: beyond, fewer landmarks


@cache
def _libraries() -> ThreadpoolController:
    """That multiply matrices; they are looked for once, which takes longer than predicting a row."""
    return ThreadpoolController()


@dataclass(frozen=True)
class KernelMachine:
    """A linear function of the kernel's values at stored rows.

    Shape:
        points -> (rows, outputs).

    Example:
        >>> points = Points(np.eye(5), np.arange(5), np.arange(5), np.zeros((5, 2)))
        >>> kernel, target = Kernel("rbf", 1.0, 1.0, task_share=0.2), np.ones((5, 1))
        >>> KernelMachine.fit_regression(kernel, points, target, alpha=0.1, seed=0).scores(points).shape
        (5, 1)

    Attributes:
        kernel: between any row and the stored ones.
        rows: how many the fit had, of which `stored` are kept.
        stored: the rows whose kernel values are the columns.
        linear: dual coefficients, (stored rows, outputs).
    """

    kernel: Kernel
    rows: int
    stored: Points
    linear: Linear

    @classmethod
    def fit_regression(
        cls,
        kernel: Kernel,
        points: Points,
        target: FloatArray,
        weight: FloatArray | None = None,
        *,
        alpha: float,
        seed: int,
    ) -> "KernelMachine":
        """Kernel ridge regression, which is the mean of a Gaussian process with noise `alpha` over a row's weight.

        Each output is fitted to the rows that have it. `seed` draws landmarks.

        Shape:
            target (rows, outputs), NaN where missing; weight (rows,).
        """
        count = len(points) if len(points) <= EXACT_ROWS else REGRESSION_LANDMARKS
        stored = points.take(landmarks(points.place, count, seed=seed))
        gram = kernel.gram(stored)
        if len(stored) == len(points):
            dual = _fit_exactly(gram, target, weight, alpha)
        else:
            dual = _fit_landmarks(kernel, points, stored, target, weight, whitening(gram), alpha)
        return cls(kernel, len(points), stored, Linear(dual, np.zeros(target.shape[1])))

    @classmethod
    def fit_classes(
        cls,
        kernel: Kernel,
        points: Points,
        labels: IntArray,
        classes: Classes,
        weight: FloatArray | None = None,
        *,
        alpha: float,
        seed: int,
    ) -> "KernelMachine":
        """Kernel logistic regression over landmarks; labels: (rows,) among the present classes; weight: (rows,)."""
        stored, white, features = _features(kernel, points, seed)
        fitted = fit_classes(features, labels, classes, weight, alpha=alpha)
        return cls(kernel, len(points), stored, Linear(np.matmul(white, fitted.coefficients), fitted.intercept))

    @classmethod
    def fit_counts(
        cls, kernel: Kernel, points: Points, rate: FloatArray, weight: FloatArray | None, *, alpha: float, seed: int
    ) -> "KernelMachine":
        """Kernel Poisson regression over landmarks; rate, weight: (rows,)."""
        stored, white, features = _features(kernel, points, seed)
        fitted = fit_counts(features, rate, weight, alpha=alpha)
        return cls(kernel, len(points), stored, Linear(np.matmul(white, fitted.coefficients), fitted.intercept))

    @property
    def parameters(self) -> int:
        """Dual coefficients and intercepts, and the values of the stored rows."""
        return self.linear.parameters + self.stored.size

    def own_columns(self, points: Points) -> FloatArray:
        """(rows, columns) of which a task added has effects: see `own_features`."""
        return own_features(self.kernel, self.stored.features, points.features)

    def own_variance(self, metadata: FloatArray, noise: FloatArray, alpha: float) -> FloatArray:
        """(tasks, columns, outputs) of these effects, of tasks with this metadata; alpha: as the fit had it."""
        share = self.kernel.left_to_tasks(metadata, self.stored.metadata[:MOST_TASKS])
        columns = min(OWN_LANDMARKS, len(self.stored))
        return np.tile((share[:, None] * noise / alpha)[:, None], (1, columns, 1))

    def scores(self, points: Points) -> FloatArray:
        """(points, outputs): predictions of a regression, logits of classes."""
        scores = np.empty((len(points), len(self.linear.intercept)))
        with _libraries().limit(limits=1, user_api="blas"):  # as many processes may predict at once
            for part, chunk in points.chunks(len(self.stored)):
                scores[part] = self.linear.scores(self.kernel(chunk, self.stored))
        return scores

    def notes(self, name: str) -> tuple[str, ...]:
        """What the user must be told of a model of that name."""
        kept = len(self.stored)
        if kept == self.rows:
            return ()
        return (f"{name} was approximated: {kept:,} of {self.rows:,} rows serve as Nystrom landmarks.",)

    def to_state(self) -> dict[str, Any]:
        """All but the kernel."""
        return {
            "rows": self.rows,
            "stored": self.stored.to_state(),
            **vars(self.linear),
        }

    @classmethod
    def from_state(cls, kernel: Kernel, state: Mapping[str, Any]) -> "KernelMachine":
        """The machine whose `to_state` this is. Raises ValueError: it is none."""
        stored = typed(state, _Stored)
        return cls(kernel, stored.rows, stored.stored, Linear(stored.coefficients, stored.intercept))


@dataclass(frozen=True)
class _Stored:
    """What `KernelMachine.to_state` gives."""

    rows: int
    stored: Points
    coefficients: FloatArray
    intercept: FloatArray


def _features(kernel: Kernel, points: Points, seed: int) -> tuple[Points, FloatArray, FloatArray]:
    """Landmarks, what makes the kernel's values at them features, (landmarks, features), and these of all points."""
    count = min(len(points), CLASS_LANDMARKS, max(50, CLASS_VALUES // len(points)))
    stored = points.take(landmarks(points.place, count, seed=seed))
    white = whitening(kernel.gram(stored))
    features = np.empty((len(points), white.shape[1]))
    for rows, chunk in points.chunks(len(stored)):
        features[rows] = np.matmul(kernel(chunk, stored), white)
    return stored, white, features


def _fit_exactly(gram: FloatArray, target: FloatArray, weight: FloatArray | None, alpha: float) -> FloatArray:
    """(rows, outputs) dual coefficients, zero where an output is missing; `gram` is used up."""
    dual = np.zeros(target.shape)
    for rows, outputs in known_together(target):
        counts = weight_of(weight, rows)
        noise = alpha if counts is None else alpha / counts
        if isinstance(rows, slice):
            return _solve(gram, target, noise)
        solved = np.zeros((len(target), len(dual[0, outputs])))
        solved[rows] = _solve(gram[rows][:, rows], part_of(target, rows, outputs), noise)
        dual[:, outputs] = solved
    return dual


def _fit_landmarks(
    kernel: Kernel,
    points: Points,
    stored: Points,
    target: FloatArray,
    weight: FloatArray | None,
    white: FloatArray,
    alpha: float,
) -> FloatArray:
    """(landmarks, outputs) dual coefficients; sums over chunks of rows, so that memory stays bounded."""
    dual = np.zeros((len(white), target.shape[1]))
    for kept, outputs in known_together(target):
        some, wanted, counts = points.take(kept), part_of(target, kept, outputs), weight_of(weight, kept)
        covariance = np.zeros((white.shape[1], white.shape[1]))
        moment = np.zeros((white.shape[1], wanted.shape[1]))
        for rows, chunk in some.chunks(len(stored)):
            features = np.matmul(kernel(chunk, stored), white)
            weighted = features if counts is None else features * counts[rows, None]
            covariance += weighted.T @ features
            moment += weighted.T @ wanted[rows]
        dual[:, outputs] = np.matmul(white, _solve(covariance, moment, alpha))
    return dual


def _solve(gram: FloatArray, target: FloatArray, alpha: float | FloatArray) -> FloatArray:
    """(gram + alpha I)^-1 target, in place of `gram`; a trace of jitter keeps it definite at alpha = 0."""
    gram[np.diag_indices_from(gram)] += alpha + 1e-10
    factor = cho_factor(gram, lower=True, overwrite_a=True)
    return cho_solve(factor, target)
