"""A step costs what its rows and the tasks in it cost: numbers that it reads or writes are counted, not timed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.training.batches import Batch, deal, lay_out
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.members import Pack
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Trainer
from tests.contracts import zoo
from tests.contracts.test_neural import builder, of_cost, traits_of
from tests.training.trained import encode_all

WITH_ROWS = 20
BY_ROW = ("aten.index_select", "aten.index_copy_", "aten.index.Tensor")
"""These touch of a table only the rows that they fetch or put back."""


class Counter(TorchDispatchMode):
    """Counts the numbers that operations write, and the largest tensor that one reads as a whole."""

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


def trainer(name: str, chosen: Mapping[str, Any], data: TrainingData, members: int) -> Trainer:
    placed = DeviceData.of(data, torch.device("cpu"))
    fold = torch.zeros(members, dtype=torch.int64)
    present_only = traits_of(name, data.shape, chosen).cost == "tasks_present"
    build = builder(name, data.shape, chosen)
    pack = Pack.build(build, range(members), placed.metadata[fold], present_only=present_only)
    return Trainer(placed, pack, fold, TrainingSettings())


def batches(data: TrainingData, members: int) -> list[Batch]:
    layouts = [lay_out(data.training[0], data.task, 4, np.random.default_rng(each)) for each in range(members)]
    return list(deal(layouts, 3, data.shape.tasks))


def counted(name: str, chosen: Mapping[str, Any], tasks: int, members: int) -> Counter:
    """The third step, when optimiser and catching up are at work."""
    dataset = of_tasks(tasks)
    data = encode_all(dataset, Flags.of(dataset))
    training = trainer(name, chosen, data, members)
    first, second, third = batches(data, members)
    training.step(first)
    training.step(second)
    with Counter() as counter:
        training.step(third)
    return counter


@pytest.mark.parametrize("members", [1, 3])
@of_cost("tasks_present")
def test_a_step_touches_no_more_numbers_with_10_000_tasks_than_with_100(
    name: str, chosen: Mapping[str, Any], members: int
) -> None:
    few, many = (counted(name, chosen, tasks, members) for tasks in (100, 10_000))
    assert many.written <= few.written
    assert many.largest_read <= few.largest_read


@pytest.mark.parametrize("members", [1, 3])
@of_cost("all_tasks")
def test_what_says_that_it_costs_more_with_more_tasks_does(name: str, chosen: Mapping[str, Any], members: int) -> None:
    few, many = (counted(name, chosen, tasks, members) for tasks in (100, 200))
    assert many.written > few.written


def test_the_counter_sees_whatever_is_done_to_all_tasks() -> None:
    """Else the test above could not fail: a pack that is handed all tasks is found out."""
    data = encode_all(of_tasks(10_000), Flags.of(of_tasks(10_000)))
    whole, present = trainer("hypernetwork", {}, data, 1), trainer("hypernetwork", {}, data, 1)
    fold = torch.zeros(1, dtype=torch.int64)
    build = builder("hypernetwork", data.shape, {})
    pack = Pack.build(build, [0], whole.data.metadata[fold], present_only=False)
    whole = Trainer(whole.data, pack, fold, TrainingSettings())
    counts = []
    for each in (whole, present):
        with Counter() as counter:
            each.step(batches(data, 1)[0])
        counts.append(counter)
    assert counts[0].written > counts[1].written + 10_000
    assert counts[0].largest_read >= 80_000 > counts[1].largest_read
