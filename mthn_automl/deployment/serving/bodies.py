"""The bytes of a request as tables that a model can read; nothing in them is a path, or can run code."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from mthn_automl.data.formats.arrow_types import is_text
from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.readers.arrow import STREAM, ArrowFile
from mthn_automl.data.formats.table_file import NoRowsError, column_name
from mthn_automl.data.names import counted
from mthn_automl.data.new_rows import forms_of, forms_of_rows
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.serving.forms import ARROW
from mthn_automl.deployment.serving.limits import Limits
from mthn_automl.errors import RequestError
from mthn_automl.machine import in_words

ROWS, METADATA, INTERVAL = "rows", "metadata", "interval"
"""Keys of a JSON object that holds more than rows."""

MOST_OTHERS: Final = 100
"""Columns that the model has no use for, of which one may be a wrong name that a sentence can set right."""

LARGEST: Final = 1e9
"""Of a level: a whole number in JSON may have any number of digits."""

UNPACKED: Final = 4
"""Times the bytes allowed that a body may have once it is unpacked."""


class Layout(StrEnum):
    """How rows are laid out."""

    RECORDS = "records"
    COLUMNS = "columns"


@dataclass(frozen=True)
class Body:
    """What a request holds.

    Attributes:
        rows: to predict, a DataFrame or Arrow table.
        metadata: of new tasks; None: none are given.
        layout: of the rows.
        interval: the level of intervals that are asked for; None: none are.
    """

    rows: Any
    metadata: pd.DataFrame | None = None
    layout: Layout = Layout.RECORDS
    interval: float | None = None


def read_body(content: bytes, form: str, schema: Schema, limits: Limits) -> Body:
    """The rows in a body, of the columns that a model needs.

    Raises:
        RequestError: what is not of its form, or not laid out as rows; too many rows; what unpacks to too much.
        DataError: as readers of the form say.
    """
    wanted = {*schema.task, *forms_of_rows(schema), *([] if schema.id is None else [schema.id])}
    if form == ARROW:
        return Body(_of_arrow(content, wanted, limits))
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise _wrong(f"is no JSON ({error})") from None
    metadata = interval = None
    if _holds_more(found):
        interval = _level(found.get(INTERVAL))
        if schema.metadata and found.get(METADATA) is not None:
            of_metadata = {*schema.described, *forms_of(schema.metadata)}
            metadata, _ = _of_json(found[METADATA], of_metadata, limits)
        found = found[ROWS]
    rows, layout = _of_json(found, wanted, limits)
    return Body(rows, metadata, layout, interval)


def _level(found: Any) -> float | None:
    """Whether it is one is told by the model, as of those in an address.

    Raises:
        RequestError: no number, or a whole one of more digits than any level has.
    """
    if found is None:
        return None
    shown = _named(found)
    if isinstance(found, int | float) and not isinstance(found, bool):
        if abs(found) < LARGEST:
            return float(found)
        shown = f"{LARGEST:g} or more away from 0"
    raise RequestError(422, f"'{INTERVAL}' must be a number between 0 and 1, such as 0.9, however it is {shown}.")


def _holds_more(found: Any) -> bool:
    """Whether these are rows with metadata or a level, and not one row, or columns, of such names."""
    if not isinstance(found, dict) or not {ROWS} <= set(found) <= {ROWS, METADATA, INTERVAL}:
        return False
    rows = found[ROWS]
    return isinstance(rows, dict) or (isinstance(rows, list) and all(isinstance(each, dict) for each in rows))


def _of_json(found: Any, wanted: Collection[str], limits: Limits) -> tuple[pd.DataFrame, Layout]:
    if isinstance(found, list):
        return _of_records(found, wanted, limits), Layout.RECORDS
    if isinstance(found, dict) and found and all(isinstance(each, list) for each in found.values()):
        return _of_columns(found, wanted, limits), Layout.COLUMNS
    raise _wrong(f"is {_named(found)}")


def _of_records(found: list[Any], wanted: Collection[str], limits: Limits) -> pd.DataFrame:
    _refuse_many(len(found), limits)
    for number, record in enumerate(found):
        if not isinstance(record, dict):
            raise _wrong(f"has {_named(record)} in place of record {number:,}")
    names = dict.fromkeys(name for record in found for name in record)
    return _frame({name: [record.get(name) for record in found] for name in _kept(names, wanted)}, len(found))


def _of_columns(found: dict[str, list[Any]], wanted: Collection[str], limits: Limits) -> pd.DataFrame:
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        fewest, most = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        raise _wrong(
            f"has {counted(lengths[fewest], 'value')} in the column {_shown(fewest)} and "
            f"{lengths[most]:,} in {_shown(most)}"
        )
    rows = next(iter(lengths.values()))
    _refuse_many(rows, limits)
    return _frame({name: found[name] for name in _kept(found, wanted)}, rows)


def _kept(names: Mapping[str, Any], wanted: Collection[str]) -> list[str]:
    """Those of use, and a few others: a body of a few bytes a name would otherwise become a table of all of them."""
    use = [name for name in names if column_name(name) in wanted]
    others = [name for name in names if column_name(name) not in wanted]
    return [*use, *others[:MOST_OTHERS]]


def _frame(columns: dict[str, list[Any]], rows: int) -> pd.DataFrame:
    """Of Python's values, whose types are found as those of a JSON file are."""
    return pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()}, index=pd.RangeIndex(rows)
    )


def _of_arrow(content: bytes, wanted: Collection[str], limits: Limits) -> pa.Table:
    if not content.startswith(STREAM):
        raise RequestError(422, "A body must be a stream of Arrow IPC, however it does not begin as one; send one.")
    file = ArrowFile(Content("the request", content))
    unpacked = sum(file.sizes())
    if unpacked > UNPACKED * limits.bytes:
        raise RequestError(
            413,
            f"A body must unpack to at most {in_words(UNPACKED * limits.bytes)}, however this one unpacks to "
            f"{in_words(unpacked)}; send fewer rows at once.",
        )
    _refuse_swelling_types(content, file.wanted(wanted))
    try:
        found = next(file.pieces(limits.rows + 1, wanted))
    except NoRowsError:
        return file.empty(wanted)
    _refuse_many(len(found), limits)
    for name, column in zip(found.column_names, found.columns, strict=True):
        if pa.types.is_dictionary(column.type) and len(column) * _longest(column) > UNPACKED * limits.bytes:
            raise RequestError(
                413,
                f"Texts of a column must be short where many rows share them, however {_shown(name)} has long ones.",
            )
    return found


def _refuse_swelling_types(content: bytes, names: Collection[str]) -> None:
    """Of which a few bytes may be the values of any number of rows; those of categories are counted once read."""
    with ipc.open_stream(content) as reader:
        swelling = [
            field.name
            for field in reader.schema
            if column_name(field.name) in names
            and (pa.types.is_run_end_encoded(field.type) or pa.types.is_string_view(field.type))
        ]
    if swelling:
        raise RequestError(
            422,
            "Columns must be plain numbers, texts, dates, truth values or categories, however "
            f"{_shown(swelling[0])} holds views or runs; cast it.",
        )


def _longest(column: pa.ChunkedArray) -> int:
    """Bytes of a category."""
    kind = column.type.value_type
    if not is_text(kind):
        return 32
    lengths = [pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in column.chunks]
    return max(lengths, default=0)


def _refuse_many(rows: int, limits: Limits) -> None:
    if rows > limits.rows:
        raise RequestError(
            422, f"A request must hold at most {counted(limits.rows, 'row')}, however it holds more; send several."
        )


def _wrong(found: str) -> RequestError:
    return RequestError(
        422,
        "A body must be a list of records, or an object of columns of one length, or hold either of these under "
        f"'{ROWS}', however it {found}; send one of these.",
    )


def _named(value: Any) -> str:
    words = {list: "a list", dict: "an object", str: "a text", bool: "a truth value", type(None): "null"}
    return words.get(type(value), "a number")


def _shown(name: str) -> str:
    return repr(name[:60])
