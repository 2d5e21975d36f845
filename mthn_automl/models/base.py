"""What every architecture is: the neural contract, the classical contract, and how their size is counted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.data.encoding import Flags
from mthn_automl.models.parts.dropout import Dropout

Cost = Literal["tasks_present", "all_tasks"]


@dataclass(frozen=True)
class ProblemShape:
    """What the data give, apart from what is chosen: widths after preprocessing and the number of tasks."""

    features: int
    outputs: int
    tasks: int
    metadata: int = 0


@dataclass(frozen=True)
class Traits:
    """What a configured architecture looks at; the contract tests decide from it what must happen."""

    uses_task: bool
    uses_metadata: bool
    cost: Cost = "tasks_present"


@dataclass(frozen=True)
class Size:
    """Trainable numbers: of the whole model, of one task's own materialised network, of one more task."""

    total: int
    task_network: int
    marginal: int

    def times(self, members: int) -> "Size":
        return Size(self.total * members, self.task_network * members, self.marginal * members)


class Architecture(nn.Module, ABC):
    """One network for all tasks; an ordinary module, which the training engine stacks over folds and seeds.

    A subclass is final. Its `Settings` is a frozen dataclass with exactly the parameters of its search space
    file. It is pure in its parameters and buffers: no in-place change, no control flow that depends on data.
    Parameters and buffers whose first dimension is the task are named in `task_indexed`; the engine may hand
    over fewer of their rows, together with `task` numbers that fit, so `forward` looks them up with `task`.
    A task never seen gets the mean of each task-indexed parameter, and its own row of `metadata`.

    Attributes:
        metadata: (tasks, d_m) buffer with the standardised metadata; (tasks, 0) where there are none.
        task_indexed: names of parameters whose first dimension is the task; `metadata` always counts as one.
    """

    Settings: ClassVar[type]

    task_indexed: frozenset[str]
    metadata: Tensor

    def __init__(self, shape: ProblemShape) -> None:
        super().__init__()
        self.task_indexed = frozenset()
        self.register_buffer("metadata", torch.zeros(shape.tasks, shape.metadata))

    @classmethod
    @abstractmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Traits:
        """What this configuration looks at."""

    @abstractmethod
    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        """Predictions of blocks of rows, each block of one task.

        Shape:
            features (blocks, rows, d_x), task (blocks,) int64 -> (blocks, rows, outputs).
        """

    @abstractmethod
    def task_network_parameters(self) -> int:
        """Numbers in the network that remains when this model is reduced to one task."""

    def training_outputs(self, features: Tensor, task: Tensor) -> Tensor:
        """What the training loss is taken of, in training mode only; by default `forward`.

        Shape:
            as `forward`, or (heads, blocks, rows, outputs): the losses of several heads are averaged.
        """
        return self(features, task)  # type: ignore[no-any-return]

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]] | None:
        """The MLP, with ReLU between its layers, that this model is for rows of each given task.

        None where it is no MLP once the task is fixed. As pure as `forward`, and as there each task needs its own
        rows of the task-indexed tensors only.

        Shape:
            task (tasks,) int64 -> a layer each: weight (tasks, d_in, d_out), bias (tasks, d_out). A first dimension
            of 1 stands for all tasks.
        """
        return None

    def penalty(self) -> Tensor:
        """Added to every member's loss at every step; a scalar of parameters and buffers.

        A penalty over tasks needs `cost = "all_tasks"`: else it sees the rows of the blocks at hand only.
        """
        return self.metadata.new_zeros(())

    def after_epoch(self) -> Mapping[str, Tensor]:
        """New values of buffers, by name, taken over after each epoch; a pure function of the present ones."""
        return {}

    def draw(self, random: np.random.Generator) -> Mapping[str, NDArray[Any]]:
        """New values of buffers, by name, for the next training step, from the member's own random stream.

        By default those of every `Dropout`. The same names whatever the stream gives.
        """
        return {f"{name}.draw": np.asarray(random.integers(2**31), dtype=np.int32) for name in self._dropouts}

    @cached_property
    def _dropouts(self) -> list[str]:
        return [name for name, module in self.named_modules() if isinstance(module, Dropout) and module.share > 0.0]

    def size(self) -> Size:
        parameters = dict(self.named_parameters())
        per_task = sum(parameters[name][0].numel() for name in self.task_indexed & parameters.keys())
        total = sum(each.numel() for each in parameters.values())
        return Size(total, self.task_network_parameters(), per_task)


class Classical(ABC):
    """A model with a fit of its own. A subclass is final, with a frozen `Settings` like an architecture's.

    Predictions are on the target's own scale, (rows, targets), or probabilities, (rows, classes). Rows of tasks
    numbered beyond those of the fit are of tasks never seen.
    """

    Settings: ClassVar[type]

    @abstractmethod
    def __init__(self, settings: Any) -> None: ...

    @classmethod
    @abstractmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Traits:
        """What this configuration looks at."""

    @abstractmethod
    def fit(self, training: Dataset, *, flags: Flags, seed: int) -> None:
        """Learn from all rows of `training`. Same data, settings and seed give the same model."""

    @abstractmethod
    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""

    @abstractmethod
    def size(self) -> Size:
        """Fitted numbers; the class docstring says what is counted."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What `restore` needs: JSON-like values and plain numeric arrays, by name; no estimator, no function."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a `state` in place of `fit`."""

    def notes(self) -> tuple[str, ...]:
        """Sentences the user must be told about this fit, such as an approximation taken."""
        return ()
