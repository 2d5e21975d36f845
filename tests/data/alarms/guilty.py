"""For each alarm, by its name, data that must set it off; and clean data to plant things in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms import Alarm, finder
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Keys, Table
from mthn_automl.data.schema import Column, Problem
from mthn_automl.data.splits import within_tasks
from tests.contracts.zoo import build, table

Case = tuple[Dataset, NDArray[np.bool_]]


def clean(tasks: int = 12, rows: int = 12, *, seed: int = 0, features: int = 2, targets: int = 1) -> Dataset:
    """Numbers that depend on two features x0, x1, and on m0 of the task's metadata m0, m1."""
    random = np.random.default_rng(seed)
    task = np.repeat(np.arange(tasks), rows)
    values, metadata = random.normal(size=(len(task), features)), random.normal(size=(tasks, 2))
    target = values.sum(axis=1, keepdims=True) + metadata[task, :1] + 0.5 * random.normal(size=(len(task), targets))
    return build(features=table(values), task=task, target=target, metadata=table(metadata))


def classes(tasks: int = 12, rows: int = 12, *, seed: int = 0, count: int = 3) -> Dataset:
    """The same with classes."""
    whole = clean(tasks, rows, seed=seed)
    edges = np.quantile(whole.target, np.arange(1, count) / count)
    names = tuple(f"class {index}" for index in range(count))
    problem = Problem.BINARY if count == 2 else Problem.MULTICLASS
    schema = replace(whole.schema, problem=problem, classes=names)
    return replace(whole, schema=schema, target=np.digitize(whole.target, edges).astype(float))


def with_number(dataset: Dataset, values: FloatArray | IntArray, name: str = "planted") -> Dataset:
    """One more feature, (rows,) numbers."""
    schema = replace(dataset.schema, features=(*dataset.schema.features, Column(name)))
    numeric = np.column_stack([dataset.features.numeric, values.astype(float)])
    return replace(dataset, schema=schema, features=Table(numeric, dataset.features.codes))


def with_category(dataset: Dataset, codes: IntArray, name: str = "planted") -> Dataset:
    """One more feature, (rows,) codes."""
    levels = tuple(f"level {index}" for index in range(int(codes.max()) + 1))
    schema = replace(dataset.schema, features=(*dataset.schema.features, Column(name, levels)))
    return replace(
        dataset,
        schema=schema,
        features=Table(dataset.features.numeric, np.column_stack([dataset.features.codes, codes.astype(np.int64)])),
    )


def with_metadatum(dataset: Dataset, values: FloatArray | IntArray, name: str = "planted") -> Dataset:
    """One more column of metadata, (tasks,) numbers."""
    metadata = dataset.tasks.metadata
    assert metadata is not None
    schema = replace(dataset.schema, metadata=(*dataset.schema.metadata, Column(name)))
    wider = Table(np.column_stack([metadata.numeric, values.astype(float)]), metadata.codes)
    return replace(dataset, schema=schema, tasks=replace(dataset.tasks, metadata=wider))


def by_task(dataset: Dataset, statistic: Callable[[FloatArray], float]) -> FloatArray:
    """(tasks,) of the first target."""
    return np.array([statistic(dataset.target[dataset.task == task, 0]) for task in range(len(dataset.tasks))])


def sealed(dataset: Dataset, seed: int = 0) -> NDArray[np.bool_]:
    return within_tasks.seal(dataset, 0.2, seed)


def found(name: str, dataset: Dataset, test: NDArray[np.bool_] | None = None) -> list[Alarm]:
    """What one alarm finds."""
    return list(finder(name)(dataset, sealed(dataset) if test is None else test))


def persons(tasks: int = 6, people: int = 40, *, seed: int = 0) -> Dataset:
    """Each of the people answers once in each task; four features say who they are."""
    random = np.random.default_rng(seed)
    who = random.integers(0, (30, 10, 5, 2), size=(people, 4)).astype(float)
    task = np.repeat(np.arange(tasks), people)
    return build(
        features=table(np.tile(who, (tasks, 1))), task=task, target=random.normal(size=(len(task), 1)) + who[0, 0]
    )


def doubled(dataset: Dataset, rows: Sequence[int] | IntArray) -> Dataset:
    """With some rows once more, at the end of the file."""
    whole = dataset.take(np.concatenate([np.arange(len(dataset)), np.asarray(rows)]))
    return replace(whole, row=np.arange(len(whole)))


def _determined_target() -> Case:
    whole = clean()
    whole = with_number(whole, 3 * whole.target[:, 0])
    return whole, sealed(whole)


def _metadata_statistic() -> Case:
    whole = clean()
    whole = with_metadatum(whole, by_task(whole, np.mean))
    return whole, sealed(whole)


def _identifier() -> Case:
    whole = clean()
    whole = with_number(whole, np.arange(len(whole)))
    return whole, sealed(whole)


def _shared_rows() -> Case:
    whole = persons()
    return whole, sealed(whole)


def _copied_test_rows() -> Case:
    whole = doubled(clean(), range(0, 144, 12))
    return whole, np.arange(len(whole)) >= 144


def _shift() -> Case:
    whole = clean(rows=40)
    return whole, whole.features.numeric[:, 0] > 1.0


def _repeated_task() -> Case:
    whole = clean()
    features, target = whole.features.numeric.copy(), whole.target.copy()
    features[12:24], target[12:24] = features[11::-1], target[11::-1]
    whole = replace(whole, features=table(features), target=target)
    return whole, sealed(whole)


def _repeated_target() -> Case:
    whole = clean(targets=2)
    whole = replace(whole, target=whole.target[:, [0, 0]])
    return whole, sealed(whole)


def _crossed_split() -> Case:
    whole = clean()
    whole = replace(whole, group=np.arange(len(whole)) // 2, keys=Keys(groups_asked=True))
    return whole, np.arange(len(whole)) % 4 == 0


def _unlearnt_class() -> Case:
    whole = classes()
    return whole, whole.target[:, 0] == 2


GUILTY = MappingProxyType(
    {
        function.__name__.removeprefix("_"): function
        for function in (
            *(_determined_target, _metadata_statistic, _identifier, _shared_rows),
            *(_copied_test_rows, _shift, _repeated_task, _repeated_target, _crossed_split),
            _unlearnt_class,
        )
    }
)
