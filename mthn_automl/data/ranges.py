"""What a model was trained on, column by column, by which it says what lies outside of that, or has moved."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.seen import Seen


def with_ranges(rows: Dataset) -> Schema:
    """The schema of these rows, with what was seen in each column, and the range of its numbers where there are any.

    A row of a wide table, which is there once for each of its targets, counts once.
    """
    metadata, first = rows.tasks.metadata, np.unique(rows.row, return_index=True)[1]
    return replace(
        rows.schema,
        features=_of_columns(rows.schema.features, rows.features.take(first) if rows.schema.wide else rows.features),
        metadata=rows.schema.metadata if metadata is None else _of_columns(rows.schema.metadata, metadata),
    )


def _of_columns(columns: Sequence[Column], table: Table) -> tuple[Column, ...]:
    numeric, codes = iter(table.numeric.T), iter(table.codes.T)
    return tuple(_of_numbers(each, next(numeric)) if each.numeric else _of_codes(each, next(codes)) for each in columns)


def _of_numbers(column: Column, values: FloatArray) -> Column:
    seen = Seen.of_numbers(values)
    return replace(column, seen=seen, range=(seen.points[0], seen.points[-1]) if seen.points else None)


def _of_codes(column: Column, codes: IntArray) -> Column:
    return replace(column, seen=Seen.of_codes(codes))
