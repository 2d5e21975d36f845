"""Kernel ridge regression with a product kernel over features and tasks; kernel logistic regression for classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from mthn_automl.data.dataset import Dataset, FloatArray, IntArray
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models.base import Classical, ProblemShape, Size, Traits
from mthn_automl.models.kernels import Kernel, Points, landmarks, whitening
from mthn_automl.models.linear import Linear, fit_classes
from mthn_automl.models.probabilities import Classes

EXACT_ROWS = 4_000
REGRESSION_LANDMARKS = 1_000
CLASS_LANDMARKS = 600
CLASS_NUMBERS = 30_000_000  # of the kernel features of all rows, 240 MB: beyond, fewer landmarks


@dataclass(frozen=True)
class KernelRidgeSettings:
    """What is searched; the ranges are in `search_spaces/kernel_ridge.toml`."""

    alpha: float = 0.02
    kernel: Literal["rbf", "matern"] = "rbf"
    feature_scale: float = 1.0
    metadata_scale: float = 1.0
    task_share: float = 0.2
    use_metadata: bool = True


class KernelRidge(Classical):
    """Ridge regression in the space of k(x, x') ((1 - s) k(m_t, m_t') + s [t = t']).

    It is the mean of the multi-task Gaussian process of Bonilla, Chai and Williams (2008) with noise `alpha`. Rows of
    a task never seen share with others what their metadata say, and without metadata the part 1 - s. Exact up to 4,000
    rows, beyond that by 1,000 Nystrom landmarks; classes by logistic regression over at most 600 of them.

    Size: dual coefficients and intercepts, and the stored rows' numbers: features and task number of each row,
    metadata of each of their tasks. One task's network needs all of it; one more task adds nothing.
    """

    Settings: ClassVar[type] = KernelRidgeSettings

    def __init__(self, settings: KernelRidgeSettings) -> None:
        self.settings = settings
        self.kernel = Kernel(
            settings.kernel, settings.feature_scale, settings.metadata_scale, float(settings.task_share)
        )

    @classmethod
    def traits(cls, shape: ProblemShape, settings: KernelRidgeSettings) -> Traits:
        uses_metadata = settings.use_metadata and shape.metadata > 0 and settings.task_share < 1.0
        return Traits(settings.task_share > 0.0, uses_metadata)

    def fit(self, training: Dataset, *, flags: Flags, seed: int) -> None:
        """Learn from all rows of `training`; `seed` draws the landmarks."""
        self.encoder = Encoder.fit(training, flags)
        self.classes = Classes.of(training)
        self.rows = len(training)
        points = self._points(training)
        self.stored = points.take(landmarks(training.task, self._landmark_count(), seed=seed))
        with threadpool_limits(1):
            if self.classes is None:
                target = self.encoder.encode_target(training.target).astype(np.float64)
                self.linear = self._fit_regression(points, target)
            else:
                self.linear = self._fit_classes(points, self.classes.labels(training.target), self.classes)

    def _landmark_count(self) -> int:
        if self.classes is not None:
            return min(self.rows, CLASS_LANDMARKS, max(50, CLASS_NUMBERS // self.rows))
        return self.rows if self.rows <= EXACT_ROWS else REGRESSION_LANDMARKS

    def _fit_regression(self, points: Points, target: FloatArray) -> Linear:
        gram = self.kernel.gram(self.stored)
        if len(self.stored) == len(points):
            dual = _solve(gram, target, self.settings.alpha)
        else:
            dual = self._fit_landmarks(points, target, whitening(gram))
        return Linear(dual, np.zeros(target.shape[1]))

    def _fit_landmarks(self, points: Points, target: FloatArray, white: FloatArray) -> FloatArray:
        """(landmarks, outputs) dual coefficients; sums over chunks of rows, so that memory stays bounded."""
        covariance = np.zeros((white.shape[1], white.shape[1]))
        moment = np.zeros((white.shape[1], target.shape[1]))
        for rows, chunk in points.chunks(len(self.stored)):
            features = np.matmul(self.kernel(chunk, self.stored), white)
            covariance += features.T @ features
            moment += features.T @ target[rows]
        dual: FloatArray = np.matmul(white, _solve(covariance, moment, self.settings.alpha))
        return dual

    def _fit_classes(self, points: Points, labels: IntArray, classes: Classes) -> Linear:
        white = whitening(self.kernel.gram(self.stored))
        features = np.empty((len(points), white.shape[1]))
        for rows, chunk in points.chunks(len(self.stored)):
            features[rows] = np.matmul(self.kernel(chunk, self.stored), white)
        fitted = fit_classes(features, labels, classes, alpha=self.settings.alpha)
        return Linear(np.matmul(white, fitted.coefficients), fitted.intercept)

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""
        points = self._points(rows)
        scores = np.empty((len(rows), len(self.linear.intercept)))
        with threadpool_limits(1):
            for part, chunk in points.chunks(len(self.stored)):
                scores[part] = self.linear.scores(self.kernel(chunk, self.stored))
        return self.encoder.decode_target(scores) if self.classes is None else self.classes.probabilities(scores)

    def _points(self, rows: Dataset) -> Points:
        return Points.of(self.encoder, rows, use_metadata=self.settings.use_metadata)

    def size(self) -> Size:
        total = self.linear.numbers + self.stored.numbers
        return Size(total, total, 0)

    def notes(self) -> tuple[str, ...]:
        kept = len(self.stored)
        if kept == self.rows:
            return ()
        return (f"Kernel ridge was approximated: {kept:,} of {self.rows:,} rows serve as Nystrom landmarks.",)

    def state(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.to_json(),
            "classes": None if self.classes is None else self.classes.to_json(),
            "rows": self.rows,
            "stored": self.stored.to_state(),
            "coefficients": self.linear.coefficients,
            "intercept": self.linear.intercept,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.encoder = Encoder.from_json(state["encoder"])
        self.classes = Classes.from_json(state["classes"])
        self.rows = state["rows"]
        self.stored = Points(**state["stored"])
        self.linear = Linear(state["coefficients"], state["intercept"])


def _solve(gram: FloatArray, target: FloatArray, alpha: float) -> FloatArray:
    """(gram + alpha I)^-1 target, in place of `gram`; a trace of jitter keeps it definite at alpha = 0."""
    gram[np.diag_indices_from(gram)] += alpha + 1e-10
    factor = cho_factor(gram, lower=True, overwrite_a=True)
    return cho_solve(factor, target)
