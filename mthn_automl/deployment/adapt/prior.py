"""What the tasks of training say of a new one's numbers: a normal distribution around what its metadata predict.

Empirical Bayes: Efron and Morris 1973, "Stein's estimation rule and its competitors"; a ridge regression from metadata
to the numbers of the trained tasks gives the mean, and what it leaves of tasks left out the covariance.
"""

from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray

PENALTIES = np.logspace(-3, 6, 28)
MOST_DIRECTIONS = 64
"""Of a task's numbers, those in which the tasks of training differ most; in all others a new task is as predicted."""

MOST_FULL = 256
"""Numbers of a task up to which the covariance is full."""


@dataclass(frozen=True)
class Prior:
    """Numbers of new tasks: mean + root u, with u standard normal.

    Attributes:
        mean: (new tasks, numbers).
        root: (numbers, directions).
    """

    mean: FloatArray
    root: FloatArray


def prior_of(numbers: FloatArray, metadata: FloatArray, new: FloatArray) -> Prior:
    """From the trained tasks' numbers (tasks, numbers) and metadata (tasks, d_m), and new tasks' metadata.

    Without metadata, or where these predict nothing of tasks left out, the mean and covariance of the trained tasks.

    Example:
        >>> numbers = np.arange(5.0)[:, None]
        >>> prior = prior_of(numbers, np.zeros((5, 0)), np.zeros((1, 0)))
        >>> prior.mean.tolist(), prior.root.shape
        ([[2.0]], (1, 1))
    """
    centre, spread = numbers.mean(axis=0), numbers.std(axis=0)
    unit = np.where(spread > 0.0, spread, 1.0)
    standard = (numbers - centre) / unit
    predicted, left = _ridge(standard, metadata, new)
    return Prior(centre + unit * predicted, unit[:, None] * _root(left))


def left_over(numbers: FloatArray, metadata: FloatArray) -> FloatArray:
    """(tasks, numbers) what the ridge regression on metadata leaves of each task where it was left out."""
    spread = numbers.std(axis=0)
    unit = np.where(spread > 0.0, spread, 1.0)
    return np.asarray(unit * _ridge((numbers - numbers.mean(axis=0)) / unit, metadata, metadata[:0])[1])


def _ridge(standard: FloatArray, metadata: FloatArray, new: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Predictions of new tasks, and what is left of each trained one where it was left out.

    The penalty is that which leaves least, an endless one among them: then nothing is predicted.
    """
    tasks = len(standard)
    nothing = np.zeros((len(new), standard.shape[1])), standard * tasks / max(tasks - 1, 1)
    if metadata.shape[1] == 0 or tasks < 3:
        return nothing
    middle = metadata.mean(axis=0)
    left, values, right = np.linalg.svd((metadata - middle).astype(np.float64), full_matrices=False)
    onto = left.T @ standard
    best, least = nothing, float((nothing[1] ** 2).sum())
    for penalty in PENALTIES:
        shrunk = values**2 / (values**2 + penalty)
        leverage = 1.0 / tasks + (left**2 * shrunk).sum(axis=1)
        residual = (standard - left @ (shrunk[:, None] * onto)) / np.maximum(1.0 - leverage, 1e-9)[:, None]
        if (residual**2).sum() < least:
            least = float((residual**2).sum())
            weights = right.T @ ((shrunk / np.maximum(values, 1e-12))[:, None] * onto)
            best = (new - middle) @ weights, residual
    return best


def _root(left: FloatArray) -> FloatArray:
    """(numbers, directions) whose products are the covariance of what is left, (tasks, numbers).

    Drawn to a multiple of the identity where tasks are few (Ledoit and Wolf 2004, "A well-conditioned estimator for
    large-dimensional covariance matrices").
    """
    tasks, numbers = left.shape
    if numbers > MOST_FULL or tasks < 3:
        _, values, right = np.linalg.svd(left / np.sqrt(max(tasks, 1)), full_matrices=False)
        return np.asarray((right.T * values)[:, :MOST_DIRECTIONS])
    from sklearn.covariance import ledoit_wolf

    values, vectors = np.linalg.eigh(ledoit_wolf(left, assume_centered=True)[0])
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1][:, :MOST_DIRECTIONS])
