"""What a value is: missing, a finite number, or neither; one rule for files, DataFrames, arrays and single rows."""

from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.errors import DataError

LARGEST = 1e100
"""Numbers whose square is infinite would make every sum so."""


def too_large(values: Any) -> Any:
    """Whether numbers, one or an array of them, are infinite or nearly so; NaN is not."""
    return abs(values) > LARGEST


def is_missing(value: object) -> bool:
    """None, NaN, an empty text, or what pandas takes for missing."""
    if isinstance(value, str):
        return value == ""
    if isinstance(value, float):
        return value != value
    return value is None or (not isinstance(value, int) and pd.api.types.is_scalar(value) and bool(pd.isna(value)))  # type: ignore[call-overload]


def number(name: str, value: object) -> float:
    """The value of a numeric column in a single row, NaN where it is missing; text that is a number is one.

    Raises:
        DataError: no number, or none that is finite.
    """
    if is_missing(value):
        return np.nan
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        found = np.inf
    if too_large(found) or found != found:
        raise DataError(
            f"Column '{name}' must hold finite numbers, however the row says '{value}'; correct it or leave it out."
        )
    return found


def not_a_number(name: str, where: str, cell: object, option: str = "") -> DataError:
    """The refusal of a cell; `where` is its place in words, and `option` what does so for the user."""
    return DataError(
        f"Column '{name}' must hold numbers, however {where} says '{cell}'; correct it or leave the cell empty{option}."
    )
