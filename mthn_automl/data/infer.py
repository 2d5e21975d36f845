"""What kind of column each feature or metadatum is, and which are of no use."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mthn_automl.data.names import counted, listed, named_codes
from mthn_automl.data.schema import Column

FOLD_ABOVE = 20
MOST_CATEGORIES = 1_000


def is_number(column: pd.Series) -> bool:
    """Whether pandas takes the column for numbers or booleans."""
    return pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)


def infer_columns(frame: pd.DataFrame, names: Iterable[str], noun: str) -> tuple[tuple[Column, ...], list[str]]:
    """The usable columns, and a note for each reason why others are not; `noun` is what notes call a column."""
    usable: list[Column] = []
    ignored: dict[str, list[str]] = {}
    for name in names:
        reason = _useless(frame[name])
        column = Column(name) if is_number(frame[name]) else Column(name, _categories(frame[name]))
        if reason is None and column.categories == ():
            reason = "no category occurs twice"
        if reason is None:
            usable.append(column)
        else:
            ignored.setdefault(reason, []).append(name)
    notes = [f"Ignored {counted(len(each), noun)}, {why}: {listed(each, 10)}." for why, each in ignored.items()]
    return tuple(usable), notes


def _useless(column: pd.Series) -> str | None:
    """Why the column tells nothing, if so. One value with gaps is kept: where the gaps are may tell."""
    missing = column.isna()
    if missing.all():
        return "entirely missing"
    return "constant" if not missing.any() and _constant(column) else None


def _constant(column: pd.Series) -> bool:
    """Whether a column without gaps has a single value; least and most tell it of numbers at a fraction of the cost."""
    if is_number(column):
        return bool(column.min() == column.max())
    return bool(column.nunique() == 1)


def _categories(column: pd.Series) -> tuple[str, ...]:
    """Names worth an index: in a column of many, those that occur twice, and only the most frequent."""
    raw, values = pd.factorize(column)
    if FOLD_ABOVE < len(values) == np.count_nonzero(raw >= 0):
        return ()
    codes, names = named_codes(raw, values)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    least = 1 if len(names) <= FOLD_ABOVE else 2
    frequent = [(-int(count), name) for count, name in zip(counts, names, strict=True) if count >= least]
    return tuple(sorted(name for _, name in sorted(frequent)[:MOST_CATEGORIES]))
