"""Multi-task Gaussian process, whose length scales, shares and noise are fitted by marginal likelihood."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.models.base import Classical, Size, Traits
from mthn_automl.models.parts.held_out import labels
from mthn_automl.models.parts.kernel_machine import KernelMachine
from mthn_automl.models.parts.kernels import KernelShape, MetadataKernel, Points, landmarks
from mthn_automl.models.parts.marginal_likelihood import Hyperparameters
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.wide_means import WideMeans

LIKELIHOOD_ROWS = 800  # the marginal likelihood takes time with their cube
INDICATOR_TO_LOGIT = 0.25  # slope of a probability by its logit, at one half


@dataclass(frozen=True)
class GaussianProcessSettings:
    """What is searched; the ranges are in `search_spaces/gaussian_process.toml`.

    Attributes:
        kernel: how similarity falls with distance.
        ard: whether each column has a length scale of its own.
        task_kernel: whether tasks keep a share to themselves.
        use_metadata: whether tasks are alike as their metadata are.
        metadata_kernel: whether likeness of tasks falls with the distance of their metadata, or what is learnt of
            the features changes linearly with them.
        noise_floor: the least noise variance, in units of the signal's.
    """

    kernel: KernelShape = "rbf"
    ard: bool = True
    task_kernel: Literal["none", "compound_symmetry"] = "compound_symmetry"
    use_metadata: bool = True
    metadata_kernel: MetadataKernel = "stationary"
    noise_floor: float = 1e-3


class GaussianProcess(Classical):
    """The process of covariance v (c + (1 - c) k(x, x')) ((1 - s) g(m_t, m_t') + s [t = t']) + noise, for each output.

    A product of a kernel over features and one over tasks (Bonilla, Chai and Williams 2008, "Multi-task Gaussian
    process prediction"), where tasks are alike as their metadata are, and keep a share s to themselves: compound
    symmetry where there are no metadata, s = 0 where the task kernel is none. g is k, or linear: functions of the
    features then change linearly with the metadata (Hastie and Tibshirani 1993, "Varying-coefficient models"). The
    constant c is for offsets of tasks, whatever the features. Lengths, s, c and the noise maximise the marginal
    likelihood (Rasmussen and Williams 2006, chapter 5) of at most 800 rows, dealt out over the tasks, with a weak
    prior on the lengths. Predictions are exact up to 4,000 rows, beyond that by 1,000 Nystrom landmarks.

    Classes: the hyperparameters are those of a regression on indicators of classes, and predictions are those of
    kernel logistic regression with them, over at most 600 landmarks; there is no integral over the latent function.
    Counts likewise: a regression on roots of rates, then kernel Poisson regression.

    Wide columns are seen as their target means.

    Size: the hyperparameters, dual coefficients and intercepts, target means, and the stored rows: features and task
    number of each, metadata of each of their tasks. One task's network needs all of it; one more task adds nothing.

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = GaussianProcess(GaussianProcessSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = GaussianProcessSettings
    stores_rows: ClassVar[bool] = True

    settings: GaussianProcessSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: GaussianProcessSettings) -> Traits:
        return Traits(settings.task_kernel != "none", settings.use_metadata and shape.metadata > 0)

    def learn(self, training: Dataset, *, seed: int) -> None:
        """Learn from all rows of `training`; `seed` draws the rows of the likelihood and the landmarks."""
        target = self.encoded_target(training)
        self.wide, wide = WideMeans.fit(self.encoder, training, target, seed=seed)
        points = self._points(training, wide)
        some = landmarks(training.task, LIKELIHOOD_ROWS, seed=seed)
        family = self._family()
        weight = training.weight
        self.hyperparameters = family.best(points.take(some), target[some], None if weight is None else weight[some])
        kernel, noise = family.kernel(self.hyperparameters), family.noise(self.hyperparameters)
        if self.counting:
            rate, weight = labels(self, training)[0], training.weight
            self.machine = KernelMachine.fit_counts(kernel, points, rate, weight, alpha=noise, seed=seed)
        elif self.classes is None:
            self.machine = KernelMachine.fit_regression(kernel, points, target, weight, alpha=noise, seed=seed)
        else:
            classes, alpha = self.classes.labels(training.target), self._alpha()
            self.machine = KernelMachine.fit_classes(
                kernel, points, classes, self.classes, weight, alpha=alpha, seed=seed
            )

    def _alpha(self) -> float:
        """The noise variance in units of the signal's, in the scale of what is fitted at last."""
        noise = self._family().noise(self.hyperparameters)
        return noise if self.classes is None else INDICATOR_TO_LOGIT * noise

    def _family(self) -> Hyperparameters:
        settings = self.settings
        of_features = self.encoder.narrow_width + self.wide.width
        widths = (of_features, self.encoder.metadata_width if settings.use_metadata else 0)
        features, metadata = widths if settings.ard else np.minimum(widths, 1).tolist()
        has_share = settings.task_kernel != "none"
        floor = settings.noise_floor
        return Hyperparameters(settings.kernel, features, metadata, has_share, floor, settings.metadata_kernel)

    def scores(self, rows: Dataset) -> FloatArray:
        return self.machine.scores(self._points(rows, self.wide.of(self.encoder, rows)))

    def own_columns(self, rows: Dataset) -> FloatArray:
        """The kernel of one task, as far as some stored rows span it."""
        return self.machine.own_columns(self._points(rows, self.wide.of(self.encoder, rows)))

    def own_variance(self, tasks: TaskTable, noise: FloatArray) -> FloatArray:
        """What the tasks of training leave open of a new one, by its metadata, if all were known of them."""
        metadata = self.encoder.encode_metadata(tasks).astype(np.float64)
        metadata = metadata[:, : None if self.settings.use_metadata else 0]
        return self.machine.own_variance(metadata, noise, self._alpha())

    def _points(self, rows: Dataset, wide: FloatArray) -> Points:
        return Points.of(self.encoder, rows, wide, use_metadata=self.settings.use_metadata)

    def size(self) -> Size:
        total = self.machine.parameters + self.hyperparameters.size + self.wide.parameters
        return Size(total, total, 0)

    def notes(self) -> tuple[str, ...]:
        if self.machine.rows <= LIKELIHOOD_ROWS:
            return ()
        fitted = f"The Gaussian process fitted its length scales and noise to {LIKELIHOOD_ROWS:,} rows"
        return (f"{fitted} of {self.machine.rows:,}.", *self.machine.notes("The Gaussian process"))

    def stored_rows(self) -> int:
        return len(self.machine.stored)

    def learnt(self) -> dict[str, Any]:
        return {"hyperparameters": self.hyperparameters, **self.wide.to_state(), **self.machine.to_state()}

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.hyperparameters, self.wide = learnt["hyperparameters"], WideMeans.from_state(learnt)
        family = self._family()
        family.refuse_other(self.hyperparameters)
        self.machine = KernelMachine.from_state(family.kernel(self.hyperparameters), learnt)
