"""Small nasty datasets, built directly, on which every architecture must stand; no more than 200 rows each."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column, Problem, Schema

Levels = Sequence[int]
Animal = Callable[[], Dataset]


def table(numeric: FloatArray, codes: IntArray | None = None) -> Table:
    """numeric: (rows, columns), codes: (rows, columns)."""
    return Table(numeric, np.zeros((len(numeric), 0), dtype=np.int64) if codes is None else codes)


def build(
    *,
    features: Table,
    task: IntArray,
    target: FloatArray,
    metadata: Table | None = None,
    problem: Problem = Problem.REGRESSION,
    classes: Sequence[str] = (),
    feature_levels: Levels = (),
    metadata_levels: Levels = (),
    exposure: FloatArray | None = None,
) -> Dataset:
    """A Dataset of plain arrays; target: (rows, targets). Levels: categories of each column of codes."""
    tasks = int(task.max()) + 1
    targets = tuple(f"target{index}" for index in range(target.shape[1]))
    of_features = _columns("x", features, feature_levels)
    of_tasks = () if metadata is None else _columns("m", metadata, metadata_levels)
    offset = None if exposure is None else "exposure"
    schema = Schema(("task",), targets, problem, tuple(classes), of_features, of_tasks, offset=offset)
    names = TaskTable(tuple(f"task {index}" for index in range(tasks)), metadata)
    return Dataset(schema, features, task, target, np.arange(len(task)), names, TaskTable((), None), exposure=exposure)


def _columns(letter: str, columns: Table, levels: Levels) -> tuple[Column, ...]:
    numeric = [Column(f"{letter}{index}") for index in range(columns.numeric.shape[1])]
    names = [tuple(f"level {level}" for level in range(count)) for count in levels]
    return (*numeric, *(Column(f"{letter}c{index}", each) for index, each in enumerate(names)))


def _tasks(count: int, rows: int) -> IntArray:
    return np.repeat(np.arange(count), rows)


def planted() -> Dataset:
    """12 tasks of 14 rows: intercept and slopes are the metadata, the noise has a standard deviation of 0.1."""
    random = np.random.default_rng(0)
    task, metadata = _tasks(12, 14), random.normal(size=(12, 3))
    features, mine = random.normal(size=(len(task), 2)), metadata[_tasks(12, 14)]
    target = mine[:, 0] + (mine[:, 1:] * features).sum(axis=1) + 0.1 * random.normal(size=len(task))
    return _dataset(task, features, metadata, target)


def _dataset(
    task: IntArray, features: FloatArray, metadata: FloatArray, target: FloatArray, classes: tuple[str, ...] = ()
) -> Dataset:
    """Of columns that are all numeric; target: (rows,) or (rows, targets)."""
    problem = (Problem.REGRESSION, Problem.BINARY, Problem.MULTICLASS)[max(len(classes) - 1, 0)]
    return build(
        features=table(features),
        task=task,
        target=target.reshape(len(task), -1),
        metadata=table(metadata),
        problem=problem,
        classes=classes,
    )


def _plain(seed: int, tasks: int, rows: int, features: int) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Task numbers, features, metadata (tasks, 2) and a score (rows,) that depends on all of them."""
    random = np.random.default_rng(seed)
    task = _tasks(tasks, rows)
    values, metadata = random.normal(size=(len(task), features)), random.normal(size=(tasks, 2))
    score = values.sum(axis=1) + metadata[task, 0] + 0.3 * random.normal(size=len(task))
    return task, values, metadata, score


def several_targets() -> Dataset:
    """Three targets of very different scales."""
    task, features, metadata, score = _plain(1, 5, 8, 3)
    target = np.stack([score, 1e6 + 1e3 * features[:, 0], 1e-6 * score**2], axis=1)
    return _dataset(task, features, metadata, target)


def gaps_and_weights() -> Dataset:
    """The same, of which two miss more than every third row; and rows that count for 0.2 to 5."""
    dataset, random = several_targets(), np.random.default_rng(12)
    missing = random.random(dataset.target.shape) < [0.0, 0.4, 0.5]
    target = np.where(missing, np.nan, dataset.target)
    return replace(dataset, target=target, weight=random.uniform(0.2, 5.0, len(dataset)))


def binary() -> Dataset:
    task, features, metadata, score = _plain(2, 5, 9, 2)
    return _dataset(task, features, metadata, (score > 0).astype(float), ("no", "yes"))


def multiclass() -> Dataset:
    task, features, metadata, score = _plain(3, 6, 8, 2)
    target = np.digitize(score, [-0.7, 0.7]).astype(float)
    return _dataset(task, features, metadata, target, ("low", "middle", "high"))


def ordinal() -> Dataset:
    """Five grades."""
    task, features, metadata, score = _plain(13, 6, 8, 2)
    grades = np.digitize(score, [-2.0, -0.7, 0.7, 2.0]).astype(float)
    dataset = _dataset(task, features, metadata, grades, ("1", "2", "3"))
    schema = replace(dataset.schema, problem=Problem.ORDINAL, classes=("1", "2", "3", "4", "5"))
    return replace(dataset, schema=schema)


def counts() -> Dataset:
    """Counts under exposures between 0.1 and 10."""
    random = np.random.default_rng(14)
    task, features, metadata, score = _plain(14, 6, 10, 2)
    exposure = np.exp(random.uniform(-np.log(10), np.log(10), len(task)))
    return build(
        features=table(features),
        task=task,
        target=random.poisson(exposure * np.exp(0.5 * score))[:, None].astype(float),
        metadata=table(metadata),
        problem=Problem.COUNT,
        exposure=exposure,
    )


def nothing_counted() -> Dataset:
    """As a training fold may be: all counts are zero, and there is no exposure."""
    task, features, metadata, _ = _plain(15, 4, 6, 2)
    return build(
        features=table(features),
        task=task,
        target=np.zeros((len(task), 1)),
        metadata=table(metadata),
        problem=Problem.COUNT,
    )


def class_without_rows() -> Dataset:
    """As a training fold may be: the middle one of three classes occurs nowhere."""
    dataset = multiclass()
    return dataset.take(np.flatnonzero(dataset.target[:, 0] != 1))


def single_class() -> Dataset:
    """Only the last of three classes occurs."""
    dataset = multiclass()
    return dataset.take(np.flatnonzero(dataset.target[:, 0] == 2))


def one_task() -> Dataset:
    return _dataset(*_plain(4, 1, 20, 2))


def no_metadata() -> Dataset:
    task, features, _, score = _plain(5, 4, 8, 2)
    return build(features=table(features), task=task, target=score[:, None])


def no_features() -> Dataset:
    """Nothing but the task: the answer is each task's mean."""
    task, features, metadata, score = _plain(6, 5, 6, 1)
    return _dataset(task, features[:, :0], metadata, score)


def no_columns() -> Dataset:
    """Neither a feature nor metadata."""
    return no_features().without_metadata()


def missing_values() -> Dataset:
    """A third of all numbers, one whole column and some categories are missing, in features and in metadata."""
    random = np.random.default_rng(7)
    task, features, metadata, score = _plain(7, 5, 8, 4)
    features[random.random(features.shape) < 0.3] = np.nan
    features[:, 3] = np.nan
    metadata[0, 0] = metadata[2, 1] = np.nan
    return build(
        features=table(features, random.integers(-1, 3, size=(len(task), 1))),
        task=task,
        target=score[:, None],
        metadata=table(metadata, np.array([[0], [-1], [1], [1], [0]])),
        feature_levels=(3,),
        metadata_levels=(2,),
    )


def one_row_tasks() -> Dataset:
    """Two tasks of 10 rows, ten tasks of one."""
    random = np.random.default_rng(8)
    task = np.concatenate([_tasks(2, 10), np.arange(2, 12)])
    features, metadata = random.normal(size=(len(task), 2)), random.normal(size=(12, 2))
    return _dataset(task, features, metadata, features[:, 0] + 1.0)


def task_without_rows() -> Dataset:
    """As in a training fold of which a task has no row: the last but one of five."""
    whole = _dataset(*_plain(9, 5, 6, 2))
    return whole.take(np.flatnonzero(whole.task != 3))


def only_categorical() -> Dataset:
    """Features and metadata are categories, one of 300 levels of which few occur."""
    random = np.random.default_rng(10)
    task = _tasks(6, 8)
    codes = np.stack([random.integers(0, 4, len(task)), random.integers(0, 300, len(task))], axis=1)
    kinds = np.array([[0], [1], [2], [0], [1], [2]])
    target = codes[:, 0] + kinds[task, 0] + 0.2 * random.normal(size=len(task))
    return build(
        features=table(np.zeros((len(task), 0)), codes),
        task=task,
        target=target[:, None],
        metadata=table(np.zeros((6, 0)), kinds),
        feature_levels=(4, 300),
        metadata_levels=(3,),
    )


def constant_target() -> Dataset:
    dataset = planted()
    return replace(dataset, target=np.full_like(dataset.target, 7.5))


def heavy_tails() -> Dataset:
    """A feature whose largest values are 1e8 times its median, and a feature that never changes."""
    task, features, metadata, score = _plain(11, 4, 10, 2)
    features = np.stack([np.sinh(9.0 * features[:, 0]), features[:, 1], np.full(len(task), 3.0)], axis=1)
    return _dataset(task, features, metadata, score)


ZOO: tuple[Animal, ...] = (
    *(
        planted,
        several_targets,
        gaps_and_weights,
        binary,
        multiclass,
        ordinal,
        counts,
        nothing_counted,
        class_without_rows,
        single_class,
        one_task,
        no_metadata,
    ),
    *(no_features, no_columns, missing_values, one_row_tasks, task_without_rows, only_categorical),
    *(constant_target, heavy_tails),
)


def of_new_tasks(dataset: Dataset) -> Dataset:
    """The same rows, said to be in turn of two tasks that were never seen; their metadata are those of task 0."""
    first = dataset.tasks.metadata
    new = TaskTable(("never seen", "nor this"), None if first is None else first.take(np.array([0, 0])))
    task = len(dataset.tasks) + np.arange(len(dataset)) % 2
    return replace(dataset, task=task, tasks=dataset.tasks.joined(new))


def of_every_task(dataset: Dataset, row: int = 0) -> Dataset:
    """One row's features repeated, once under each task."""
    tasks = len(dataset.tasks)
    return replace(dataset.take(np.full(tasks, row)), task=np.arange(tasks))


def renamed(dataset: Dataset) -> Dataset:
    """Other names for the tasks, which sort the other way round."""
    count = len(dataset.tasks)
    names = tuple(f"renamed {count - index:03d}" for index in range(count))
    return replace(dataset, tasks=TaskTable(names, dataset.tasks.metadata))


def renumbered(dataset: Dataset) -> Dataset:
    """The tasks in reverse order, each with its rows, name and metadata; the rows stay in place."""
    order = np.arange(len(dataset.tasks))[::-1]
    metadata = dataset.tasks.metadata
    tasks = TaskTable(dataset.tasks.names[::-1], None if metadata is None else metadata.take(order))
    return replace(dataset, task=order[dataset.task], tasks=tasks)
