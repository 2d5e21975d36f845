"""What a model predicts where some of what it is told is that of other rows, or of other tasks."""

from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.training.mean import with_metadata


@dataclass(frozen=True)
class Told:
    """A part of what a model is told of a row.

    Attributes:
        name: in tables.
        kind: `feature`, `metadata`, `task`, or of several together `group` or `correlated`.
        features: columns of the schema.
        metadata: likewise.
        task: whether the identity of the task is a part of it.
    """

    name: str
    kind: str
    features: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    task: bool = False

    @property
    def of_tasks(self) -> bool:
        """Whether something in it is the same for all rows of a task."""
        return self.task or bool(self.metadata)

    @property
    def drawn(self) -> bool:
        """Whether it is permuted, so that repeats differ; without the identity of its task, a row is what it is."""
        return bool(self.features or self.metadata)


def permuted(predictor: Predictor, rows: Dataset, told: Told, random: np.random.Generator) -> FloatArray:
    """(rows, outputs) predictions without what is told.

    Features are permuted over all rows, metadata over the tasks of the rows, several together alike; in a random cycle,
    so that no row, or task, keeps its own. A row whose task's identity is withheld is predicted as one of a task never
    seen that has the same metadata.
    """
    model, features = predictor.model, rows.features
    if told.features:
        features = _exchanged(features, predictor.schema.features, told.features, cycle(len(rows), random))
    changed = replace(rows, features=features)
    if told.metadata:
        changed = replace(changed, tasks=_described_otherwise(predictor, rows, told, random))
        model = with_metadata(model, changed.tasks)
    if told.task:
        changed = as_never_seen(changed, len(predictor.tasks))
    return replace(predictor, model=model).predict_encoded(changed)


def cycle(count: int, random: np.random.Generator) -> IntArray:
    """(count,) a permutation without a fixed point, if there are two."""
    order = random.permutation(count)
    places = np.empty(count, dtype=np.int64)
    places[order] = np.roll(order, 1)
    return places


def as_never_seen(rows: Dataset, known: int) -> Dataset:
    """The same rows, each of a task that training has not seen and that has the metadata of its own.

    known: tasks of training.
    """
    present, place = np.unique(rows.task, return_inverse=True)
    names = tuple(f"as {rows.tasks.names[task]}, never seen" for task in present)
    metadata = None if rows.tasks.metadata is None else rows.tasks.metadata.take(present)
    tasks = rows.tasks.joined(TaskTable(names, metadata))
    return replace(rows, tasks=tasks, task=np.where(rows.task < known, len(rows.tasks) + place, rows.task))


def _described_otherwise(predictor: Predictor, rows: Dataset, told: Told, random: np.random.Generator) -> TaskTable:
    """All tasks, where those of the rows have some of each other's metadata."""
    metadata = rows.tasks.metadata
    assert metadata is not None
    present = np.unique(rows.task)
    order = np.arange(len(rows.tasks))
    order[present] = present[cycle(len(present), random)]
    return TaskTable(rows.tasks.names, _exchanged(metadata, predictor.schema.metadata, told.metadata, order))


def _exchanged(table: Table, columns: tuple[Column, ...], names: tuple[str, ...], order: IntArray) -> Table:
    """The table with the named columns in another order of its rows."""
    numeric, codes = table.numeric.copy(), table.codes.copy()
    for array, of_kind in (
        (numeric, [each for each in columns if each.numeric]),
        (codes, [each for each in columns if not each.numeric]),
    ):
        chosen = [place for place, each in enumerate(of_kind) if each.name in names]
        array[:, chosen] = array[order][:, chosen]
    return Table(numeric, codes)
