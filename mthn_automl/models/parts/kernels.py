"""The product kernel over features and tasks, and the landmarks that make it cheap."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, eigh, solve_triangular
from scipy.spatial.distance import cdist

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder

KernelShape = Literal["rbf", "matern"]
MetadataKernel = Literal["stationary", "linear"]

CHUNK_VALUES = 2_000_000  # of one block of a kernel matrix: 16 MB, and a few times that while it is built


JITTER = 1e-6  # of a variance of 1, against rounding

OWN_LANDMARKS = 48  # rows that span what a task added has for itself
MOST_TASKS = 1_000


@dataclass(frozen=True)
class Points:
    """Encoded rows, and the tasks that they are of.

    Attributes:
        features: (rows, d_x).
        place: (rows,) the index of each row's task in `number` and `metadata`.
        number: (tasks,) which task each is in the whole data.
        metadata: (tasks, d_m).
    """

    features: FloatArray
    place: IntArray
    number: IntArray
    metadata: FloatArray

    @classmethod
    def of(cls, encoder: Encoder, rows: Dataset, wide: FloatArray, *, use_metadata: bool) -> "Points":
        """wide: (rows, columns), what stands for the wide columns."""
        narrow = encoder.encode_features(rows.features)[:, : encoder.narrow_width]
        features = np.concatenate([narrow.astype(np.float64), wide], axis=1)
        metadata = encoder.encode_metadata(rows.tasks).astype(np.float64)[:, : None if use_metadata else 0]
        return cls(features, rows.task, np.arange(len(rows.tasks)), metadata).take(np.arange(len(rows)))

    def __len__(self) -> int:
        return len(self.features)

    @property
    def size(self) -> int:
        """Features and a task number for each row, metadata for each of their tasks."""
        return int(self.features.size + self.place.size + self.metadata.size)

    def take(self, rows: IntArray | slice) -> "Points":
        """The given rows, and no more tasks than they need."""
        kept, place = np.unique(self.place[rows], return_inverse=True)
        return Points(self.features[rows], place, self.number[kept], self.metadata[kept])

    def chunks(self, others: int) -> Iterator[tuple[slice, "Points"]]:
        """Successive rows, few enough for a kernel matrix against `others` points."""
        step = max(1, CHUNK_VALUES // max(others, 1))
        for start in range(0, len(self), step):
            rows = np.arange(start, min(start + step, len(self)))
            yield slice(start, start + len(rows)), self.take(rows)

    def to_state(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Kernel:
    """(constant + (1 - constant) k(features)) ((1 - task_share) g(metadata) + task_share [same task]).

    Lengths are relative to sqrt(width). g is k, or 1 + the inner product of metadata over their lengths: then what
    is learnt of the features changes linearly with the metadata, as in a varying-coefficient model (Hastie and
    Tibshirani 1993).

    Shape:
        left, right: points -> (left rows, right rows).

    Example:
        >>> points = Points(np.eye(3), np.array([0, 1, 0]), np.arange(2), np.zeros((2, 0)))
        >>> Kernel("rbf", 1.0, 1.0, task_share=1.0)(points, points)[0]
        array([1.        , 0.        , 0.71653131])

    Attributes:
        shape: how similarity falls with distance.
        feature_scale: one length for all features, or (d_x,).
        metadata_scale: one length for all metadata, or (d_m,).
        task_share: in [0, 1], of what a task does not share with others.
        constant: in [0, 1], the share of tasks' offsets, whatever the features.
        of_metadata: whether g falls with distance, as k does, or is linear.
    """

    shape: KernelShape
    feature_scale: float | FloatArray
    metadata_scale: float | FloatArray
    task_share: float
    constant: float = 0.0
    of_metadata: MetadataKernel = "stationary"

    def __call__(self, left: Points, right: Points) -> FloatArray:
        """(left rows, right rows) float64, 1 between equal points where g is stationary."""
        same = left.number[:, None] == right.number[None, :]
        alike = self._alike(left.metadata, right.metadata)
        of_tasks = (1.0 - self.task_share) * alike + self.task_share * same
        product = self._similarity(left.features, right.features, self.feature_scale)
        if self.constant > 0.0:
            product *= 1.0 - self.constant
            product += self.constant
        product *= of_tasks[left.place[:, None], right.place[None, :]]
        return product

    def of_features(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """(left, right) the factor of rows of one task; left, right: features of rows."""
        product = self._similarity(left, right, self.feature_scale)
        return np.asarray(self.constant + (1.0 - self.constant) * product)

    def left_to_tasks(self, metadata: FloatArray, known: FloatArray) -> FloatArray:
        """(tasks,) variance of the other factor that is left for new tasks, where all is known of the known ones.

        metadata: (tasks, d_m), known: (known tasks, d_m).
        """
        share = 1.0 - self.task_share
        across, between = share * self._alike(metadata, known), share * self._alike(known, known)
        between[np.diag_indices(len(known))] += self.task_share + JITTER
        explained = (across * cho_solve(cho_factor(between), across.T).T).sum(axis=1)
        variance = share * (1.0 + self._squares(metadata)) + self.task_share
        return np.asarray(np.clip(variance - explained, JITTER, None))

    def gram(self, points: Points) -> FloatArray:
        """(points, points), filled a block at a time."""
        filled = np.empty((len(points), len(points)))
        for rows, chunk in points.chunks(len(points)):
            filled[rows] = self(chunk, points)
        return filled

    def _alike(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """(left, right) g of metadata."""
        if self.of_metadata == "linear":
            return linear(scaled(left, self.metadata_scale), scaled(right, self.metadata_scale))
        return self._similarity(left, right, self.metadata_scale)

    def _squares(self, metadata: FloatArray) -> FloatArray:
        """(tasks,) by how much g of a task and itself exceeds one."""
        squares = (scaled(metadata, self.metadata_scale) ** 2).sum(axis=1)
        return np.asarray(squares if self.of_metadata == "linear" else np.zeros(len(metadata)))

    def _similarity(self, left: FloatArray, right: FloatArray, scale: float | FloatArray) -> FloatArray:
        return similarity(self.shape, squared_distances(scaled(left, scale), scaled(right, scale)))


def squared_distances(left: FloatArray, right: FloatArray) -> FloatArray:
    """(left, right), zeros where the points have no columns."""
    if left.shape[1] == 0:
        return np.zeros((len(left), len(right)))
    return np.asarray(cdist(left, right, "sqeuclidean"))


def scaled(values: FloatArray, scale: float | FloatArray) -> FloatArray:
    """Columns divided by their lengths; values: (rows, width)."""
    return np.asarray(values / (scale * np.sqrt(max(values.shape[1], 1))))


def linear(left: FloatArray, right: FloatArray) -> FloatArray:
    """(left, right) of points whose columns are over their lengths."""
    return np.asarray(1.0 + np.matmul(left, right.T))


def similarity(shape: KernelShape, squared: FloatArray) -> FloatArray:
    """1 at distance 0, falling; squared: squared distances of any shape."""
    if shape == "rbf":
        return np.asarray(np.exp(-0.5 * squared))
    distance = np.sqrt(3.0 * squared)
    return np.asarray((1.0 + distance) * np.exp(-distance))


def similarity_slope(shape: KernelShape, squared: FloatArray) -> FloatArray:
    """What the similarity gains when the logarithm of a column's length grows, over that column's squared distance."""
    if shape == "rbf":
        return np.asarray(np.exp(-0.5 * squared))
    return np.asarray(3.0 * np.exp(-np.sqrt(3.0 * squared)))


def landmarks(task: IntArray, count: int, *, seed: int) -> IntArray:
    """(count,) row numbers drawn at random, in turn from each task, so that no task is left out before another
    has given a second row; task: (rows,)."""
    order = np.random.default_rng(seed).permutation(len(task))
    by_task = order[np.argsort(task[order], kind="stable")]
    sizes = np.unique(task, return_counts=True)[1]
    turn = np.concatenate([np.arange(size) for size in sizes])
    return np.sort(by_task[np.argsort(turn, kind="stable")][:count])


def whitening(gram: FloatArray) -> FloatArray:
    """(landmarks, rank) P such that kernel(rows, landmarks) P are Nystrom features (Williams and Seeger 2001)."""
    values, vectors = eigh(gram)
    kept = values > 1e-10 * values[-1]
    return vectors[:, kept] / np.sqrt(values[kept])  # type: ignore[no-any-return]


def own_features(kernel: Kernel, stored: FloatArray, features: FloatArray) -> FloatArray:
    """(rows, landmarks) columns whose products are the factor of one task, as far as some of the stored rows span it.

    stored: (stored rows, d_x), features: (rows, d_x).
    """
    some, root = _own_root(kernel, stored)
    return np.asarray(solve_triangular(root, kernel.of_features(some, features), lower=True).T)


def own_projection(kernel: Kernel, stored: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(landmarks, d_x), and (landmarks, landmarks) that leads from a row's factors with these to its `own_features`."""
    some, root = _own_root(kernel, stored)
    return some, np.asarray(solve_triangular(root, np.eye(len(root)), lower=True).T)


def _own_root(kernel: Kernel, stored: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(landmarks, d_x) of the stored rows, and (landmarks, landmarks) the lower root of the factor between them."""
    some = stored[np.linspace(0, len(stored) - 1, min(OWN_LANDMARKS, len(stored))).astype(np.int64)]
    return some, np.asarray(cholesky(kernel.of_features(some, some) + JITTER * np.eye(len(some)), lower=True))
