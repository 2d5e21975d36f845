"""Length scales, shares and noise of a Gaussian process, found by maximising the marginal likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotri
from scipy.optimize import OptimizeResult, minimize
from scipy.sparse import csr_array

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.models.parts.kernels import (
    Kernel,
    KernelShape,
    Points,
    scaled,
    similarity,
    similarity_slope,
    squared_distances,
)

STARTS = ((1.0, 0.3, 0.02, np.log(0.5)), (1.0, 0.1, 0.3, np.log(0.05)))
"""Logarithm of the lengths, task share, constant, logarithm of the noise: the likelihood has several maxima."""

SCALES = (np.log(0.02), np.log(50.0))
SHARES = (1e-5, 0.99)
MOST_NOISE = np.log(100.0)
FIRST_ITERATIONS, ITERATIONS = 10, 50
"""From each start, and from the better of where these lead."""

SPREAD = 3.0  # standard deviation of the logarithm of a length: weak, against lengths that the rows do not fix


@dataclass(frozen=True)
class Hyperparameters:
    """The vector of all of them: logarithms of the lengths, the task share, the constant, the logarithm of the noise.

    Shape:
        vector (features + metadata + task + 2,).

    Example:
        >>> points = Points(np.eye(5), np.arange(5), np.arange(5), np.zeros((5, 0)))
        >>> family = Hyperparameters("rbf", features=1, metadata=0, task=True, floor=1e-3)
        >>> family.best(points, np.arange(5.0)[:, None]).shape
        (4,)

    Attributes:
        shape: of the kernel.
        features: how many lengths they have; one if the columns share theirs, and none without columns.
        metadata: how many lengths they have, likewise.
        task: whether there is a task share.
        floor: the least noise variance, relative to the signal's as all noise here.
    """

    shape: KernelShape
    features: int
    metadata: int
    task: bool
    floor: float

    def kernel(self, vector: FloatArray) -> Kernel:
        features, metadata = np.split(np.exp(vector[: self.features + self.metadata]), [self.features])
        return Kernel(self.shape, features, metadata, float(vector[-3]) if self.task else 0.0, float(vector[-2]))

    def noise(self, vector: FloatArray) -> float:
        return float(np.exp(vector[-1]))

    def best(self, points: Points, target: FloatArray) -> FloatArray:
        """The likeliest vector that is found from a few starts; a constant column of target tells nothing.

        Shape:
            target (rows, outputs).
        """
        starts = [self._start(*each) for each in STARTS]
        telling = target[:, np.ptp(target, axis=0) > 0.0]
        if telling.shape[1] == 0:
            return starts[0]
        standard = (telling - telling.mean(axis=0)) / telling.std(axis=0)
        first = [self._climbed(each, points, standard, FIRST_ITERATIONS) for each in starts]
        best = min(first, key=lambda each: float(each.fun))
        return np.asarray(self._climbed(best.x, points, standard, ITERATIONS).x)

    def _start(self, length: float, share: float, constant: float, noise: float) -> FloatArray:
        lengths = [length] * (self.features + self.metadata)
        return np.array([*lengths, *[share] * self.task, constant, max(noise, np.log(self.floor))])

    def _climbed(self, start: FloatArray, points: Points, target: FloatArray, iterations: int) -> OptimizeResult:
        return minimize(
            self.loss,
            start,
            args=(points, target),
            jac=True,
            method="L-BFGS-B",
            bounds=self._bounds(),
            options={"maxiter": iterations, "ftol": 1e-6},
        )

    def _bounds(self) -> list[tuple[float, float]]:
        lengths = [SCALES] * (self.features + self.metadata)
        return [*lengths, *[SHARES] * self.task, SHARES, (np.log(self.floor), MOST_NOISE)]

    def loss(self, vector: FloatArray, points: Points, target: FloatArray) -> tuple[float, FloatArray]:
        """Negative logarithm of the marginal likelihood and of the lengths' prior, over the rows, and its gradient.

        Each output has a signal variance of its own, at its best value q / n (Rasmussen and Williams 2006,
        equations 5.8 and 5.9).
        """
        kernel, rows = self.kernel(vector), len(target)
        features = scaled(points.features, kernel.feature_scale)
        metadata = scaled(points.metadata, kernel.metadata_scale)
        feature_gaps, metadata_gaps = squared_distances(features, features), squared_distances(metadata, metadata)
        near, alike = similarity(self.shape, feature_gaps), similarity(self.shape, metadata_gaps)
        same, share, constant = np.eye(len(alike)), kernel.task_share, kernel.constant
        of_features = constant + (1.0 - constant) * near
        of_tasks = ((1.0 - share) * alike + share * same)[points.place[:, None], points.place]
        value, weights = _gaussian_loss(of_features * of_tasks, self.noise(vector), target)
        by_task = _summed_by_task(weights * of_features, points.place)
        of_pairs = weights * of_tasks
        feature_pull = (1.0 - constant) * of_pairs * similarity_slope(self.shape, feature_gaps)
        metadata_pull = (1.0 - share) * by_task * similarity_slope(self.shape, metadata_gaps)
        gradient = np.array(
            [
                *_length_gradient(feature_pull, features, self.features),
                *_length_gradient(metadata_pull, metadata, self.metadata),
                *[(by_task * (same - alike)).sum()] * self.task,
                (of_pairs * (1.0 - near)).sum(),
                self.noise(vector) * np.trace(weights),
            ]
        )
        lengths = vector[: self.features + self.metadata] / SPREAD
        gradient[: len(lengths)] += lengths / SPREAD
        return (value + 0.5 * float(lengths @ lengths)) / rows, gradient / rows


def _gaussian_loss(covariance: FloatArray, noise: float, target: FloatArray) -> tuple[float, FloatArray]:
    """The loss, and its derivative by the covariance (rows, rows), to which the noise is added in place."""
    rows, outputs = target.shape
    covariance[np.diag_indices(rows)] += noise
    factor = cho_factor(covariance, lower=True, overwrite_a=True)
    dual = cho_solve(factor, target)
    signal = np.maximum((target * dual).sum(axis=0) / rows, 1e-12)
    value = 0.5 * rows * np.log(signal).sum() + outputs * np.log(np.diag(factor[0])).sum()
    return float(value), 0.5 * (outputs * _inverse(factor[0]) - np.matmul(dual / signal, dual.T))


def _length_gradient(pull: FloatArray, values: FloatArray, lengths: int) -> FloatArray:
    """(lengths,) sums of pull_ij (z_i - z_j)^2 for each column z, or over all of them where they share a length.

    Shape:
        pull (points, points) symmetric, values (points, width).
    """
    columns = 2.0 * (values * (pull.sum(axis=1)[:, None] * values - pull @ values)).sum(axis=0)
    return columns if lengths == len(columns) else columns.sum(keepdims=True)  # type: ignore[no-any-return]


def _summed_by_task(weights: FloatArray, place: IntArray) -> FloatArray:
    """(tasks, tasks) sums of (rows, rows) symmetric weights."""
    member = csr_array((np.ones(len(place)), place, np.arange(len(place) + 1)))
    return np.asarray(member.T @ (member.T @ weights).T)


def _inverse(factor: FloatArray) -> FloatArray:
    """From the lower Cholesky factor."""
    lower = np.tril(dpotri(factor, lower=1)[0])
    return np.asarray(lower + np.tril(lower, -1).T)
