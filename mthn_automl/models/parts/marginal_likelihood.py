"""Length scales, shares and noise of a Gaussian process, found by maximising the marginal likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotri
from scipy.optimize import OptimizeResult, minimize
from scipy.sparse import csr_array

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.models.parts.gaps import known_together, part_of, weight_of
from mthn_automl.models.parts.kernels import (
    Kernel,
    KernelShape,
    MetadataKernel,
    Points,
    linear,
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
ROUNDING = 1e-9
FIRST_ITERATIONS, ITERATIONS = 10, 50
"""From each start, and from the better of where these lead."""

SPREAD = 3.0  # standard deviation of the logarithm of a length: weak, against lengths that the rows do not fix


@dataclass(frozen=True)
class Observed:
    """Targets that are known in the same rows.

    Attributes:
        points: the rows.
        target: (rows, outputs).
        weight: (rows,) by which the noise's variance is divided; None: one.
    """

    points: Points
    target: FloatArray
    weight: FloatArray | None = None


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
        of_metadata: of the kernel.
    """

    shape: KernelShape
    features: int
    metadata: int
    task: bool
    floor: float
    of_metadata: MetadataKernel = "stationary"

    def kernel(self, vector: FloatArray) -> Kernel:
        features, metadata = np.split(np.exp(vector[: self.features + self.metadata]), [self.features])
        share, constant = float(vector[-3]) if self.task else 0.0, float(vector[-2])
        return Kernel(self.shape, features, metadata, share, constant, self.of_metadata)

    def noise(self, vector: FloatArray) -> float:
        return float(np.exp(vector[-1]))

    def best(self, points: Points, target: FloatArray, weight: FloatArray | None = None) -> FloatArray:
        """The likeliest vector that is found from a few starts; a constant column of target tells nothing.

        Shape:
            target (rows, outputs), NaN where missing; weight (rows,).
        """
        starts, parts = [self._start(*each) for each in STARTS], list[Observed]()
        for rows, outputs in known_together(target):
            known = part_of(target, rows, outputs)
            telling = known[:, np.ptp(known, axis=0) > 0.0]
            if telling.shape[1] > 0:
                standard = (telling - telling.mean(axis=0)) / telling.std(axis=0)
                parts.append(Observed(points.take(rows), standard, weight_of(weight, rows)))
        if not parts:
            return starts[0]
        first = [self._climbed(each, parts, FIRST_ITERATIONS) for each in starts]
        best = min(first, key=lambda each: float(each.fun))
        return np.asarray(self._climbed(best.x, parts, ITERATIONS).x)

    def _start(self, length: float, share: float, constant: float, noise: float) -> FloatArray:
        lengths = [length] * (self.features + self.metadata)
        return np.array([*lengths, *[share] * self.task, constant, max(noise, np.log(self.floor))])

    def _climbed(self, start: FloatArray, parts: Sequence[Observed], iterations: int) -> OptimizeResult:
        return minimize(
            self.loss,
            start,
            args=(parts,),
            jac=True,
            method="L-BFGS-B",
            bounds=self._bounds(),
            options={"maxiter": iterations, "ftol": 1e-6},
        )

    def _bounds(self) -> list[tuple[float, float]]:
        lengths = [SCALES] * (self.features + self.metadata)
        return [*lengths, *[SHARES] * self.task, SHARES, (np.log(self.floor), MOST_NOISE)]

    def refuse_other(self, vector: FloatArray) -> None:
        """Raises ValueError: the vector is none that a fit could have found."""
        least, most = np.array(self._bounds()).T
        if vector.shape != least.shape:
            raise ValueError(f"'hyperparameters' must be {len(least)} numbers, however their shape is {vector.shape}")
        if not ((vector >= least - ROUNDING) & (vector <= most + ROUNDING)).all():
            raise ValueError("'hyperparameters' must lie within the bounds of their fit, however they do not")

    def loss(self, vector: FloatArray, parts: Sequence[Observed]) -> tuple[float, FloatArray]:
        """Negative logarithm of the marginal likelihood and of the lengths' prior, over the rows, and its gradient.

        Each output has a signal variance of its own, at its best value q / n (Rasmussen and Williams 2006,
        equations 5.8 and 5.9).
        """
        values, gradients = zip(*(self._loss_of(vector, each) for each in parts), strict=True)
        value, gradient = sum(values), np.sum(gradients, axis=0)
        lengths, rows = vector[: self.features + self.metadata] / SPREAD, sum(len(each.target) for each in parts)
        gradient[: len(lengths)] += lengths / SPREAD
        return (value + 0.5 * float(lengths @ lengths)) / rows, gradient / rows

    def _loss_of(self, vector: FloatArray, observed: Observed) -> tuple[float, FloatArray]:
        """Of the targets of some rows, without the prior, and its gradient."""
        kernel, points = self.kernel(vector), observed.points
        features = scaled(points.features, kernel.feature_scale)
        metadata = scaled(points.metadata, kernel.metadata_scale)
        feature_gaps = squared_distances(features, features)
        near, alike = similarity(self.shape, feature_gaps), self._alike(metadata)
        same, share, constant = np.eye(len(alike)), kernel.task_share, kernel.constant
        of_features = constant + (1.0 - constant) * near
        of_tasks = ((1.0 - share) * alike + share * same)[points.place[:, None], points.place]
        counts = 1.0 if observed.weight is None else observed.weight
        value, weights = _gaussian_loss(of_features * of_tasks, self.noise(vector) / counts, observed.target)
        by_task = _summed_by_task(weights * of_features, points.place)
        of_pairs = weights * of_tasks
        feature_pull = (1.0 - constant) * of_pairs * similarity_slope(self.shape, feature_gaps)
        gradient = np.array(
            [
                *_length_gradient(feature_pull, features, self.features),
                *self._metadata_gradient((1.0 - share) * by_task, metadata),
                *[(by_task * (same - alike)).sum()] * self.task,
                (of_pairs * (1.0 - near)).sum(),
                self.noise(vector) * np.trace(weights / np.reshape(counts, (-1, 1))),
            ]
        )
        return value, gradient

    def _alike(self, metadata: FloatArray) -> FloatArray:
        """(tasks, tasks) of metadata over their lengths."""
        if self.of_metadata == "linear":
            return linear(metadata, metadata)
        return similarity(self.shape, squared_distances(metadata, metadata))

    def _metadata_gradient(self, weights: FloatArray, metadata: FloatArray) -> FloatArray:
        """(lengths,) by their logarithms; weights: (tasks, tasks), the loss's derivatives by what `_alike` gives."""
        if self.of_metadata == "linear":
            return _of_lengths(-2.0 * (metadata * (weights @ metadata)).sum(axis=0), self.metadata)
        pull = weights * similarity_slope(self.shape, squared_distances(metadata, metadata))
        return _length_gradient(pull, metadata, self.metadata)


def _gaussian_loss(covariance: FloatArray, noise: float | FloatArray, target: FloatArray) -> tuple[float, FloatArray]:
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
    return _of_lengths(2.0 * (values * (pull.sum(axis=1)[:, None] * values - pull @ values)).sum(axis=0), lengths)


def _of_lengths(columns: FloatArray, lengths: int) -> FloatArray:
    """Derivatives by each column's length, summed where all share one."""
    return columns if lengths == len(columns) else np.asarray(columns.sum(keepdims=True))


def _summed_by_task(weights: FloatArray, place: IntArray) -> FloatArray:
    """(tasks, tasks) sums of (rows, rows) symmetric weights."""
    member = csr_array((np.ones(len(place)), place, np.arange(len(place) + 1)))
    return np.asarray(member.T @ (member.T @ weights).T)


def _inverse(factor: FloatArray) -> FloatArray:
    """From the lower Cholesky factor."""
    lower = np.tril(dpotri(factor, lower=1)[0])
    return np.asarray(lower + np.tril(lower, -1).T)
