"""What a kind of problem is: how its target is read and scaled, what networks lose by it, and what they predict."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mthn_automl.data import kinds
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.names import number_aware
from mthn_automl.data.scaling import Scaling

if TYPE_CHECKING:
    from torch import Tensor

    from mthn_automl.data.dataset import Dataset


class Kind(ABC):
    """A kind of problem. A subclass is final and has no state; its file has one instance of it, `KIND`.

    Networks write `outputs` numbers a row, from which `loss` and `prediction` are made.

    Shape:
        output (rows, outputs) -> prediction (rows, targets), or (rows, classes) of probabilities.

    Attributes:
        metric: that errors are measured by where nothing is said.
        loss_metric: which trials are compared by while they train: a mean over rows, near to what is trained for.
        fewest, most: classes that it can have; 0 of numbers.
        several: whether there can be several targets.
        least: the least value that a target can have.
    """

    metric: ClassVar[str]
    loss_metric: ClassVar[str]
    fewest: ClassVar[int] = 0
    most: ClassVar[int] = 0
    several: ClassVar[bool] = False
    least: ClassVar[float] = -np.inf

    @property
    def has_classes(self) -> bool:
        """Whether a target is one of classes; else it is a number."""
        return self.most > 0

    def refuse_names(self, names: Sequence[str]) -> str:
        """What is wrong with the first class that cannot be one, as a clause; empty where nothing is."""
        return ""

    def ordered(self, names: Sequence[str]) -> tuple[str, ...]:
        """Classes in the order of their indices."""
        return tuple(sorted(names, key=number_aware))

    def scaling(self, training: "Dataset") -> Scaling:
        """What the target is relative to and in units of, by the rows of training: by default as it is."""
        targets = training.target.shape[1]
        return Scaling.of(np.zeros(targets), np.ones(targets))

    @abstractmethod
    def outputs(self, targets: int, classes: int) -> int:
        """Columns that a network writes."""

    @abstractmethod
    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """(..., outputs) and what is trained on, (..., scaled targets, of counts and exposures) -> (..., targets)."""

    @abstractmethod
    def prediction(self, output: FloatArray, scaling: Scaling) -> FloatArray:
        """(..., outputs) -> (..., targets or classes) float64, of an exposure of 1."""


@cache
def kind_of(problem: str) -> Kind:
    """The kind of that name."""
    kind: Kind = import_module(f"{kinds.__name__}.{problem}").KIND
    return kind
