"""Cells of other rows, read in the form that those of training have; whatever type the new file gives them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mthn_automl.data.columns import dates
from mthn_automl.data.columns.form import PLAIN, Form, Kind
from mthn_automl.data.columns.missing import is_always, is_among_numbers, is_mark
from mthn_automl.data.columns.numbers import numbers, plain_values
from mthn_automl.data.columns.rule import FALSE, TRUE, Cells, Told, as_text, counted, is_text, read_typed
from mthn_automl.data.columns.text import Names


@dataclass(frozen=True)
class Again:
    """A column that was read again.

    Attributes:
        cells: what it holds, missing where a cell is not in the form.
        wrong: the first row of a cell that is not; None: all are.
    """

    cells: Cells
    wrong: int | None = None


def read_again(column: pa.ChunkedArray, form: Form) -> Again:
    """Numbers may come as text or as a type of numbers, dates as text or as a type of dates; names as anything."""
    if form.kind is Kind.TEXT:
        return Again(read_typed(column, Told(categorical=True)))
    if not is_text(column.type):
        found = read_typed(column, Told())
        if found.form.kind is form.kind or {found.form.kind, form.kind} == {Kind.NUMBER, Kind.TRUTH}:
            return Again(found)
        column = as_text(column)
    if form.kind is Kind.NUMBER and form.notation == PLAIN:
        plain = plain_values(column)
        if plain is not None and not np.isinf(plain).any():
            return Again(Cells(form, plain))
    names = Names.of(column)
    known = names.without(is_always(names.array).to_pylist())
    marked = (is_mark if form.notation.composed == "range" else is_among_numbers)(known.array).to_pylist()
    missing, known = counted(known, marked), known.without(marked)
    values = _values(known, form)
    strange = np.append(np.isnan(values), False)[known.codes]
    row = int(strange.argmax()) if strange.any() else None
    if form.kind is Kind.DATE:
        values = np.append(values, np.datetime64("NaT"))[known.codes]
        return Again(Cells(form, dates=values, missing=missing), row)
    values = np.append(np.where(np.isinf(values), np.nan, values), np.nan)[known.codes]
    return Again(Cells(form, values, missing=missing), row)


def read_cell(cell: str, form: Form) -> Again:
    """As `read_again`, for one cell of text."""
    return read_again(pa.chunked_array([pa.array([cell])]), form)


def _values(names: Names, form: Form) -> Any:
    """(names,) numbers or dates, missing where a name is none. Truth values may be written as 1 and 0."""
    if form.kind is Kind.DATE:
        return dates.times(names.array, form.date)
    found = numbers(form.notation, names.array)
    if form.kind is Kind.NUMBER:
        return found
    truth = [1.0 if name in TRUE else 0.0 if name in FALSE else np.nan for name in names.names]
    return np.where(np.isnan(found), np.array(truth, dtype=np.float64), found)
