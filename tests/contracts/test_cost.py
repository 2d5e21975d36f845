"""A step costs what its rows and the tasks in it cost: values that it reads or writes are counted, not timed."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.batches import Batch, deal, lay_out
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.members import Pack
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Trainer
from tests.contracts import zoo
from tests.contracts.neural import NAMES, builder, encoded
from tests.contracts.settings import choices, traits_of

WITH_ROWS = 20
BY_ROW = ("aten.index_select", "aten.index_copy_", "aten.index.Tensor")
"""These touch of a table only the rows that they fetch or put back."""


class Counter(TorchDispatchMode):
    """Counts the values that operations write, and the largest tensor that one reads as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0
        self.largest_read = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name, returns = str(func), func._schema.returns
        if all(each.alias_info is not None and not each.alias_info.is_write for each in returns) and returns:
            return result  # a view touches nothing
        if not name.startswith(BY_ROW):
            self.largest_read = max([self.largest_read, *(each.numel() for each in tensors(args))])
            self.written += sum(each.numel() for each in tensors(result if returns else args))
        elif name.startswith("aten.index_copy_"):
            self.written += args[3].numel()
        else:
            self.written += result.numel()
        return result


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [each for part in value for each in tensors(part)] if isinstance(value, list | tuple) else []


def of_tasks(count: int) -> Dataset:
    """8 rows of each of 20 tasks, the last of them the last of `count`."""
    random = np.random.default_rng(0)
    task = np.append(np.repeat(np.arange(WITH_ROWS - 1), 8), np.full(8, count - 1))
    features = random.normal(size=(len(task), 3))
    metadata = np.zeros((count, 2))
    metadata[np.unique(task)] = random.normal(size=(WITH_ROWS, 2))
    return zoo.build(features=zoo.table(features), task=task, target=features[:, :1], metadata=zoo.table(metadata))


def trainer(build: Callable[[], Architecture], data: TrainingData, members: int, *, present_only: bool) -> Trainer:
    placed = DeviceData.of(data, torch.device("cpu"))
    fold = torch.zeros(members, dtype=torch.int64)
    pack = Pack.build(build, range(members), placed.metadata[fold], present_only=present_only)
    return Trainer(placed, pack, fold, TrainingSettings())


def batches(data: TrainingData, members: int) -> list[Batch]:
    layouts = [lay_out(data.training[0], data.task, 4, np.random.default_rng(each)) for each in range(members)]
    return list(deal(layouts, 3, data.shape.tasks))


def counted(name: str, chosen: Mapping[str, Any], tasks: int, members: int) -> Counter:
    """The third step, when optimiser and catching up are at work."""
    data = encoded(of_tasks(tasks))
    present_only = traits_of(name, data.shape, chosen).cost == "tasks_present"
    training = trainer(builder(name, data.shape, chosen), data, members, present_only=present_only)
    first, second, third = batches(data, members)
    training.step(first)
    training.step(second)
    with Counter() as counter:
        training.step(third)
    return counter


@pytest.mark.parametrize("name", NAMES)
def test_a_step_costs_more_with_more_tasks_exactly_when_that_is_stated(name: str, subtests: pytest.Subtests) -> None:
    shape = encoded(of_tasks(WITH_ROWS)).shape
    for case, chosen in choices(name).items():
        for members in (1, 3):
            with subtests.test(case, members=members):
                present = traits_of(name, shape, chosen).cost == "tasks_present"
                few, many = (counted(name, chosen, tasks, members) for tasks in (100, 10_000 if present else 200))
                assert (many.written > few.written) == (not present)
                assert many.largest_read <= few.largest_read or not present


class Offsets(Architecture):
    """An offset a task."""

    def __init__(self, shape: ProblemShape) -> None:
        super().__init__(shape)
        self.add_task_tables(offset=torch.nn.Parameter(torch.zeros(shape.tasks, 8)))

    @classmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Traits:
        return Traits(uses_task=True, uses_metadata=False)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return features[..., :1] + self.rows(task, "offset")[0].mean(1).reshape(-1, 1, 1)

    def task_network_parameters(self) -> int:
        return 1


def test_the_counter_sees_whatever_is_done_to_all_tasks() -> None:
    """Else the test above could not fail: a pack that is handed all tasks is found out."""
    data = encoded(of_tasks(10_000))
    counts = []
    for present_only in (False, True):
        training = trainer(lambda: Offsets(data.shape), data, 1, present_only=present_only)
        with Counter() as counter:
            training.step(batches(data, 1)[0])
        counts.append(counter)
    assert counts[0].written > counts[1].written + 10_000
    assert counts[0].largest_read >= 80_000 > counts[1].largest_read
