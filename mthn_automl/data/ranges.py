"""The ranges of the numbers that a model was trained on, by which it says what lies outside of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.schema import Column, Schema


def with_ranges(rows: Dataset) -> Schema:
    """The schema of these rows, with the range of each numeric column in them; None of one without a number."""
    metadata = rows.tasks.metadata
    return replace(
        rows.schema,
        features=_of_columns(rows.schema.features, rows.features),
        metadata=rows.schema.metadata if metadata is None else _of_columns(rows.schema.metadata, metadata),
    )


def _of_columns(columns: Sequence[Column], table: Table) -> tuple[Column, ...]:
    numeric = iter(table.numeric.T)
    return tuple(replace(each, range=_range(next(numeric))) if each.numeric else each for each in columns)


def _range(values: FloatArray) -> tuple[float, float] | None:
    known = values[~np.isnan(values)]
    return (float(known.min()), float(known.max())) if len(known) else None
