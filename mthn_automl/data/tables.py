"""From columns of a source to the arrays of a Table."""

from collections.abc import Sequence

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.columns.dates import part_of
from mthn_automl.data.columns.rule import Cells
from mthn_automl.data.columns.text import Names
from mthn_automl.data.dataset import Table
from mthn_automl.data.names import positions
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source


def encode_table(source: Source, columns: Sequence[Column], purpose: str) -> Table:
    """Every row of the source; categories unknown to the columns become -1.

    Raises:
        DataError: a column that is not there.
    """
    cells = [source.require(column.read_from, purpose) for column in columns]
    numeric = np.empty((len(source), sum(column.numeric for column in columns)))
    codes = np.empty((len(source), len(columns) - numeric.shape[1]), dtype=np.int64)
    numbers = codes_done = 0
    for column, each in zip(columns, cells, strict=True):
        if column.numeric:
            numeric[:, numbers] = encoded(each, column)
            numbers += 1
        else:
            codes[:, codes_done] = encoded(each, column)
            codes_done += 1
    return Table(numeric, codes)


def encoded(cells: Cells, column: Column) -> FloatArray | IntArray:
    """(rows,) numbers of a numeric column, else codes of its categories."""
    if column.categories is None:
        return numeric_values(cells, column)
    return category_codes(cells.names(), column.categories)


def numeric_values(cells: Cells, column: Column) -> FloatArray:
    """(rows,) float64, NaN where missing."""
    if column.part is not None:
        assert cells.dates is not None
        return part_of(column.part, cells.dates)
    assert cells.numbers is not None
    return cells.numbers


def category_codes(names: Names, categories: tuple[str, ...]) -> IntArray:
    """(rows,) int64 index into the categories, -1 where missing or not among them."""
    return np.append(positions(names.names, categories), -1)[names.codes]
