"""A Parquet file, whose columns say themselves what they are."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mthn_automl.data.cells import text_column
from mthn_automl.data.memory import refuse_too_large
from mthn_automl.data.names import listed
from mthn_automl.data.table_file import TableFile, regrouped
from mthn_automl.errors import DataError

MAGIC = b"PAR1"
# The names under which pandas writes an index that has none: row numbers, as CSV has them in a column without a name.
_INDEX = re.compile(r"__index_level_\d+__")


def is_parquet(path: Path) -> bool:
    """Whether the file begins and ends as Parquet files do, whatever it is called."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return False
            file.seek(-len(MAGIC), 2)
            return file.read() == MAGIC
    except OSError:
        return False


class ParquetFile(TableFile):
    """A Parquet file: numbers, truth values and text as they are, dates and times as ISO text, null as missing.

    Raises:
        DataError: a damaged file; a column name twice. When read: no rows; infinite numbers.
    """

    def __init__(self, path: Path) -> None:
        try:
            with pq.ParquetFile(path) as file:
                self._schema, self._rows = file.schema_arrow, file.metadata.num_rows
        except (OSError, pa.ArrowException) as error:
            raise _damaged(path, error) from error
        twice = [name for name, count in Counter(self._schema.names).items() if count > 1]
        if twice:
            raise DataError(
                f"Every column must have a name of its own, however {path} has {listed(twice)} more than once; "
                "rename or remove the others."
            )
        names = ["" if _INDEX.fullmatch(name) else name for name in self._schema.names]
        fields = [field for field in self._schema if field.name in names and not _readable(field.type)]
        super().__init__(path, names, {field.name: str(field.type) for field in fields})

    def place(self, row: int) -> str:
        return f"row {row}"

    def read(self, text_columns: Collection[str], only: Collection[str] | None = None) -> pd.DataFrame:
        names = self.wanted(only)
        self._refuse_empty()
        refuse_too_large(self.path, self._rows, len(names))
        columns = {}
        for name, column in self._columns(names):
            columns[name] = to_pandas(column, name in text_columns)
        return self.checked(pd.DataFrame(columns, index=pd.RangeIndex(self._rows), copy=False))

    def pieces(
        self, text_columns: Collection[str], numbers: Collection[str], only: Collection[str], rows: int
    ) -> Iterator[pd.DataFrame]:
        names = self.wanted(only)
        self._refuse_empty()
        first = 0
        for batch in regrouped(self._batches(names, rows), rows):
            columns = {name: to_pandas(pa.chunked_array([batch[name]]), name in text_columns) for name in names}
            yield self.checked(pd.DataFrame(columns, index=pd.RangeIndex(len(batch)), copy=False), first)
            first += len(batch)

    def _columns(self, names: Sequence[str]) -> Iterator[tuple[str, pa.ChunkedArray]]:
        """One column after the other, so that no other is in memory twice."""
        try:
            with pq.ParquetFile(self.path) as file:
                for name in names:
                    yield name, file.read(columns=[name]).column(name)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(self.path, error) from error

    def _batches(self, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        try:
            with pq.ParquetFile(self.path) as file:
                yield from file.iter_batches(batch_size=rows, columns=names)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(self.path, error) from error

    def _refuse_empty(self) -> None:
        if self._rows == 0:
            raise DataError(f"A data file must hold at least one row, however {self.path} has none.")


def to_pandas(column: pa.ChunkedArray, as_written: bool) -> Any:
    """Values as pandas has them: int64, uint64, float64 or bool, objects for truth values with gaps, else text.

    `as_written`: integers and decimals become text digit by digit, since they are names.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return to_pandas(pc.cast(column, kind.value_type), as_written)
    exact = pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    if _is_time(kind):
        return text_column([_iso(chunk) for chunk in column.chunks])
    if _is_text(kind) or (as_written and exact):
        return text_column(column.chunks)
    if pa.types.is_boolean(kind):
        return column.to_numpy()  # of objects where there are gaps
    if pa.types.is_integer(kind) and column.null_count == 0:
        return column.to_numpy().astype(np.uint64 if pa.types.is_uint64(kind) else np.int64, copy=False)
    return pc.cast(column, pa.float64(), safe=False).to_numpy()


def _iso(times: pa.Array) -> pa.Array:
    """2020-01-31, 23:59:59.5 or both with a space between, without zeros at the end of a fraction."""
    text = pc.cast(times, pa.string())
    text = pc.replace_substring_regex(text, r"(\.\d*?)0+(Z|[+-]\d+|$)", r"\1\2")
    return pc.replace_substring_regex(text, r"\.(Z|[+-]\d+|$)", r"\1")


def _readable(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _readable(kind.value_type)
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return number or pa.types.is_boolean(kind) or pa.types.is_null(kind) or _is_time(kind) or _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_timestamp(kind))


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"The data must be a readable Parquet file, however {path} is not: {str(error).splitlines()[0].rstrip('.')}."
    )
