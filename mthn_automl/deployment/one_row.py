"""One row given as a mapping, to a Table: what a DataFrame of one row would give, without its cost."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Table
from mthn_automl.data.names import canonical
from mthn_automl.data.schema import Schema
from mthn_automl.data.table_file import LARGEST
from mthn_automl.errors import DataError


class RowReader:
    """Reads rows whose keys are names of feature columns; what is not there, None or NaN is missing."""

    def __init__(self, schema: Schema) -> None:
        self._numeric = [column.name for column in schema.features if column.numeric]
        self._categories = [
            (column.name, {name: code for code, name in enumerate(column.categories)})
            for column in schema.features
            if column.categories is not None
        ]

    def table(self, row: Mapping[str, object]) -> Table:
        """One row; categories that are not known count as missing.

        Raises:
            DataError: what is no finite number in a numeric column.
        """
        numeric = [number(name, row.get(name)) for name in self._numeric]
        codes = [_code(row.get(name), known) for name, known in self._categories]
        return Table(np.array([numeric], dtype=np.float64), np.array([codes], dtype=np.int64))


def number(name: str, value: object) -> float:
    """The value of a numeric column, NaN where it is missing; text that is a number is one.

    Raises:
        DataError: no number, or none that is finite.
    """
    if is_missing(value):
        return np.nan
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        found = np.nan
    if abs(found) <= LARGEST:
        return found
    raise DataError(
        f"Column '{name}' must hold finite numbers, however the row says '{value}'; correct it or leave it out."
    )


def is_missing(value: object) -> bool:
    """None, NaN, an empty text, or what pandas takes for missing."""
    if isinstance(value, str):
        return value == ""
    if isinstance(value, float):
        return value != value
    return value is None or (not isinstance(value, int) and pd.api.types.is_scalar(value) and bool(pd.isna(value)))  # type: ignore[call-overload]


def _code(value: object, known: Mapping[str, int]) -> int:
    return -1 if is_missing(value) else known.get(canonical(value), -1)
