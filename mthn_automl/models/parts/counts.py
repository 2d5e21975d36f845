"""Counts as classical models learn them: the logarithm of a rate, with rows weighed by their exposure."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import PoissonRegressor

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.kinds.count import FARTHEST
from mthn_automl.data.schema import Problem
from mthn_automl.models.parts.linear import Linear, densified

MOST_STEPS = 300


@dataclass(frozen=True)
class Counts:
    """Rows of counts, whose mean is rate x exposure.

    A Poisson likelihood of counts with exposures is one of rates that are weighed by the exposures.

    Shape:
        rows -> rate (rows,), weight (rows,).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> frame = cubic(tasks=2, rows=4)[0]
        >>> rows = read_dataset(frame.assign(target=[0, 1, 2, 1, 0, 3, 0, 1]), problem="count")
        >>> Counts.of(rows, Encoder.fit(rows, Flags.of(rows))).rate
        array([0., 1., 2., 1., 0., 3., 0., 1.])

    Attributes:
        rate: in units of the mean rate of training; 1 in every row where nothing was counted in any.
        weight: exposures in units of their mean.
    """

    rate: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, rows: Dataset, encoder: Encoder) -> "Counts":
        exposure = rows.exposures
        rate = encoder.target.standardised(rows.target)[:, 0] / exposure
        return cls(rate if rate.any() else np.ones(len(rows)), exposure / exposure.mean() if len(rows) else exposure)

    @classmethod
    def asked(cls, rows: Dataset, encoder: Encoder) -> "Counts | None":
        """None where the problem is another."""
        return cls.of(rows, encoder) if rows.schema.problem is Problem.COUNT else None


def steadied(rows: Dataset, encoder: Encoder) -> FloatArray:
    """(rows, 1) standardised roots of rates: for what needs squared errors, as their variance is about the same.

    Source: Anscombe: The transformation of Poisson, binomial and negative-binomial data, Biometrika 1948.
    """
    roots = np.sqrt(Counts.of(rows, encoder).rate)
    spread = roots.std()
    return np.asarray((roots - roots.mean()) / (spread if spread > 0 else 1.0))[:, None]


def fit_counts(columns: Any, counts: Counts, *, alpha: float) -> Linear:
    """Poisson loss of the log rate + alpha / 2 |coefficients|^2, the intercept free."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = PoissonRegressor(alpha=alpha / len(counts.rate), max_iter=MOST_STEPS, tol=1e-6)
        model.fit(densified(columns), counts.rate, sample_weight=counts.weight)
    return Linear(model.coef_[:, None], np.array([model.intercept_]))


def log_rate(rate: FloatArray) -> FloatArray:
    """The logarithm, within what is believed."""
    return np.log(np.clip(rate, np.exp(-FARTHEST), np.exp(FARTHEST)))
