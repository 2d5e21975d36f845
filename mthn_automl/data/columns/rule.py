"""The rule by which a column is what it is, whatever format its file has.

Numbers, if every cell that is not missing is a number under one notation; truth values or dates, if every one is; else
text, without blanks around it and in one Unicode form. Zeros in front (`01001`) keep a column text. Columns that have a
type (of Parquet, of DataFrames) keep it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.columns import dates
from mthn_automl.data.columns.dates import Times
from mthn_automl.data.columns.form import Form, Kind, Notation
from mthn_automl.data.columns.missing import is_always, is_among_numbers, is_mark
from mthn_automl.data.columns.nearly import Nearly, likeliest, nearly
from mthn_automl.data.columns.numbers import (
    DOTS,
    composed_notation,
    has_zeros_in_front,
    may_have_dots_between_thousands,
    notations,
    numbers,
    plain_values,
)
from mthn_automl.data.columns.text import Names, tidy

TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")


@dataclass(frozen=True)
class Told:
    """What the user has said of a column; None, or false: nothing.

    Attributes:
        decimal, thousands: marks of numbers.
        numeric: cells that are no numbers count as missing.
        categorical: it is text, whatever its cells are.
    """

    decimal: str | None = None
    thousands: str | None = None
    numeric: bool = False
    categorical: bool = False


@dataclass(frozen=True)
class Cells:
    """A column that has been read. One of `numbers`, `dates` and `text` is there.

    Attributes:
        form: how it is written.
        numbers: (rows,) float64, NaN where missing; truth values are 0 and 1.
        dates: (rows,), NaT where missing.
        text: names, null where missing.
        missing: how many cells each spelling of a missing one has, empty ones apart.
        others: forms that the cells might be in just as well, which give other values.
        nearly: of text that is nearly numbers, or dates, which, and the cells that are none.
    """

    form: Form
    numbers: FloatArray | None = None
    dates: Times | None = None
    text: Names | None = None
    missing: Mapping[str, int] = field(default_factory=dict)
    others: tuple[Form, ...] = ()
    nearly: Nearly | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """(rows,) where a cell is not missing."""
        if self.text is not None:
            return self.text.codes >= 0
        return ~np.isnat(self.dates) if self.dates is not None else ~np.isnan(self.numbers)  # type: ignore[arg-type]

    def keep(self, kept: NDArray[np.bool_]) -> "Cells":
        """Only the rows where `kept` (rows,) is true."""
        return self.take(np.flatnonzero(kept))

    def take(self, places: IntArray) -> "Cells":
        """The rows at these places."""
        return replace(
            self,
            numbers=None if self.numbers is None else self.numbers[places],
            dates=None if self.dates is None else self.dates[places],
            text=None if self.text is None else replace(self.text, codes=self.text.codes[places]),
        )

    @property
    def values(self) -> NDArray[Any]:
        """(rows,) what tells cells from each other: numbers, dates, or codes of names."""
        if self.text is not None:
            return self.text.codes
        return self.dates if self.dates is not None else self.numbers  # type: ignore[return-value]

    def names(self) -> Names:
        """What its cells are called, whatever they are."""
        if self.text is not None:
            return self.text
        known = self.known
        distinct, places = np.unique(self.values[known], return_inverse=True)
        codes = np.full(len(known), -1, dtype=np.int64)
        codes[known] = places
        return Names(codes, ()).renamed([self._called(each) for each in distinct])

    def _called(self, value: Any) -> str:
        if self.form.kind is Kind.TRUTH:
            return str(bool(value))
        return tidy(str(value)) if self.form.kind is Kind.NUMBER else str(value)


def read_cells(column: pa.ChunkedArray, told: Told = Told()) -> Cells:
    """Decide what a column is, and read it."""
    if not is_text(column.type):
        return read_typed(column, told)
    if not told.categorical and told.decimal in (None, "."):
        plain = plain_values(column)
        if plain is not None and not np.isinf(plain).any():
            doubtful = (
                told.decimal is None and told.thousands in (None, ".") and may_have_dots_between_thousands(column)
            )
            if not doubtful or told.thousands is None:
                return Cells(Form(Kind.NUMBER), plain, others=(Form(Kind.NUMBER, DOTS),) if doubtful else ())
    return _read(Names.of(column), told)


def _read(names: Names, told: Told) -> Cells:
    always = is_always(names.array).to_pylist()
    known = names.without(always)
    missing = counted(names, always)
    if told.categorical:
        return Cells(Form(Kind.TEXT), text=known, missing=missing)
    marked = is_among_numbers(known.array).to_pylist()
    rest = known.without(marked)
    forms = _forms(rest, told)
    if forms and (len(rest.names) or not any(marked)):
        return in_form(rest, forms, missing | counted(known, marked))
    marks = is_mark(known.array).to_pylist()
    several = known.without(marks)
    composed = composed_notation(several.array, sure=not told.numeric) if several.names else None
    if composed is not None:
        others = [Form(Kind.TEXT)] if composed.composed == "range" and not told.numeric else []
        return in_form(several, [Form(Kind.NUMBER, composed), *others], missing | counted(known, marks))
    if told.numeric:
        return _forced(rest, told, missing | counted(known, marked))
    return Cells(Form(Kind.TEXT), text=known, missing=missing, nearly=nearly(rest) if rest.names else None)


def _forms(names: Names, told: Told) -> list[Form]:
    """All forms but text that all names have."""
    cells = names.array
    if set(names.names) <= {*TRUE, *FALSE} and names.names:
        return [Form(Kind.TRUTH)]
    if told.numeric or not has_zeros_in_front(cells):
        found = notations(cells, told.decimal, told.thousands)
        if found:
            return [Form(Kind.NUMBER, each) for each in found]
    return [Form(Kind.DATE, date=each) for each in dates.formats(cells)] if names.names else []


def in_form(names: Names, forms: list[Form], missing: Mapping[str, int]) -> Cells:
    """Names that all are in the first of these forms; the others are kept as such. missing: what was left out."""
    form, others, gap = forms[0], tuple(forms[1:]), len(names.names)
    codes = np.where(names.codes < 0, gap, names.codes)
    if form.kind is Kind.DATE:
        found = dates.times(names.array, form.date)
        return Cells(form, dates=np.append(found, np.datetime64("NaT"))[codes], missing=missing, others=others)
    if form.kind is Kind.TRUTH:
        truth = np.array([name in TRUE for name in names.names], dtype=np.float64)
        return Cells(form, np.append(truth, np.nan)[codes], missing=missing)
    values = numbers(form.notation, names.array)
    infinite = np.isinf(values)
    values = np.append(np.where(infinite, np.nan, values), np.nan)[codes]
    return Cells(form, values, missing={**missing, **counted(names, infinite.tolist())}, others=others)


def _forced(names: Names, told: Told, missing: Mapping[str, int]) -> Cells:
    """Numbers under the notation that most cells have; what is none counts as missing."""
    notation, values = likeliest(names, told.decimal, told.thousands)
    wrong = np.isnan(values).tolist()
    rest = names.without(wrong)
    return in_form(rest, [Form(Kind.NUMBER, notation)], {**missing, **counted(names, wrong)})


def counted(names: Names, wanted: list[bool]) -> dict[str, int]:
    """How many cells have each of those names that are wanted."""
    if not any(wanted):
        return {}
    counted = zip(names.names, names.counts.tolist(), wanted, strict=True)
    return {name: count for name, count, each in counted if each and name}


def read_typed(column: pa.ChunkedArray, told: Told) -> Cells:
    """A column keeps the type that it has; infinities are missing."""
    kind = column.type
    if pa.types.is_dictionary(kind) or told.categorical or is_text(kind):
        return _read(Names.of(as_text(column)), Told(categorical=True))
    if pa.types.is_boolean(kind):
        return Cells(Form(Kind.TRUTH), _floats(pc.cast(column, pa.int8())))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return Cells(Form(Kind.DATE), dates=np.concatenate([dates.typed_times(chunk) for chunk in column.chunks]))
    if pa.types.is_duration(kind):
        microseconds = pc.cast(pc.cast(column, pa.duration("us"), safe=False), pa.int64())
        return Cells(Form(Kind.NUMBER, Notation(composed="duration")), _floats(microseconds) / 1e6)
    numbers = _floats(column)
    infinite = int(np.isinf(numbers).sum())
    if infinite:
        numbers = np.where(np.isinf(numbers), np.nan, numbers)
    return Cells(Form(Kind.NUMBER), numbers, missing={"infinity": infinite} if infinite else {})


def _floats(column: pa.ChunkedArray) -> FloatArray:
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells as text: of whole numbers digit by digit, of others as short as they can be written."""
    if pa.types.is_dictionary(column.type):
        return as_text(pc.cast(column, column.type.value_type))
    return column if is_text(column.type) else pc.cast(column, pa.string())


def is_text(kind: pa.DataType) -> bool:
    """Whether cells are text, which the rule is about."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
