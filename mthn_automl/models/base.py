"""What every architecture is: the neural contract, the classical contract, and how their size is counted.

An architecture is one final class in one module, and one search space file that names it. The file lists exactly the
fields of `Settings`; `traits` says what the class looks at, and the contract tests hold it to that.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.data.schema import Problem
from mthn_automl.models.parts.added import WithAddedTasks
from mthn_automl.models.parts.categories import WithCategories
from mthn_automl.models.parts.counts import steadied
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.frame import Frame
from mthn_automl.models.parts.growth import Growth
from mthn_automl.models.parts.hidden import Hidden
from mthn_automl.models.parts.probabilities import Classes
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_tables import WithTaskTables
from mthn_automl.received import typed

Cost = Literal["tasks_present", "all_tasks"]


@dataclass(frozen=True)
class Traits:
    """What a configured architecture looks at; the contract tests decide from it what must happen.

    Attributes:
        uses_task: whether two tasks of equal metadata can get two predictions.
        uses_metadata: whether other metadata can give other predictions.
        cost: what a step costs: that of the tasks in its batch, or that of all tasks.
        mlp_a_task: whether a task's network is an MLP, whose layers `task_networks` gives.
    """

    uses_task: bool
    uses_metadata: bool
    cost: Cost = "tasks_present"
    mlp_a_task: bool = False


@dataclass(frozen=True)
class Size:
    """Counts of fitted parameters.

    Attributes:
        total: of the whole model.
        task_network: of what predictions for one task need.
        marginal: that one more task adds.
    """

    total: int
    task_network: int
    marginal: int

    def times(self, members: int) -> "Size":
        return Size(self.total * members, self.task_network * members, self.marginal * members)

    def __add__(self, other: "Size") -> "Size":
        return Size(self.total + other.total, self.task_network + other.task_network, self.marginal + other.marginal)


class Architecture(WithTaskTables, WithCategories, ABC):
    """One network for all tasks; an ordinary module, which the training engine stacks over folds and seeds.

    A subclass is final. Its `Settings` is a frozen dataclass with exactly the parameters of its search space
    file. It is pure in its parameters and buffers: no in-place change, no control flow that depends on data.
    Parameters and buffers whose first dimension is the task are registered by `add_task_tables`; the engine may hand
    over fewer of their rows, together with `task` indices that fit, so `forward` looks them up with `task`.
    A task never seen gets the mean of each task table, and its own row of `metadata`.

    Shape:
        features (blocks, rows, d_x), task (blocks,) int64 -> (blocks, rows, d_y).

    Example:
        >>> class Offsets(Architecture):
        ...     def __init__(self, shape, settings):
        ...         super().__init__(shape)
        ...         self.add_task_tables(offset=torch.nn.Parameter(torch.zeros(shape.tasks, shape.outputs)))
        ...
        ...     @classmethod
        ...     def traits(cls, shape, settings):
        ...         return Traits(uses_task=True, uses_metadata=False)
        ...
        ...     def forward(self, features, task):
        ...         return self.rows(task, "offset")[0].unsqueeze(1).expand(-1, features.shape[1], -1)
        ...
        ...     def task_network_parameters(self):
        ...         return self.offset.shape[1]
        >>> network = Offsets(ProblemShape(features=3, outputs=2, tasks=5), None)
        >>> network(torch.zeros(1, 4, 3), torch.tensor([3])).shape, network.size()
        (torch.Size([1, 4, 2]), Size(total=10, task_network=2, marginal=2))

    Attributes:
        metadata: (tasks, d_m) buffer with the standardised metadata; (tasks, 0) where there are none.
        hidden: units of the hidden layers of `task_networks`.
    """

    Settings: ClassVar[type]
    hidden = Hidden()

    metadata: Tensor

    def __init__(self, shape: ProblemShape) -> None:
        super().__init__()
        self.register_buffer("metadata", torch.zeros(shape.tasks, shape.metadata))
        self.add_categories(shape.wide_columns, shape.wide_categories)

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
        """How many parameters the network has that remains when this model is reduced to one task."""

    def training_outputs(self, features: Tensor, task: Tensor) -> Tensor:
        """What the training loss is taken of, in training mode only; by default `forward`.

        Shape:
            as `forward`, or (heads, blocks, rows, outputs): the losses of several heads are averaged.
        """
        return self(features, task)  # type: ignore[no-any-return]

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]] | None:
        """The MLP, with `hidden` units between its layers, that this model is for rows of each given task.

        None where it is no MLP once the task is fixed, as `traits` says. As pure as `forward`, and as there each task
        needs its own rows of the task tables only.

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
        a_task = sum(parameters[name][0].numel() for name in self.task_indexed & parameters.keys())
        total = sum(parameter.numel() for parameter in parameters.values())
        return Size(total, self.task_network_parameters() + self.category_parameters, a_task)


class Classical(WithAddedTasks, ABC):
    """A model with a fit of its own. A subclass is final, with a frozen `Settings` like an architecture's.

    It learns from encoded rows, of several targets those that each row has, as the rows are weighted, and gives scores;
    the frame around it encodes, decodes, and keeps what both need. Rows of tasks numbered beyond those of the fit are
    of tasks never seen. So are those of tasks without a training row: the frame leaves these out of the fit, and
    numbers the tasks accordingly.

    Shape:
        rows -> (rows, targets) float64 on the targets' own scale, or (rows, classes) probabilities.

    Example:
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> class Mean(Classical):
        ...     traits = classmethod(lambda cls, shape, settings: Traits(uses_task=False, uses_metadata=False))
        ...
        ...     def learn(self, training, *, seed):
        ...         self.mean = self.encoded_target(training).mean(axis=0)
        ...
        ...     scores = lambda self, rows: np.tile(self.mean, (len(rows), 1))
        ...     size = lambda self: Size(total=len(self.mean), task_network=len(self.mean), marginal=0)
        ...     learnt = lambda self: {"mean": self.mean}
        ...     def take_over(self, learnt):
        ...         self.mean = learnt["mean"]
        >>> rows, model = read_dataset(cubic(tasks=2, rows=4)[0]), Mean(None)
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> model.predict(rows).shape
        (8, 1)

    Attributes:
        settings: what is chosen.
        fitted_whole: whether a trial's model is one fit on all its rows, and not the mean of the fits of its folds.
            Models in closed form are better so (by 1 to 2 % on eight data sets, by 10 % on the smallest), and a fifth
            of the size; trees and networks are as good as a mean, which costs no further fit.
        stores_rows: whether `stored_rows` are more than none, whatever the settings.
        bytes_a_row: that a fit in five folds takes at most beside copies of the rows.
        learns_rates: whether `learn` is given counts as rates, weighted by their exposures; else as they are.
        counting: while it learns, whether that is counts.
        rounds: of a model that has been fitted in rounds, those that it kept and those that it was trained for.
        rounds_of_sums: where each target, say, has a sum of its own, those that each kept.
        encoder: of features, metadata and targets, fitted on the training rows.
        classes: those of the training rows; None of numbers.
        trained: numbers of the tasks that have training rows; None: all have.
    """

    Settings: ClassVar[type]
    fitted_whole: ClassVar[bool] = True
    learns_rates: ClassVar[bool] = True
    counting: bool = False
    stores_rows: ClassVar[bool] = False
    bytes_a_row: ClassVar[int] = 0
    rounds: tuple[int, int] = (0, 0)
    rounds_of_sums: tuple[int, ...] = ()

    encoder: Encoder
    classes: Classes | None
    trained: IntArray | None

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @classmethod
    @abstractmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Traits:
        """What this configuration looks at."""

    @classmethod
    def refuse_states(cls, states: Sequence[Mapping[str, Any]]) -> None:
        """Try what only a process that may die can try of stored states, before any is restored; by default nothing.

        Raises:
            FormatError: one of them cannot be used.
        """
        return

    @abstractmethod
    def learn(self, training: Dataset, *, seed: int) -> None:
        """Learn from all rows of `training`, by one thread. Same data, settings and seed give the same model.

        Its weights have a mean of 1, so that penalties weigh as much as without.
        """

    def learn_in_steps(self, training: Dataset, growth: Growth, *, seed: int) -> Generator[int, None, bool]:
        """Learn as `growth` says, pausing at each of its rungs; whether the deadline ended it.

        By default `learn`, which has no rungs and keeps no deadline. At a rung and at the end `scores` answers with
        the best that there has been.
        """
        self.learn(training, seed=seed)
        yield from ()
        return False

    @abstractmethod
    def scores(self, rows: Dataset) -> FloatArray:
        """(rows, scores) float64: what a network writes of numbers, or logits as `Classes` counts them."""

    @abstractmethod
    def size(self) -> Size:
        """Fitted parameters; the class docstring says what is counted."""

    @abstractmethod
    def learnt(self) -> dict[str, Any]:
        """What `take_over` needs: JSON-like values and plain numeric arrays, by name; no estimator, no function."""

    @abstractmethod
    def take_over(self, learnt: Mapping[str, Any]) -> None:
        """Be the model that `learn` made; encoder and classes are there already."""

    def notes(self) -> tuple[str, ...]:
        """Sentences the user must be told about this fit, such as an approximation taken."""
        return ()

    def stored_rows(self) -> int:
        """Training rows that can be read from what is stored of the model: their features, task and metadata."""
        return 0

    @final
    def fit(self, training: Dataset, *, flags: Flags, seed: int, rounds: int | tuple[int, ...] | None = None) -> None:
        """Learn from all rows of `training`. rounds: as in `Growth`."""
        list(self.fit_in_steps(training, Growth(rounds), flags=flags, seed=seed))

    @final
    def fit_in_steps(self, training: Dataset, growth: Growth, *, flags: Flags, seed: int) -> Generator[int, None, bool]:
        """As `learn_in_steps`; encoder and classes are those of the training rows alone."""
        training = training.weighted_to_mean_1()
        self.encoder, self.classes = Encoder.fit(training, flags), Classes.of(training)
        present = np.flatnonzero(np.bincount(training.task, minlength=len(training.tasks)))
        self.trained = present if len(present) < len(training.tasks) else None
        if self.trained is not None:
            training = training.numbered(present)
        if growth.validation is not None:
            growth = replace(growth, validation=self._numbered(growth.validation))
        self.counting = training.schema.problem is Problem.COUNT
        if self.counting and self.learns_rates:
            checks = None if growth.validation is None else growth.validation.as_rates()
            training, growth = training.as_rates(), replace(growth, validation=checks)
        steps = self.learn_in_steps(training, growth, seed=seed)
        while True:
            with threadpool_limits(1):  # as many workers fit at once
                try:
                    rung = next(steps)
                except StopIteration as end:
                    return bool(end.value)
            yield rung

    @final
    def predict(self, rows: Dataset) -> FloatArray:
        scores = self.raw_scores(rows)
        if self.classes is not None:
            return self.classes.probabilities(scores)
        return rows.exposed(self.encoder.prediction(rows.schema.kind, scores))

    @final
    def raw_scores(self, rows: Dataset) -> FloatArray:
        """As `scores`, of tasks as the data number them, those added among them."""
        return self.with_added(self.scores(self._numbered(rows)), rows)

    @final
    def state(self) -> dict[str, Any]:
        """What `restore` needs, of the kinds of values that `learnt` holds."""
        classes = None if self.classes is None else asdict(self.classes)
        frame = {"encoder": asdict(self.encoder), "classes": classes, "trained": self.trained}
        return {**frame, "added": None if self.added is None else vars(self.added), **self.learnt()}

    @final
    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a `state` in place of `fit`.

        Raises:
            ValueError, KeyError, FormatError: it is none.
        """
        frame = typed(state, Frame)
        self.encoder, self.classes, self.trained, self.added = frame.encoder, frame.classes, frame.trained, frame.added
        self.take_over(state)

    def _numbered(self, rows: Dataset) -> Dataset:
        """The same rows with the tasks of the fit first, in its order."""
        if self.trained is None:
            return rows
        others = np.setdiff1d(np.arange(len(rows.tasks)), self.trained)
        return rows.numbered(np.concatenate([self.trained, others]))

    def encoded_target(self, training: Dataset) -> FloatArray:
        """(rows, scores) float64: standardised targets, NaN where missing, roots of rates, or indicators of classes."""
        if self.classes is not None:
            return self.classes.indicators(training.target)
        target = self.encoder.encode_target(training.target).astype(np.float64)
        return steadied(target, training.weight) if self.counting else target
