"""Columns of Python values, as workbooks, JSON and DataFrames of objects hold them."""

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mthn_automl.data.formats.arrow_types import is_readable

NESTED = (dict, list, tuple, set, frozenset, bytes, bytearray, memoryview, np.ndarray)
_TYPES: dict[frozenset[type], pa.DataType] = {
    frozenset(): pa.null(),
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
    frozenset({str}): pa.large_string(),
    frozenset({date}): pa.date32(),
    frozenset({time}): pa.time64("us"),
    frozenset({timedelta}): pa.duration("us"),
    frozenset({date, datetime}): pa.timestamp("us"),
}
_TYPES_OF_ONE = frozenset().union(*(kinds for kinds in _TYPES if len(kinds) == 1))


def kinds_of(values: Iterable[Any]) -> set[type]:
    """The types that occur, missing values aside."""
    kinds = set(map(type, values))
    return kinds - {type(None), type(pd.NA), type(pd.NaT)}


def nested(kinds: Collection[type]) -> str:
    """The name of a type that is no number and no text, if there is one among these."""
    return next((kind.__name__ for kind in kinds if issubclass(kind, NESTED)), "")


def type_of(kinds: Collection[type]) -> pa.DataType:
    """What a column is that holds values of these types: text, where no other type holds all of them."""
    return _TYPES.get(frozenset(kinds), pa.large_string())


def as_array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """The values as a column of this type, each as Python prints it where that is text."""
    if not pa.types.is_large_string(kind):
        return pa.array(values, kind, from_pandas=True)
    return pa.array([None if _missing(value) else as_text(value) for value in values], kind)


def column_of(values: Sequence[Any]) -> pa.Array:
    """The values as a column of the type that all of them have, or else of text."""
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    kinds = kinds_of(values)
    if len(kinds) > 1 and all(map(_is_gap, values)):
        kinds.discard(float)  # NaN is how pandas marks a gap between any values
    try:
        if len(kinds) == 1 and not kinds & _TYPES_OF_ONE:
            return _inferred(values)
        return as_array(values, type_of(kinds))
    except (pa.ArrowException, OverflowError):  # numbers of too many digits, dates beyond all calendars
        return as_array(values, pa.large_string())


def _inferred(values: Sequence[Any]) -> pa.Array:
    """A column of what Arrow knows: decimals, moments with a time zone or of pandas."""
    found = pa.array(values, from_pandas=True)
    return found if is_readable(found.type) else as_array(values, pa.large_string())


def _is_gap(value: Any) -> bool:
    return not isinstance(value, float) or math.isnan(value)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def as_text(value: Any) -> str:
    """As Python prints it; half a letter, which no file can hold, becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode("utf-8")
