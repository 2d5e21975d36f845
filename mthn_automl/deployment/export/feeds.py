"""Encoded rows as raw columns again, as an exported model is given them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.dates import MICROSECONDS_A_DAY
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.schema import Column
from mthn_automl.data.task_names import parts_of
from mthn_automl.deployment.export.dates import MISSING
from mthn_automl.deployment.export.names import Wanted, wanted_inputs

Feeds = dict[str, Any]
"""By the name of the input an array (rows, 1)."""

UNKNOWN = "a category that training has not seen"


def feeds_of(rows: Dataset, *, any_task: bool) -> Feeds:
    """The inputs of an exported model for these rows."""
    schema, reader = rows.schema, _Raw(rows)
    return {each.name: reader.column(each) for each in wanted_inputs(schema, any_task=any_task)}


class _Raw:
    def __init__(self, rows: Dataset) -> None:
        self.rows = rows

    def column(self, wanted: Wanted) -> Any:
        """(rows, 1) of the type that the input has."""
        values: Any
        rows, schema = self.rows, self.rows.schema
        match wanted.role:
            case "task":
                values = self._task(wanted.column)
            case "exposure":
                values = rows.exposures
            case "metadata":
                values = _raw(wanted, schema.metadata, self._metadata())
            case _:
                values = _raw(wanted, schema.features, rows.features)
        return np.asarray(values, dtype=wanted.dtype)[:, np.newaxis]

    def _task(self, column: str) -> list[str]:
        columns = self.rows.schema.task
        names = [self.rows.tasks.names[task] for task in self.rows.task]
        if len(columns) == 1:
            return names
        return [_padded(parts_of(name), len(columns))[columns.index(column)] for name in names]

    def _metadata(self) -> Table:
        """Of the task of each row; missing where the model knows those of a task without rows."""
        rows, schema = self.rows, self.rows.schema
        numbers = sum(each.numeric for each in schema.metadata)
        none = Table(np.full((1, numbers), np.nan), np.full((1, len(schema.metadata) - numbers), -1))
        if rows.tasks.metadata is None:
            return none.take(np.zeros(len(rows), dtype=np.int64))
        known, names = set(rows.spare.names), rows.tasks.names
        given = [-1 if schema.described_as(name) in known else number for number, name in enumerate(names)]
        return rows.tasks.metadata.joined(none).take(np.array(given)[rows.task])


def _padded(parts: Sequence[str], length: int) -> list[str]:
    """A task never seen may have a name of other parts than those of training."""
    return [*parts, *[""] * length][:length]


def _raw(wanted: Wanted, columns: Sequence[Column], table: Table) -> Any:
    """(rows,) of an input; several columns may be made of it."""
    numbers, codes = iter(table.numeric.T), iter(table.codes.T)
    values = [next(numbers) if each.numeric else next(codes) for each in columns]
    of_input = [pair for pair in zip(columns, values, strict=True) if pair[0].read_from == wanted.column]
    column, found = of_input[0]
    if wanted.kind == "int64":
        return _microseconds({each.part.name: (each, value) for each, value in of_input if each.part is not None})
    return found if column.categories is None else _names(column.categories, found)


def _names(categories: Sequence[str], codes: Any) -> list[str]:
    """Those that are missing or unknown are one or the other, in turn."""
    none = ("", UNKNOWN)
    return [categories[code] if code >= 0 else none[row % 2] for row, code in enumerate(codes.tolist())]


def _microseconds(parts: dict[str, tuple[Column, FloatArray]]) -> Any:
    """From the days that are counted, of which a date that is a column always has some."""
    if "days" not in parts:
        return np.full(len(next(iter(parts.values()))[1]), MISSING)
    column, days = parts["days"]
    assert column.part is not None
    exact = np.round((np.nan_to_num(days) + column.part.origin) * MICROSECONDS_A_DAY)
    return np.where(np.isnan(days), MISSING, exact.astype(np.int64))
