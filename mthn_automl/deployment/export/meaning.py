"""What the inputs of an exported model stand for: what is made of cells, in which unit, and what counts as missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.form import COMPOSED, Form, Kind, Part
from mthn_automl.data.columns.marks import as_date, as_number, as_truth
from mthn_automl.data.names import listed
from mthn_automl.data.schema import Column, Schema
from mthn_automl.deployment.export.dates import MISSING
from mthn_automl.deployment.export.names import Wanted

EPOCH, DAY_OF_CLOCKS = "1970-01-01", "1900-01-01"
"""From which microseconds count; and of which day a time is that is written alone."""

CLOCKS = ("%H:%M", "%H:%M:%S")
PLAIN, TEXT = COMPOSED[""], "the text as it is spelt in training, without blanks around it"
USUALLY_MISSING = {"NaN", "Infinity", "-Infinity", "", str(MISSING)}
PARTS = {
    "year": "the year of the date",
    "month": "the month of the date, from 1 to 12",
    "weekday": "the day of the week, from 1 for Monday to 7",
    "hour": "hours since midnight, with a fraction",
    "days": "days since the origin, with a fraction",
}


@dataclass(frozen=True)
class Meaning:
    """Of an input.

    Attributes:
        written: what its numbers or texts are.
        unit: in which numbers are; None: there is none, or it is not known.
        origin: the date that is 0; None: it is no count from a date.
        missing: what counts as missing, as text.
    """

    written: str
    unit: str | None
    origin: str | None
    missing: tuple[str, ...]


def meaning_of_input(schema: Schema, wanted: Wanted) -> Meaning:
    """Of an input of an ONNX file."""
    match wanted.role:
        case "task":
            return Meaning(f"{TEXT}: the task, or its part of the name", None, None, ())
        case "exposure":
            found = meaning_of_cells(schema.number_form(wanted.column), ())
            return replace(found, written=f"{found.written} above 0, else there is no prediction", missing=())
    columns = schema.metadata if wanted.role == "metadata" else schema.features
    return meaning_of_cells(next(each for each in columns if each.read_from == wanted.column).written, schema.missing)


def special(meanings: Mapping[str, Meaning]) -> str:
    """A sentence on inputs whose numbers are not those that stand in the cells; empty where there are none.

    meanings: by the name of the input.
    """
    by_what: dict[str, list[str]] = {}
    for name, each in meanings.items():
        if not each.written.startswith((PLAIN, TEXT)):
            by_what.setdefault(each.written, []).append(name)
    said = [f"{listed(names)}: {written}" for written, names in by_what.items()]
    marked = [name for name, each in meanings.items() if set(each.missing) - USUALLY_MISSING]
    if marked:
        said.append(f"what --missing named is missing in {listed(marked)}, too")
    return f"What to give: {'; '.join(said)}. In the file `inputs` says it of each." if said else ""


def meaning_of_cells(form: Form, missing: Sequence[str]) -> Meaning:
    """Of an input that takes a column as it is, a date in microseconds. missing: marks of the schema."""
    if form.kind is Kind.DATE:
        dates = {int(each.astype(np.int64)) for each in marked_dates(form, missing)}
        clock = f", a time alone being one of {DAY_OF_CLOCKS}" if form.date in CLOCKS else ""
        written = f"microseconds since {EPOCH} (by the clock of its own zone where a date has one){clock}"
        return Meaning(written, "microseconds", EPOCH, tuple(map(str, [MISSING, *sorted(dates)])))
    if form.kind is Kind.TEXT:
        return Meaning(TEXT, None, None, ("", *missing))
    numbers = ("NaN", "Infinity", "-Infinity", *(f"{each:.15g}" for each in marked_numbers(form, missing)))
    if form.kind is Kind.TRUTH:
        return Meaning("1 for true, 0 for false", None, None, numbers)
    notation = form.notation
    unit = notation.affix or ("seconds" if notation.composed == "duration" else None)
    return Meaning(COMPOSED[notation.composed], unit, None, numbers)


def meaning_of_column(column: Column, missing: Sequence[str]) -> Meaning:
    """Of a column of the schema: a number made of a date, or the place of a category, stands by itself."""
    if column.categories is not None:
        return Meaning("the place of the category in its list, from 0", None, None, ("-1",))
    if column.part is None:
        return meaning_of_cells(column.written, missing)
    unit = {"days": "days", "hour": "hours"}.get(column.part.name)
    return Meaning(PARTS[column.part.name], unit, _origin(column.part), ("NaN", "Infinity", "-Infinity"))


def _origin(part: Part) -> str | None:
    return str(np.datetime64(int(part.origin), "D")) if part.name == "days" else None


def marked_numbers(form: Form, missing: Sequence[str]) -> tuple[float, ...]:
    """Numbers that the user says are missing, in a column of numbers or truth values; of others none."""
    if form.kind not in (Kind.NUMBER, Kind.TRUTH):
        return ()
    found = {as_truth(mark) if form.kind is Kind.TRUTH else as_number(mark) for mark in missing}
    return tuple(sorted(each for each in found if not np.isnan(each)))


def marked_dates(form: Form, missing: Sequence[str]) -> tuple[np.datetime64, ...]:
    """The same of a column of dates."""
    if form.kind is not Kind.DATE:
        return ()
    found = {as_date(mark, form.date).astype("datetime64[us]") for mark in missing}
    return tuple(sorted(each for each in found if not np.isnat(each)))


def marks_of(columns: Sequence[Column], missing: Sequence[str]) -> FloatArray:
    """(marks, numeric columns) what counts as missing in each beside NaN and infinities; NaN where that is less."""
    forms = [each.written for each in columns if each.numeric]
    found = [marked_numbers(form, missing) for form in forms]
    table = np.full((max(map(len, found), default=0), len(forms)), np.nan)
    for place, marks in enumerate(found):
        table[: len(marks), place] = marks
    return table
