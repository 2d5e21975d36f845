"""Kernel ridge regression with a product kernel over features and tasks; kernel logistic regression for classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models.base import Classical, ProblemShape, Size, Traits
from mthn_automl.models.parts.kernel_machine import KernelMachine
from mthn_automl.models.parts.kernels import Kernel, KernelShape, Points
from mthn_automl.models.parts.probabilities import Classes


@dataclass(frozen=True)
class KernelRidgeSettings:
    """What is searched; the ranges are in `search_spaces/kernel_ridge.toml`."""

    alpha: float = 0.02
    kernel: KernelShape = "rbf"
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
        points, alpha = self._points(training), self.settings.alpha
        with threadpool_limits(1):
            if self.classes is None:
                target = self.encoder.encode_target(training.target).astype(np.float64)
                self.machine = KernelMachine.fit_regression(self.kernel, points, target, alpha=alpha, seed=seed)
            else:
                labels = self.classes.labels(training.target)
                self.machine = KernelMachine.fit_classes(
                    self.kernel, points, labels, self.classes, alpha=alpha, seed=seed
                )

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""
        with threadpool_limits(1):
            scores = self.machine.scores(self._points(rows))
        return self.encoder.decode_target(scores) if self.classes is None else self.classes.probabilities(scores)

    def _points(self, rows: Dataset) -> Points:
        return Points.of(self.encoder, rows, use_metadata=self.settings.use_metadata)

    def size(self) -> Size:
        return Size(self.machine.numbers, self.machine.numbers, 0)

    def notes(self) -> tuple[str, ...]:
        return self.machine.notes("Kernel ridge")

    def state(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.to_json(),
            "classes": None if self.classes is None else self.classes.to_json(),
            **self.machine.to_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.encoder = Encoder.from_json(state["encoder"])
        self.classes = Classes.from_json(state["classes"])
        self.machine = KernelMachine.from_state(self.kernel, state)
