"""Kernel ridge regression with a product kernel over features and tasks; kernel logistic regression for classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.models.base import Classical, Size, Traits
from mthn_automl.models.parts.held_out import labels
from mthn_automl.models.parts.kernel_machine import KernelMachine
from mthn_automl.models.parts.kernels import Kernel, KernelShape, MetadataKernel, Points
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.wide_means import WideMeans


@dataclass(frozen=True)
class KernelRidgeSettings:
    """What is searched; the ranges are in `search_spaces/kernel_ridge.toml`.

    Attributes:
        alpha: penalty, the noise variance in units of the signal's.
        kernel: how similarity falls with distance.
        feature_scale: length scale of the features.
        metadata_scale: length scale of the metadata.
        task_share: s, of what a task does not share with others.
        use_metadata: whether tasks are alike as their metadata are.
        metadata_kernel: whether likeness of tasks falls with the distance of their metadata, or what is learnt of
            the features changes linearly with them.
    """

    alpha: float = 0.02
    kernel: KernelShape = "rbf"
    feature_scale: float = 1.0
    metadata_scale: float = 1.0
    task_share: float = 0.2
    use_metadata: bool = True
    metadata_kernel: MetadataKernel = "stationary"


class KernelRidge(Classical):
    """Ridge regression in the space of k(x, x') ((1 - s) g(m_t, m_t') + s [t = t']), where g is k, or linear.

    It is the mean of the multi-task Gaussian process of Bonilla, Chai and Williams (2008) with noise `alpha`. Rows of
    a task never seen share with others what their metadata say, and without metadata the part 1 - s. Exact up to 4,000
    rows, beyond that by 1,000 Nystrom landmarks; classes by logistic regression over at most 600 of them.

    Wide columns are seen as their target means.

    Size: dual coefficients and intercepts, target means, and the stored rows: features and task number of each,
    metadata of each of their tasks. One task's network needs all of it; one more task adds nothing.

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = KernelRidge(KernelRidgeSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = KernelRidgeSettings
    stores_rows: ClassVar[bool] = True

    settings: KernelRidgeSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: KernelRidgeSettings) -> Traits:
        uses_metadata = settings.use_metadata and shape.metadata > 0 and settings.task_share < 1.0
        return Traits(settings.task_share > 0.0, uses_metadata)

    def learn(self, training: Dataset, *, seed: int) -> None:
        """Learn from all rows of `training`; `seed` draws the landmarks."""
        kernel, alpha, target = self._kernel(), self.settings.alpha, self.encoded_target(training)
        self.wide, wide = WideMeans.fit(self.encoder, training, target, seed=seed)
        points = self._points(training, wide)
        if self.counting:
            rate, weight = labels(self, training)[0], training.weight
            self.machine = KernelMachine.fit_counts(kernel, points, rate, weight, alpha=alpha, seed=seed)
        elif self.classes is None:
            self.machine = KernelMachine.fit_regression(kernel, points, target, training.weight, alpha=alpha, seed=seed)
        else:
            classes = self.classes.labels(training.target)
            self.machine = KernelMachine.fit_classes(
                kernel, points, classes, self.classes, training.weight, alpha=alpha, seed=seed
            )

    def _kernel(self) -> Kernel:
        chosen = self.settings
        scales, share = (chosen.feature_scale, chosen.metadata_scale), float(chosen.task_share)
        return Kernel(chosen.kernel, *scales, share, of_metadata=chosen.metadata_kernel)

    def scores(self, rows: Dataset) -> FloatArray:
        return self.machine.scores(self._points(rows, self.wide.of(self.encoder, rows)))

    def own_columns(self, rows: Dataset) -> FloatArray:
        """The kernel of one task, as far as some stored rows span it."""
        return self.machine.own_columns(self._points(rows, self.wide.of(self.encoder, rows)))

    def own_variance(self, tasks: TaskTable, noise: FloatArray) -> FloatArray:
        """What the tasks of training leave open of a new one, by its metadata, if all were known of them."""
        metadata = self.encoder.encode_metadata(tasks).astype(np.float64)
        metadata = metadata[:, : None if self.settings.use_metadata else 0]
        return self.machine.own_variance(metadata, noise, self.settings.alpha)

    def _points(self, rows: Dataset, wide: FloatArray) -> Points:
        return Points.of(self.encoder, rows, wide, use_metadata=self.settings.use_metadata)

    def size(self) -> Size:
        total = self.machine.parameters + self.wide.parameters
        return Size(total, total, 0)

    def notes(self) -> tuple[str, ...]:
        return self.machine.notes("Kernel ridge")

    def stored_rows(self) -> int:
        return len(self.machine.stored)

    def learnt(self) -> dict[str, Any]:
        return {**self.wide.to_state(), **self.machine.to_state()}

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.wide = WideMeans.from_state(learnt)
        self.machine = KernelMachine.from_state(self._kernel(), learnt)
