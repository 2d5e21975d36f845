"""DataFrames of pandas, and whatever else hands out Arrow data: polars, Arrow itself, DuckDB."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mthn_automl.data.formats.arrow_types import is_readable, plain_column, plain_table
from mthn_automl.data.formats.python_values import column_of, kinds_of, nested
from mthn_automl.data.formats.table_file import HeldTable
from mthn_automl.errors import UsageError


def of_pandas(frame: pd.DataFrame, name: str) -> HeldTable:
    """A DataFrame; its index is no column. Columns of Python objects are text where these are mixed."""
    names = [str(column) for column in frame.columns]
    columns: dict[str, Any] = {}
    unreadable: dict[str, str] = {}
    for place, column in enumerate(names):
        values = _of_series(frame.iloc[:, place])
        if isinstance(values, str):
            unreadable[column] = values
        else:
            columns[column] = values
    table = pa.table(columns) if columns else pa.table({"": pa.nulls(len(frame))})
    return HeldTable(name, table, names, unreadable)


def of_arrow(given: Any, name: str) -> HeldTable:
    """Anything with `__arrow_c_stream__` or `__arrow_c_array__`."""
    try:
        table = given if isinstance(given, pa.Table) else _of_capsule(given)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(
            f"The data must be a file or a DataFrame, however {name} are of type {type(given).__name__}, of which "
            f"Arrow says: {error}; make a DataFrame."
        ) from error
    unreadable = {field.name: str(field.type) for field in table.schema if not is_readable(field.type)}
    kept = [place for place, column in enumerate(table.column_names) if column not in unreadable]
    return HeldTable(name, plain_table(table.select(kept)), table.column_names, unreadable)


def _of_capsule(given: Any) -> pa.Table:
    if hasattr(given, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(given).read_all()
    return pa.Table.from_batches([pa.record_batch(given)])


def _of_series(series: pd.Series) -> pa.ChunkedArray | str:
    """The column, or the name of what it holds where that is not read."""
    if series.dtype == object:
        kinds = kinds_of(series)
        return nested(kinds) or pa.chunked_array([column_of(series.tolist())])
    if series.dtype.kind == "c":
        return "complex"
    if isinstance(series.dtype, pd.SparseDtype):
        series = pd.Series(np.asarray(series))
    try:
        values = pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, ValueError):  # periods, intervals and whatever else is pandas' alone
        values = column_of(
            [None if missing else str(value) for value, missing in zip(series, series.isna(), strict=True)]
        )
    column = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    return plain_column(column) if is_readable(column.type) else str(column.type)
