"""Features given as an array, a category as its index, to a Table."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mthn_automl.data.dataset import FloatArray, IntArray, Table
from mthn_automl.data.names import counted, listed
from mthn_automl.data.schema import Schema
from mthn_automl.data.table_file import LARGEST
from mthn_automl.errors import DataError


def array_table(schema: Schema, features: ArrayLike) -> Table:
    """(rows, columns) numbers in the order of the schema's features, a category as its index, to a Table.

    Raises:
        DataError: another number of columns, what is no finite number, or an index that no category has.
    """
    given = _numbers(_in_order(schema, features))
    if given.ndim != 2 or given.shape[1] != len(schema.features):
        raise DataError(
            f"An array of features must have {counted(len(schema.features), 'column')}, "
            f"{listed([column.name for column in schema.features])}, however its shape is {given.shape}; "
            "`columns` of the model lists them in order."
        )
    if len(given) and given.size and (np.fmax.reduce(given, None) > LARGEST or np.fmin.reduce(given, None) < -LARGEST):
        row = int((np.abs(given) > LARGEST).any(axis=1).argmax())
        raise DataError(f"Numbers must be finite, however row {row} of the features holds one that is not.")
    numeric = np.array([column.numeric for column in schema.features], dtype=bool)
    if numeric.all():
        return Table(given, np.empty((len(given), 0), dtype=np.int64))
    return Table(given[:, numeric], _codes(schema, given[:, ~numeric]))


def one_row(row: ArrayLike) -> FloatArray:
    """(1, columns) of one row given as a list or an array.

    Raises:
        DataError: something else than numbers.
    """
    return _numbers(row)[np.newaxis]


def _in_order(schema: Schema, features: ArrayLike) -> ArrayLike:
    """A DataFrame's columns by their names, as they are not to be taken by their places."""
    names = [column.name for column in schema.features]
    if not isinstance(features, pd.DataFrame) or list(features.columns) == names:
        return features
    absent = [name for name in names if name not in features.columns]
    if absent:
        raise DataError(
            f"A DataFrame of features must have the columns of training, however it has no {listed(absent)}; add them."
        )
    return features[names]


def _numbers(features: ArrayLike) -> FloatArray:
    try:
        return np.asarray(features, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"An array of features must hold numbers, a category as its index, however: {error}; "
            "`predict` takes a DataFrame with text."
        ) from None


def _codes(schema: Schema, given: FloatArray) -> IntArray:
    columns = [column for column in schema.features if column.categories is not None]
    sizes = np.array([len(column.categories or ()) for column in columns])
    codes = np.nan_to_num(given, nan=-1.0)
    wrong = (codes != np.floor(codes)) | (codes < -1) | (codes >= sizes)
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        raise DataError(
            f"A category must be given as its index, from 0 to {sizes[place] - 1} or -1 where it is missing, however "
            f"'{columns[place].name}' is {given[row, place]:g} in row {row} of the features; "
            "`schema` of the model lists the categories in order."
        )
    return codes.astype(np.int64)
