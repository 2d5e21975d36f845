"""Types of Arrow columns: which of them are numbers, text, dates or truth values, and one form for each."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text as it stands."""
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def is_readable(kind: pa.DataType) -> bool:
    """Whether a column of this type is one of numbers, text, dates, times, truth values or categories of these."""
    kind = plain(kind)
    if kinds.is_dictionary(kind):
        return is_readable(kind.value_type)
    number = kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind) or kinds.is_boolean(kind)
    time = kinds.is_date(kind) or kinds.is_time(kind) or kinds.is_timestamp(kind) or kinds.is_duration(kind)
    return bool(number or time or is_text(kind) or kinds.is_null(kind))


def plain(kind: pa.DataType) -> pa.DataType:
    """The type that a column of this one is given in: forms that few functions of Arrow know are changed."""
    if isinstance(kind, pa.BaseExtensionType):
        return plain(kind.storage_type)
    if kinds.is_run_end_encoded(kind):
        return plain(kind.value_type)
    if kinds.is_string_view(kind):
        return pa.large_string()
    if kinds.is_float16(kind):
        return pa.float32()
    if kinds.is_dictionary(kind):
        return pa.dictionary(pa.int32(), plain(kind.value_type), kind.ordered)
    return kind


def plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column in its `plain` type."""
    kind = plain(column.type)
    if column.type == kind:
        return column
    return pa.chunked_array([_plain_chunk(chunk, kind) for chunk in column.chunks], kind)


def plain_table(table: pa.Table) -> pa.Table:
    """The same rows, every column in its `plain` type and every chunk with the categories of the others."""
    columns = [plain_column(column) for column in table.columns]
    return pa.table(columns, names=table.column_names).unify_dictionaries()


def _plain_chunk(chunk: Any, kind: pa.DataType) -> Any:
    if isinstance(chunk, pa.ExtensionArray):
        return _plain_chunk(chunk.storage, kind)
    if kinds.is_run_end_encoded(chunk.type):
        return _plain_chunk(pc.run_end_decode(chunk), kind)
    if kinds.is_dictionary(chunk.type):
        values = _plain_chunk(chunk.dictionary, kind.value_type)
        return pa.DictionaryArray.from_arrays(pc.cast(chunk.indices, pa.int32()), values, ordered=chunk.type.ordered)
    return chunk if chunk.type == kind else pc.cast(chunk, kind)
