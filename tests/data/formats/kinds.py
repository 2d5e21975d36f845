"""Every way in which rows are given to the program, and how a test writes them so."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from openpyxl import Workbook

Write = Callable[[pa.Table, Path], Any]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        write: makes one of a table, and gives what is passed to `open_table`.
        expected: the table as it must be read.
        note: part of the sentence that says what was detected, where there is one.
        place: what is said of row 2.
    """

    write: Write
    expected: Callable[[pa.Table], pa.Table]
    note: str = ""
    place: str = "row 2"


def cells(table: pa.Table) -> list[list[str]]:
    """The rows as a CSV file has them."""
    return [["" if cell is None else str(cell) for cell in row.values()] for row in rows(table)]


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """A dict a row; of columns of the same name all are kept, under the name and its place."""
    names = [f"{place}\0{name}" for place, name in enumerate(table.column_names)]
    return table.rename_columns(names).to_pylist()


def as_text(table: pa.Table) -> pa.Table:
    columns = zip(*cells(table), strict=True)
    return pa.table(
        {name: pa.array([c or None for c in column]) for name, column in zip(table.column_names, columns, strict=True)}
    )


def as_it_is(table: pa.Table) -> pa.Table:
    return table


def dates_as_text(table: pa.Table) -> pa.Table:
    """JSON has no dates."""
    for name in ("day", "moment"):
        text = [None if cell is None else str(cell) for cell in table[name].to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(text))
    return table


def csv_text(table: pa.Table, delimiter: str = ",", line_end: str = "\r\n") -> str:
    sink = io.StringIO(newline="")
    # a line break of another kind in a cell is not quoted unless all cells are
    quoting = csv.QUOTE_ALL if line_end == "\r" else csv.QUOTE_MINIMAL
    writer = csv.writer(sink, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerow(table.column_names)
    writer.writerows(cells(table))
    return sink.getvalue()


def as_csv(change: Callable[[bytes], bytes] = bytes, encoding: str = "utf-8", prefix: str = "", **layout: str) -> Write:
    return _to_file(lambda table: change((prefix + csv_text(table, **layout)).encode(encoding)))


def zipped(content: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", content)
        archive.writestr("__MACOSX/._inside.csv", b"noise")
    return sink.getvalue()


def objects(table: pa.Table) -> list[str]:
    """Rows as JSON, written so that a key can occur twice."""
    return [
        "{"
        + ", ".join(f"{json.dumps(name.split(chr(0))[1])}: {json.dumps(v, default=str)}" for name, v in row.items())
        + "}"
        for row in rows(table)
    ]


def workbook(table: pa.Table, path: Path) -> Path:
    book = Workbook()
    book.active.append(table.column_names)
    for row in rows(table):
        book.active.append(list(row.values()))
    book.save(path)
    return path


def to_pandas(table: pa.Table, path: Path) -> pd.DataFrame:
    series = [column.to_pandas(types_mapper=pd.ArrowDtype) for column in table.columns]
    frame = pd.concat(series, axis=1)
    return frame.set_axis(table.column_names, axis=1)


class Handed:
    """What polars, DuckDB and others are to this program: something that hands out Arrow data."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def like_polars(table: pa.Table, path: Path) -> Handed:
    views = [pa.field(f.name, pa.string_view() if pa.types.is_string(f.type) else f.type) for f in table.schema]
    return Handed(table.cast(pa.schema(views)))


def _to_file(content: Callable[[pa.Table], bytes]) -> Write:
    def write(table: pa.Table, path: Path) -> Path:
        path.write_bytes(content(table))
        return path

    return write


def _by(writer: Callable[[pa.Table, Path], object]) -> Write:
    def write(table: pa.Table, path: Path) -> Path:
        writer(table, path)
        return path

    return write


def _stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def _zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


LINE = {"place": "line 5"}  # a cell of the second row holds a line break
KINDS = {
    "comma": Kind(as_csv(), as_text, **LINE),
    "LF": Kind(as_csv(line_end="\n"), as_text, **LINE),
    "CR": Kind(as_csv(line_end="\r"), as_text, **LINE),
    "byte order mark": Kind(as_csv(encoding="utf-8-sig"), as_text, **LINE),
    "semicolon": Kind(as_csv(delimiter=";"), as_text, "separated by semicolons", **LINE),
    "tab": Kind(as_csv(delimiter="\t"), as_text, "separated by tabs", **LINE),
    "pipe": Kind(as_csv(delimiter="|"), as_text, "separated by pipes", **LINE),
    "sep line": Kind(as_csv(delimiter=";", prefix="sep=;\r\n"), as_text, "separated by semicolons", "line 6"),
    "UTF-16": Kind(as_csv(encoding="utf-16"), as_text, "read as UTF-16", **LINE),
    "UTF-16 without a mark": Kind(as_csv(encoding="utf-16-le"), as_text, "read as UTF-16", **LINE),
    "gzip": Kind(as_csv(gzip.compress), as_text, "(gzip)", **LINE),
    "zstd": Kind(as_csv(_zstd), as_text, "(zstd)", **LINE),
    "bzip2": Kind(as_csv(bz2.compress), as_text, "(bzip2)", **LINE),
    "xz": Kind(as_csv(lzma.compress), as_text, "(xz)", **LINE),
    "zip": Kind(as_csv(zipped), as_text, "(zip, 'inside.csv' in it)", **LINE),
    "Parquet": Kind(_by(lambda table, path: pq.write_table(table, path, row_group_size=2)), as_it_is),
    "Parquet in gzip": Kind(
        lambda table, path: _repacked(KINDS["Parquet"].write(table, path), gzip.compress), as_it_is, "(gzip)"
    ),
    "Feather": Kind(_by(lambda table, path: feather.write_feather(table, path, "zstd", chunksize=2)), as_it_is),
    "Arrow stream": Kind(_by(_stream), as_it_is),
    "JSON lines": Kind(_to_file(lambda table: "\n\n".join(objects(table)).encode()), dates_as_text, place="line 5"),
    "JSON list": Kind(_to_file(lambda table: f"[{','.join(objects(table))}]".encode()), dates_as_text),
    "workbook": Kind(workbook, as_it_is, place="row 4"),
    "pandas": Kind(to_pandas, as_it_is),
    "Arrow table": Kind(lambda table, _: table, as_it_is),
    "polars": Kind(like_polars, as_it_is),
}


def _repacked(path: Path, change: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(change(path.read_bytes()))
    return path
