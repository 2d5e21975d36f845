"""From columns of a source to the arrays of a Table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import FloatArray, IntArray, Table
from mthn_automl.data.infer import is_number
from mthn_automl.data.names import label_codes, positions
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source
from mthn_automl.data.values import not_a_number, too_large


def encode_table(source: Source, columns: Sequence[Column], purpose: str) -> Table:
    """Every row of the source; categories unknown to the columns become -1.

    Raises:
        DataError: a column that is not there, or text in a numeric one.
    """
    for column in columns:
        source.require(column.name, purpose)
    numeric = np.empty((len(source), sum(column.numeric for column in columns)))
    codes = np.empty((len(source), len(columns) - numeric.shape[1]), dtype=np.int64)
    for index, name in enumerate(column.name for column in columns if column.numeric):
        numeric[:, index] = numeric_values(source, name)
    for index, column in enumerate(column for column in columns if not column.numeric):
        codes[:, index] = category_codes(source.frame[column.name], column.categories or ())
    return Table(numeric, codes)


def numeric_values(source: Source, name: str) -> FloatArray:
    """(rows,) float64, NaN where missing.

    Raises:
        DataError: a cell that is not a finite number, with its line and content.
    """
    column = source.frame[name]
    if is_number(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    parsed = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = column.notna().to_numpy() & (np.isnan(parsed) | too_large(parsed))
    if wrong.any():
        first = int(wrong.argmax())
        raise not_a_number(name, source.at(first), column.iloc[first])
    return parsed


def category_codes(column: pd.Series, categories: tuple[str, ...]) -> IntArray:
    """(rows,) int64 index into the categories, -1 where missing or not among them."""
    codes, names = label_codes(column)
    return np.append(positions(names, categories), -1)[codes]


def reads_as_text(names: tuple[str, ...]) -> bool:
    """Whether these names can only have come from a text column, so that a file's cells must not be parsed.

    Otherwise pandas' types are right: a column of 0 and 1, or of TRUE and FALSE, may be written in several ways.
    """
    numeric = pd.to_numeric(pd.Series(names, dtype="str"), errors="coerce").notna()
    return not all(known or name in ("True", "False") for known, name in zip(numeric, names, strict=True))
