"""Rates of counts as classical models see them: with rows weighted by their exposures.

Shape:
    rates (rows, 1), weight (rows,) -> (rows, 1).

Example:
    >>> steadied(np.array([[0.0], [4.0]]), None)
    array([[-1.],
           [ 1.]])
    >>> log_rate(np.array([0.0, 1.0]))
    array([-15.,   0.])
"""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.kinds.count import FARTHEST
from mthn_automl.data.scaling import tiny


def steadied(rates: FloatArray, weight: FloatArray | None) -> FloatArray:
    """(rows, 1) standardised roots of rates: for what needs squared errors, as their variance is about the same.

    Source: Anscombe: The transformation of Poisson, binomial and negative-binomial data, Biometrika 1948.
    """
    roots = np.sqrt(rates)
    centred = roots - np.average(roots, axis=0, weights=weight)
    spread = np.sqrt(np.average(centred**2, axis=0, weights=weight))
    return np.asarray(centred / np.where(spread > tiny(1e3), spread, 1.0))


def log_rate(rate: FloatArray) -> FloatArray:
    """The logarithm, within what is believed."""
    return np.log(np.clip(rate, np.exp(-FARTHEST), np.exp(FARTHEST)))
