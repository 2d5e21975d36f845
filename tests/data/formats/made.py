"""Bytes of files as tests need them, odd ones among them."""

import io
import zipfile

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from openpyxl import Workbook


def archive(**files: bytes | str) -> bytes:
    """A zip file; __ in a name stands for a dot."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name.replace("__", "."), content)
    return sink.getvalue()


def one_member(name: str) -> bytes:
    """A zip file of one file of this name."""
    return archive(**{name: "task,x\na,1\nb,2\n"})


def stored(content: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        file.writestr("a.csv", content)
    return sink.getvalue()


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


def book(*rows: list[object], sheets: tuple[str, ...] = ("Data",)) -> bytes:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for sheet in sheets:
        page = workbook.create_sheet(sheet)
        for row in rows:
            page.append(row)
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()


def changed(workbook: bytes, member: str, content: str) -> bytes:
    """The workbook with another text in one of its files."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as file:
        files = {each: file.read(each) for each in file.namelist()}
    return archive(**{**files, member: content})


def sheet(*rows: str) -> bytes:
    """A workbook whose cells are written by hand, as no spreadsheet would."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    content = f'<worksheet xmlns="{space}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
    return changed(book(["task", "x"]), "xl/worksheets/sheet1.xml", content)


def parquet(**columns: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def arrow(compression: str = "zstd", **columns: object) -> bytes:
    sink = io.BytesIO()
    feather.write_feather(pa.table(columns), sink, compression)
    return sink.getvalue()
