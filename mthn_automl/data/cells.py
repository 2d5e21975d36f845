"""What the cells of a CSV column are: numbers, truth values or text, decided by all of them as pandas does."""

import io
from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None")
TRUE, FALSE = ("True", "TRUE", "true"), ("False", "FALSE", "false")

# Every character of every number that pandas can read, "infinity" included: a cell with another one is text.
_NO_NUMBER = r"[^0-9+\-.eEinftyINFTY \t\v\f\r\n]"
_BEYOND = 2.0**63
PROBED = 100
_NUMERIC = "iuf"  # numpy's letters


class Kind(Enum):
    """What some cells of a column are. ODD: only pandas, seeing the whole column, can tell."""

    EMPTY = "empty"
    WHOLE = "whole"
    REAL = "real"
    TRUTH = "truth"
    ODD = "odd"
    TEXT = "text"


_NUMBERS = {Kind.WHOLE, Kind.REAL, Kind.ODD}


def joined(one: Kind, other: Kind) -> Kind:
    """What a column is that consists of two parts."""
    if one is other or Kind.EMPTY in (one, other):
        return other if one is Kind.EMPTY else one
    if {one, other} <= _NUMBERS:
        return Kind.ODD if Kind.ODD in (one, other) else Kind.REAL
    return Kind.TEXT


class Gathered:
    """A column that is given in parts, as text with null for an empty cell, and becomes what all of it is.

    Numbers are kept as numbers, so that the text of no more than a part is in memory. Where a part shows that those
    before have been mistaken, `again` is set: then all parts must be given once more. `rows` are expected.
    """

    def __init__(self, as_written: bool = False, rows: int = 0) -> None:
        self.as_written = as_written
        self.kind = Kind.TEXT if as_written else Kind.EMPTY
        self.again = False
        self._gaps = 0  # empty cells before anything else
        self._numbers = _Numbers(rows)
        self._parts: list[Any] = []

    def add(self, cells: pa.Array) -> None:
        """The next part, in the first pass."""
        if self.as_written:
            self._parts.append(cells)
        elif self.kind is not Kind.TEXT:
            self._add_as(*parse(cells, real=self.kind is Kind.REAL))
        elif not self.again:
            self._parts.append(without_missing(cells))

    def add_again(self, cells: pa.Array) -> None:
        """The next part, in the second pass."""
        self._parts.append(without_missing(cells) if self.kind is Kind.TEXT else cells)

    def result(self) -> Any:
        """The column as pandas.read_csv would have made it; to be asked for once, since it empties this object."""
        parts, self._parts = self._parts, []
        if self.kind is Kind.ODD:
            numbers = by_pandas(pa.chunked_array(parts, pa.string()))
            return numbers if numbers.dtype.kind in _NUMERIC else text_column([without_missing(part) for part in parts])
        if self.kind is Kind.TEXT:
            return text_column(parts)
        if self.kind is Kind.TRUTH:
            return _truth_column(parts)
        return np.full(self._gaps, np.nan) if self.kind is Kind.EMPTY else self._numbers.result()

    def _add_as(self, kind: Kind, values: Any) -> None:
        before, self.kind = self.kind, joined(self.kind, kind)
        mistaken = self.kind is Kind.TEXT and before is not Kind.EMPTY
        if mistaken or self.kind is Kind.ODD:
            self.again = True
            self._parts.clear()
            self._numbers = _Numbers(0)
        elif self.kind is Kind.EMPTY:
            self._gaps += values
        else:
            if before is Kind.EMPTY and self._gaps:
                self._keep(_gap(self.kind, self._gaps))
            self._keep(_gap(self.kind, values) if kind is Kind.EMPTY else values)

    def _keep(self, values: Any) -> None:
        if self.kind in _NUMBERS:
            self._numbers.add(values)
        else:
            self._parts.append(values)


class _Numbers:
    """Numbers one after the other, int64 as long as all are. Memory not written to costs nothing: some is to spare."""

    def __init__(self, rows: int) -> None:
        self._rows, self._count = rows, 0
        self._values = np.empty(0, dtype=np.int64)

    def add(self, values: NDArray[Any]) -> None:
        begin, self._count = self._count, self._count + len(values)
        if values.dtype != np.int64 and self._values.dtype == np.int64:
            self._values = self._values.astype(np.float64)
        if self._count > len(self._values):
            longer = np.empty(max(self._rows, self._count, 2 * len(self._values)), dtype=self._values.dtype)
            longer[:begin] = self._values[:begin]
            self._values = longer
        self._values[begin : self._count] = values

    def result(self) -> NDArray[Any]:
        self._values.resize(self._count, refcheck=False)
        return self._values


def _gap(kind: Kind, rows: int) -> Any:
    """Empty cells of a column of this kind."""
    if kind is Kind.TEXT:
        return pa.nulls(rows, pa.string())
    return np.full(rows, -1, dtype=np.int8) if kind is Kind.TRUTH else np.full(rows, np.nan)


def convert(cells: pa.Array, as_written: bool = False) -> tuple[Kind, Any]:
    """A column that is given as a whole."""
    column = Gathered(as_written)
    column.add(cells)
    if column.again:
        column.add_again(cells)
    return column.kind, column.result()


def parse(cells: pa.Array, real: bool = False) -> tuple[Kind, Any]:
    """What these cells are, and their values: the number of EMPTY ones, an array of numbers, 1, 0 and -1 for truth
    values and gaps, or text. With `real`, whole numbers are not told from others.
    """
    if cells.null_count == len(cells):
        return Kind.EMPTY, len(cells)
    found = _numbers(cells, real)
    if found is None or found[0] is Kind.ODD:  # Arrow takes "nan" for a number
        cells = without_missing(cells)
        if cells.null_count == len(cells):
            return Kind.EMPTY, len(cells)
        found = _numbers(cells, real) or _truths(cells)
    return found or _numbers_in_disguise(cells, real) or (Kind.TEXT, cells)


def without_missing(cells: pa.Array) -> pa.Array:
    """Null in place of the spellings of a missing value."""
    missing = pc.is_in(cells, value_set=pa.array(MISSING, pa.string()))
    return pc.if_else(missing, pa.scalar(None, pa.string()), cells) if pc.any(missing).as_py() else cells


def text_column(parts: Sequence[pa.Array]) -> Any:
    """A pandas array of text, NaN where null."""
    whole = pa.chunked_array([pc.cast(part, pa.large_string()) for part in parts], pa.large_string())
    return pd.array(whole.combine_chunks(), dtype=pd.StringDtype(na_value=np.nan))


def by_pandas(cells: pa.ChunkedArray) -> Any:
    """The column as pandas.read_csv reads it."""
    sink = io.BytesIO()
    table = pa.table({"cells": pc.fill_null(cells, "")})
    pacsv.write_csv(table, sink, pacsv.WriteOptions(include_header=False, quoting_style="all_valid"))
    sink.seek(0)
    frame = pd.read_csv(
        sink, header=None, na_values=list(MISSING), keep_default_na=False, low_memory=False, skip_blank_lines=False
    )
    return frame[0].array


def _numbers(cells: pa.Array, real: bool) -> tuple[Kind, Any] | None:
    whole = None if real else _cast(cells, pa.int64())
    if whole is not None and not _hexadecimal(cells):
        kind = Kind.REAL if cells.null_count else Kind.WHOLE
        return kind, whole.to_numpy(zero_copy_only=False)
    numbers = _cast(cells, pa.float64())
    if numbers is None:
        return None
    least, most = pc.min_max(numbers).as_py().values()
    # "nan" in other letters, infinity, and integers of more than 64 bits are for pandas to judge
    if np.isnan(pc.sum(numbers).as_py()) or not -_BEYOND < least <= most < _BEYOND:
        return Kind.ODD, None
    integral = not real and pc.all(pc.equal(pc.floor(numbers), numbers)).as_py()
    if integral and pc.any(pc.starts_with(cells, "+")).as_py():
        return _numbers(_without_plus(cells), real)
    return Kind.REAL, numbers.to_numpy(zero_copy_only=False)


def _cast(cells: pa.Array, kind: pa.DataType) -> pa.Array | None:
    # Arrow words an error for every cell that does not fit, so that a few cells are asked before all
    if len(cells) > PROBED and _cast(cells[:PROBED], kind) is None:
        return None
    try:
        return pc.cast(cells, kind)
    except pa.ArrowInvalid:
        return None


def _hexadecimal(cells: pa.Array) -> bool:
    """Whether an x is in a cell: Arrow takes 0x1F for a number."""
    _, offsets, content = cells.buffers()
    if content is None:
        return False
    bounds = np.frombuffer(offsets, dtype=np.int32)
    used = np.frombuffer(content, np.uint8)[bounds[cells.offset] : bounds[cells.offset + len(cells)]]
    return bool(((used | 32) == ord("x")).any())


def _truths(cells: pa.Array) -> tuple[Kind, Any] | None:
    true = pc.is_in(cells, value_set=pa.array(TRUE, pa.string())).to_numpy(zero_copy_only=False)
    false = pc.is_in(cells, value_set=pa.array(FALSE, pa.string())).to_numpy(zero_copy_only=False)
    missing = cells.is_null().to_numpy(zero_copy_only=False)
    if not (true | false | missing).all():
        return None
    return Kind.TRUTH, np.where(missing, np.int8(-1), true.astype(np.int8))


def _numbers_in_disguise(cells: pa.Array, real: bool) -> tuple[Kind, Any] | None:
    """Numbers with white space around them, or what else pandas might take for numbers."""
    distinct = cells.drop_null().unique()
    if pc.any(pc.match_substring_regex(distinct, _NO_NUMBER)).as_py():
        return None
    found = _numbers(_without_plus(pc.ascii_trim_whitespace(cells)), real)
    if found is not None:
        return found
    return (Kind.ODD, None) if by_pandas(pa.chunked_array([distinct])).dtype.kind in _NUMERIC else None


def _without_plus(cells: pa.Array) -> pa.Array:
    """+5 as 5: Arrow knows a plus in front of a real number, and not in front of a whole one."""
    return pc.replace_substring_regex(cells, r"^\+([0-9.])", r"\1")


def _truth_column(parts: Sequence[NDArray[np.int8]]) -> Any:
    codes = np.concatenate(parts)
    if (codes >= 0).all():
        return codes.astype(bool)
    # the objects that pandas makes of truth values with gaps
    return np.array([False, True, np.nan], dtype=object)[codes]
