"""Columns as the training rows alone show them: what only test rows hold is as unknown as it is in new rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.infer import frequent
from mthn_automl.data.names import listed
from mthn_automl.data.schema import Column


@dataclass(frozen=True)
class Shown:
    """What some rows show of columns, and any other rows by that.

    Attributes:
        columns: that are of use.
        numeric: (numeric columns of use,) their places among those of the table.
        first: (the same,) of days since a first one, the first of these rows; else 0.
        codes: of each categorical column of use, its place, and (categories + 1,) its new codes, the last of missing.
    """

    columns: tuple[Column, ...]
    numeric: IntArray
    first: FloatArray
    codes: tuple[tuple[int, IntArray], ...]

    @classmethod
    def by(cls, columns: Sequence[Column], rows: Table) -> "Shown":
        kept: list[Column] = []
        numeric: list[tuple[int, float]] = []
        codes: list[tuple[int, IntArray]] = []
        numbers, names = iter(enumerate(rows.numeric.T)), iter(enumerate(rows.codes.T))
        for column in columns:
            if column.categories is None:
                place, values = next(numbers)
                if _tells(values, ~np.isnan(values)):
                    first = float(np.nanmin(values)) if column.part is not None and column.part.name == "days" else 0.0
                    kept.append(_from(column, first))
                    numeric.append((place, first))
                continue
            place, found = next(names)
            renamed = frequent(found, len(column.categories))
            if (renamed >= 0).any() and _tells(found, found >= 0):
                used = tuple(name for name, code in zip(column.categories, renamed[:-1], strict=True) if code >= 0)
                kept.append(replace(column, categories=used))
                codes.append((place, renamed))
        places = np.array([place for place, _ in numeric], dtype=np.int64)
        return cls(tuple(kept), places, np.array([first for _, first in numeric]), tuple(codes))

    def of(self, rows: Table) -> Table:
        columns = [renamed[rows.codes[:, place]] for place, renamed in self.codes]
        codes = np.stack(columns, axis=1) if columns else np.empty((len(rows), 0), dtype=np.int64)
        return Table(rows.numeric[:, self.numeric] - self.first, codes)


def shown_by(dataset: Dataset, training: NDArray[np.bool_]) -> Dataset:
    """The same rows, with the columns of features and metadata that the training rows, and their tasks, show.

    How cells are written is told from all rows of a file; nothing else of test rows has a say.

    Args:
        dataset: as it was read.
        training: (rows,) true where a row may be trained on.
    """
    if training.all():
        return dataset
    features = Shown.by(dataset.schema.features, dataset.features.take(np.flatnonzero(training)))
    found = replace(
        dataset,
        schema=replace(dataset.schema, features=features.columns),
        features=features.of(dataset.features),
    )
    found = _described(found, np.unique(dataset.task[training]))
    return _with_account(found, dataset)


def _described(dataset: Dataset, tasks: IntArray) -> Dataset:
    """With the metadata that these tasks show."""
    metadata, spare = dataset.tasks.metadata, dataset.spare.metadata
    if metadata is None:
        return dataset
    shown = Shown.by(dataset.schema.metadata, metadata.take(tasks))
    if not shown.columns:
        return dataset.without_metadata()
    return replace(
        dataset,
        schema=replace(dataset.schema, metadata=shown.columns),
        tasks=TaskTable(dataset.tasks.names, shown.of(metadata)),
        spare=TaskTable(dataset.spare.names, None if spare is None else shown.of(spare)),
    )


def _with_account(found: Dataset, before: Dataset) -> Dataset:
    """What is of no use any more is said."""
    lost = dict.fromkeys(_inputs(before))
    for name in _inputs(found):
        lost.pop(name, None)
    if not lost:
        return found
    note = f"Ignored, since the training rows tell nothing of them: {listed(list(lost), 10)}."
    account = (replace(each, role="ignored") if each.name in lost else each for each in before.account)
    return replace(found, notes=(*before.notes, note), account=tuple(account))


def _inputs(dataset: Dataset) -> list[str]:
    """Columns of the input that a model is given something of."""
    schema = dataset.schema
    return list(dict.fromkeys(column.read_from for column in (*schema.features, *schema.metadata)))


def _tells(values: FloatArray | IntArray, known: NDArray[np.bool_]) -> bool:
    """Whether the column is neither empty nor, without gaps, one and the same; where gaps are may tell."""
    return bool(known.any() and (not known.all() or values.min() < values.max()))


def _from(column: Column, first: float) -> Column:
    """Days that count from another first one."""
    if column.part is None or first == 0.0:
        return column
    return replace(column, part=replace(column.part, origin=column.part.origin + first))
