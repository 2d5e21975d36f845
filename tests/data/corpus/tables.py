"""Parquet, Feather, JSON, Excel and files of other programs: typed columns, damages, sizes that lie."""

import datetime
import decimal
import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.corpus.case import GOOD, Case, Columns, columns, text
from tests.data.formats.made import archive, arrow, book, parquet, sheet
from tests.data.formats.made import changed as rewritten

UTC = datetime.UTC
START = datetime.datetime(2020, 1, 1, 12)
DAY = datetime.timedelta(days=1)


def typed(**changed: Any) -> bytes:
    return parquet(**columns(**changed))


def lines(rows: Columns) -> str:
    names = list(rows)
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in zip(*rows.values(), strict=True))


def workbook(rows: Columns, **options: Any) -> bytes:
    return book(list(rows), *[list(row) for row in zip(*rows.values(), strict=True)], **options)


def twice(path: Path) -> None:
    """A Parquet file with a column twice, which few programs write."""
    table = pa.table([GOOD["task"], GOOD["x"], GOOD["x"], GOOD["target"]], names=["task", "x", "x", "target"])
    pq.write_table(table, path)


GOOD_PARQUET, GOOD_FEATHER, GOOD_BOOK = parquet(**GOOD), arrow(**GOOD), workbook(GOOD)
JSON = lines(GOOD)
SHEET = "xl/worksheets/sheet1.xml"
A1 = '<row r="1"><c r="A1" t="inlineStr"><is><t>task</t></is></c></row>'

CASES = {
    "Parquet": Case(GOOD_PARQUET),
    "Parquet called .csv.gz": Case(GOOD_PARQUET, name="data.csv.gz"),
    "Parquet cut off": Case(GOOD_PARQUET[:-200]),
    "Parquet without a beginning": Case(GOOD_PARQUET[200:]),
    "Parquet without a middle": Case(GOOD_PARQUET[:100] + GOOD_PARQUET[400:]),
    "Parquet with wrong bytes": Case(GOOD_PARQUET[:150] + Random(4).randbytes(200) + GOOD_PARQUET[350:]),
    "Parquet with a wrong foot": Case(GOOD_PARQUET[:-300] + Random(5).randbytes(200) + GOOD_PARQUET[-100:]),
    "a mark of Parquet alone": Case(b"PAR1"),
    "encrypted Parquet": Case(b"PARE" + bytes(40) + b"PARE"),
    "Parquet without rows": Case(parquet(task=pa.array([], pa.string()), target=pa.array([], pa.float64()))),
    "Parquet without columns": Case(parquet()),
    "Parquet with a column twice": Case(twice),
    "Parquet of lists": Case(typed(z=[[1], [2, 3]])),
    "Parquet of objects": Case(typed(z=[{"a": 1}, {"a": 2}])),
    "Parquet of bytes": Case(typed(z=[b"a", b"\xff"])),
    "Parquet of decimals": Case(typed(z=[decimal.Decimal("1.50"), decimal.Decimal("2.25")])),
    "Parquet of dates": Case(typed(z=lambda k: START.date() + k * DAY)),
    "Parquet of moments": Case(typed(z=lambda k: START + k * DAY)),
    "Parquet of moments with a zone": Case(typed(z=lambda k: (START + k * DAY).replace(tzinfo=UTC))),
    "Parquet of times": Case(typed(z=lambda k: datetime.time(k % 24, k))),
    "Parquet of durations": Case(typed(z=lambda k: k * DAY)),
    "Parquet of truth values": Case(typed(z=[True, False, None])),
    "Parquet of nothing": Case(typed(z=[None])),
    "Parquet of infinities": Case(typed(x={3: float("inf"), 4: float("nan")})),
    "Parquet of gigantic numbers": Case(typed(x={3: 1e300})),
    "Parquet of whole numbers beyond floats": Case(typed(z=lambda k: 2**62 + k)),
    "Parquet of text that is numbers": Case(typed(z=lambda k: f"{k},5")),
    "Parquet of moments as tasks": Case(typed(task=lambda k: START + k % 6 * DAY)),
    "Parquet of numbers as tasks": Case(typed(task=lambda k: k % 6 + 0.5)),
    "Parquet of a gap as a task": Case(typed(task={3: None})),
    "Feather": Case(GOOD_FEATHER),
    "Feather cut off": Case(GOOD_FEATHER[:-300]),
    "Feather with wrong bytes": Case(GOOD_FEATHER[:200] + Random(6).randbytes(200) + GOOD_FEATHER[400:]),
    "Feather of version 1": Case(b"FEA1" + bytes(60) + b"FEA1"),
    "a mark of Feather alone": Case(b"ARROW1\0\0"),
    "Feather of categories": Case(arrow(**columns(), z=pa.array(["a", "b", None] * 16).dictionary_encode())),
    "a stream cut off": Case(b"\xff\xff\xff\xff\x10\0\0\0abc"),
    "JSON lines": Case(JSON),
    "a JSON list": Case(f"[{','.join(JSON.splitlines())}]"),
    "JSON in UTF-16": Case(JSON.encode("utf-16")),
    "JSON of one object": Case(json.dumps(GOOD)),
    "JSON over several lines": Case(json.dumps([{"task": "a", "target": 1}, {"task": "b", "target": 2}], indent=1)),
    "JSON cut off": Case(JSON[:-20]),
    "JSON with a line that is none": Case(JSON + "oops\n"),
    "JSON with a comma at the end": Case(JSON.replace("}", ",}")),
    "JSON with NaN": Case(lines(columns(x={3: float("nan"), 4: float("inf")}))),
    "JSON with gaps and other keys": Case(JSON + '{"task": "site a", "w": 1, "target": 2}\n'),
    "JSON with a key twice": Case(JSON + '{"task": "a", "task": "b"}\n'),
    "JSON with an empty key": Case(lines({**GOOD, "": GOOD["x"]})),
    "JSON of mixed types": Case(lines(columns(z=[1, "a", True, None, 1.5]))),
    "JSON of numbers in text": Case(lines(columns(z=["1", "2.5", "3"]))),
    "JSON of nested values": Case(lines(columns(z=[[1, 2], {"a": 1}]))),
    "JSON that is deep": Case('{"a": ' + "[" * 100_000),
    "JSON that is deep and closed": Case('{"a": ' * 50_000 + "1" + "}" * 50_000),
    "JSON of numbers of 5,000 digits": Case(JSON + f'{{"task": "site a", "x": {"9" * 5_000}, "target": 1}}\n'),
    "JSON of numbers beyond floats": Case(JSON + '{"task": "site a", "x": 1e999, "target": 1}\n'),
    "JSON of half a letter": Case(lines(columns(z=["\ud800", "b"]))),
    "a JSON list of nothing": Case("[]"),
    "a JSON list of lists": Case("[[1, 2], [3, 4]]"),
    "a JSON list of numbers": Case("[1, 2]"),
    "a JSON number": Case("5"),
    "a workbook": Case(GOOD_BOOK),
    "a workbook of two sheets": Case(workbook(GOOD, sheets=("One", "Two"))),
    "a sheet that there is not": Case(workbook(GOOD, sheets=("One", "Two")), ("--sheet", "Tow")),
    "a sheet of a text": Case(text(GOOD), ("--sheet", "One")),
    "an encoding of a workbook": Case(GOOD_BOOK, ("--encoding", "latin-1")),
    "a workbook cut off": Case(GOOD_BOOK[: len(GOOD_BOOK) // 2]),
    "a workbook with wrong bytes": Case(GOOD_BOOK[:300] + Random(7).randbytes(900) + GOOD_BOOK[1200:]),
    "a workbook without a sheet": Case(archive(**{"[Content_Types].xml": "", "xl/workbook.xml": "<a/>"})),
    "a workbook of no XML": Case(rewritten(GOOD_BOOK, SHEET, "<oops")),
    "a workbook without rows": Case(book(["task", "target"])),
    "an empty workbook": Case(book()),
    "a workbook with an empty row and column": Case(
        book(
            [],
            [None, "task", None, "target"],
            *[[None, t, None, y] for t, y in zip(GOOD["task"], GOOD["target"], strict=True)],
        )
    ),
    "a workbook of formulas without values": Case(workbook(columns(z=["=1+1"]))),
    "a workbook of dates": Case(workbook(columns(z=lambda k: START + k * DAY))),
    "a workbook of mixed cells": Case(workbook(columns(z=[1, "a", START, True, None]))),
    "a workbook of errors": Case(workbook(columns(x={3: "#DIV/0!", 4: "#N/A"}))),
    "a workbook beyond all rows": Case(sheet(A1, '<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>')),
    "a workbook beyond all columns": Case(sheet(A1, '<row r="2"><c r="ZZZZZZ2"><v>1</v></c></row>')),
    "a workbook with an entity": Case(
        rewritten(GOOD_BOOK, SHEET, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
    ),
    "Excel 97": Case(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    "OpenDocument": Case(archive(mimetype="x", content__xml="")),
    "a Word document": Case(archive(**{"[Content_Types].xml": "", "word/document.xml": ""})),
    "PDF": Case("%PDF-1.7\n"),
    "HTML": Case("<!DOCTYPE html><html><body>Not found"),
    "XML": Case('<?xml version="1.0"?><rows/>'),
    "a pickle": Case(b"\x80\x05\x95\x10\0\0\0\0\0\0\0}\x94."),
    "a program": Case(b"\x7fELF\x02\x01\x01" + bytes(99)),
    "a tar archive": Case(b"data.csv" + bytes(249) + b"ustar\0" + bytes(250)),
    "a 7z archive": Case(b"7z\xbc\xaf\x27\x1c\0\x04"),
    "a folder": Case(Path.mkdir, name="folder"),
    "a pipe": Case(os.mkfifo),
    "a link to nothing": Case(lambda path: path.symlink_to("absent")),
    "a link to itself": Case(lambda path: path.symlink_to(path.name)),
}
