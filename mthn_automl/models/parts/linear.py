"""Penalised linear models over any columns, dense or sparse: ridge regression and logistic regression."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as RidgeRegression

from mthn_automl.data.dataset import FloatArray, IntArray
from mthn_automl.models.parts.probabilities import Classes

DENSE_NUMBERS = 4_000_000  # 32 MB: up to here a dense, exact solution is the faster one


@dataclass(frozen=True)
class Linear:
    """coefficients: (columns, outputs). intercept: (outputs,)."""

    coefficients: FloatArray
    intercept: FloatArray

    @property
    def numbers(self) -> int:
        return int(self.coefficients.size + self.intercept.size)

    def scores(self, columns: Any) -> FloatArray:
        """(rows, outputs) of an array or sparse array of (rows, columns)."""
        return np.asarray(columns @ self.coefficients) + self.intercept


def fit_regression(columns: Any, target: FloatArray, *, alpha: float) -> Linear:
    """Squared error + alpha |coefficients|^2, the intercept free; target: (rows, outputs)."""
    model = RidgeRegression(alpha=alpha, tol=1e-8).fit(_densified(columns), target)
    return Linear(np.ascontiguousarray(np.atleast_2d(model.coef_).T), np.atleast_1d(model.intercept_))


def fit_classes(columns: Any, labels: IntArray, classes: Classes, *, alpha: float) -> Linear:
    """Log loss + alpha / 2 |coefficients|^2, the intercept free; labels: (rows,) among the present classes."""
    if classes.scores == 0:
        return Linear(np.zeros((columns.shape[1], 0)), np.zeros(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=1.0 / alpha, max_iter=2000).fit(_densified(columns), labels)
    return Linear(np.ascontiguousarray(model.coef_.T), model.intercept_)


def _densified(columns: Any) -> Any:
    if isinstance(columns, np.ndarray) or np.prod(columns.shape, dtype=float) > DENSE_NUMBERS:
        return columns
    return columns.toarray()
