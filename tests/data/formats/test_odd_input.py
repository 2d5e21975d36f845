"""Bytes as the world has them: each is read, with what was detected said, or refused in one sentence with its place."""

import gzip
import os
import random
import re
import sqlite3
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.orc as orc
import pytest

from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.formats.table_file import TableFile
from mthn_automl.errors import DataError
from tests.data.formats.kinds import KINDS
from tests.data.formats.made import archive, arrow, book, changed, one_member, parquet, sheet, stored, zstd
from tests.data.formats.test_contract import TABLE

GOOD = "task,x\na,1\nb,2\n"
TWO = {"task": ["a", "b"], "x": ["1", "2"]}
WIDE = 100_000


def opened(folder: Path, content: bytes, name: str = "data.csv") -> TableFile:
    (folder / name).write_bytes(content)
    return open_table(folder / name, "the data")


def database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "data.db") as connection:
        connection.execute("create table rows (x)")
    connection.close()
    return (folder / "data.db").read_bytes()


A1 = '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORDS = "".join(f"w\xf6rd{k},\xe9\n" for k in range(50))

READ: dict[str, tuple[bytes | str, Mapping[str, list[object]], str]] = {
    "no line end at the end": (GOOD.rstrip(), TWO, ""),
    "lines of several kinds": ("task,x\r\na,1\nb,2\r\n", TWO, ""),
    "blank lines everywhere": ("\n\r\ntask,x\n\n\na,1\n \t \nb,2\n\n\n", TWO, ""),
    "one column with blank lines": ("x\n1\n\n  \n2\n", {"x": ["1", "2"]}, ""),
    "one column of a million cells": ("x\n" + "1\n" * 1_000_000, {"x": ["1"] * 1_000_000}, ""),
    "a delimiter at the end of all lines": ("task,x,\na,1,\nb,2,\n", TWO, "1 column without a name ignored"),
    "a line of delimiters": ("task,x\na,1\n,\n", {"task": ["a", None], "x": ["1", None]}, ""),
    "row numbers without a name": (",task,x\n0,a,1\n1,b,2\n", TWO, "1 column without a name ignored"),
    "two marks of byte order": (
        b"\xef\xbb\xbf\xef\xbb\xbftask,x\na,1\nb,2\n",
        TWO,
        "",
    ),
    "sep in capitals": ("SEP=|\ntask|x\na|1\nb|2\n", TWO, "separated by pipes"),
    "sep of a comma": ("sep=,\ntask,x\na,1\nb,2\n", TWO, "separated by commas"),
    "sep in quotes": ('"sep=;"\r\ntask;x\r\na;1\r\nb;2\r\n', TWO, "separated by semicolons"),
    "sep in UTF-16": ("sep=\t\ntask\tx\na\t1\nb\t2\n".encode("utf-16"), TWO, "separated by tabs"),
    "decimal commas between semicolons": (
        "task;x;y\na;1,5;2,5\n",
        {"task": ["a"], "x": ["1,5"], "y": ["2,5"]},
        "semicolons",
    ),
    "commas in quoted cells of tabs": ('a\tb\n"1,2"\t"3,4"\n', {"a": ["1,2"], "b": ["3,4"]}, "tabs"),
    "big end first": (GOOD.encode("utf-16-be"), TWO, "read as UTF-16"),
    "four bytes a letter": (GOOD.encode("utf-32"), TWO, "read as utf-32|read as UTF-32"),
    "UTF-16 in gzip": (gzip.compress(GOOD.encode("utf-16")), TWO, "UTF-16"),
    "Windows-1252": (
        "task,x\nM\xfcller \u20ac,1\n".encode("cp1252"),
        {"task": ["M\xfcller \u20ac"], "x": ["1"]},
        "line 2 is not UTF-8",
    ),
    "Latin-1 with control letters": (b"task,x\n\x81\xfc,1\n", {"task": ["\x81\xfc"], "x": ["1"]}, "read as Latin-1"),
    "letters of all planes": (
        "task,x\n\U0001f600e\u0301\u200f,\u0661\n",
        {"task": ["\U0001f600e\u0301\u200f"], "x": ["\u0661"]},
        "",
    ),
    "line breaks that are none": (
        "task,x\na\u2028b\x85\x0b\x0c,1\n",
        {"task": ["a\u2028b\x85\x0b\x0c"], "x": ["1"]},
        "",
    ),
    "quotes within quotes": ('task,x\n"say ""a""",""""\n', {"task": ['say "a"'], "x": ['"']}, ""),
    "inches": ('task,x\n5",6"\n7",8\n', {"task": ['5"', '7"'], "x": ['6"', "8"]}, ""),
    "an odd inch": ('task,x\n5",6\n7,8\n', {"task": ['5"', "7"], "x": ["6", "8"]}, ""),
    "single quotes": ("task,x\n'a',1\n", {"task": ["'a'"], "x": ["1"]}, ""),
    "names over two lines": ('"ta\nsk",x\na,1\n', {"ta\nsk": ["a"], "x": ["1"]}, ""),
    "a long cell": (f"task,x\na,{'y' * 300_000}\n", {"task": ["a"], "x": ["y" * 300_000]}, ""),
    "a cell of many lines": ('task,x\na,"' + "y\n" * 300_000 + '"\n', {"task": ["a"], "x": ["y\n" * 300_000]}, ""),
    "a long line far down": (GOOD * 20_000 + "z," + "1" * 9_000_000, {}, ""),
    "gigantic numbers": (
        f"task,x\na,1e999999\nb,{'9' * 5_000}\n",
        {"task": ["a", "b"], "x": ["1e999999", "9" * 5_000]},
        "",
    ),
    "formulas": (
        'task,x\n=1+1,@SUM(A1)\n"=HYPERLINK(""http://a"",1)",-2+3+cmd|\' /C calc\'!A0\n',
        {"task": ["=1+1", '=HYPERLINK("http://a",1)'], "x": ["@SUM(A1)", "-2+3+cmd|' /C calc'!A0"]},
        "",
    ),
    "a file twice": (GOOD * 2, {"task": ["a", "b", "task", "a", "b"], "x": ["1", "2", "x", "1", "2"]}, ""),
    "escape sequences": ("task,x\n\x1b[31ma,\x07\n", {"task": ["\x1b[31ma"], "x": ["\x07"]}, ""),
    "units": (
        "task,l,w\n,[mm],(kg)\na,1,2\nb,,NA\n",
        {"task": ["a", "b"], "l": ["1", None], "w": ["2", "NA"]},
        r"\[mm\], \(kg\)",
    ),
    "units of degrees": ("task;t;p\n-;\xb0C;bar\na;1,5;2\n", {"task": ["a"], "t": ["1,5"], "p": ["2"]}, "\xb0C, bar"),
    "no units but text": ("task,l\n[x],[mm]\n[y],[cm]\n", {"task": ["[x]", "[y]"], "l": ["[mm]", "[cm]"]}, ""),
    "names and units alone": ("task,x\n,[mm]\n", {"task": [None], "x": ["[mm]"]}, ""),
    "a header like JSON": ("[a],b\n1,2\n", {"[a]": ["1"], "b": ["2"]}, ""),
    "a header like ORC": ("ORC,b\n1,2\n", {"ORC": ["1"], "b": ["2"]}, ""),
    "packed in two parts": (gzip.compress(b"task,x\na,1\n") + gzip.compress(b"b,2\n"), TWO, "gzip"),
    "zstd in two parts": (zstd(b"task,x\na,1\n") + zstd(b"b,2\n"), TWO, "zstd"),
    "a zip with a path that leads elsewhere": (
        one_member("../../etc/cron__d/x"),
        TWO,
        "zip, '../../etc/cron.d/x' in it",
    ),
    "a zip with an absolute path": (one_member("/etc/passwd"), TWO, "'/etc/passwd' in it"),
    "a zip with a line break in its name": (one_member("a\nb\x1b[2J"), TWO, "'a\ufffdb\ufffd\\[2J' in it"),
    "a workbook in a zip": (archive(a__xlsx=book(["x"], [1])), {"x": [1]}, "'a.xlsx' in it"),
    "JSON of several types": (
        '{"a": 1, "b": true}\n{"a": 2.5, "b": "x", "c": null}\n{"a": NaN}\n',
        {"a": [1.0, 2.5, None], "b": ["True", "x", None], "c": [None] * 3},
        "",
    ),
    "JSON of gigantic numbers": (
        '[{"a": %s, "b": 1e999}, {"a": 1, "b": 2}]' % ("9" * 5_000),
        {"a": ["9" * 5_000, "1"], "b": [float("inf"), 2.0]},
        "",
    ),
    "JSON with a part of a letter": ('{"a": "\\ud800", "\\udfff": 1}\n', {"a": ["?"], "?": [1]}, ""),
    "JSON in UTF-16": ('[{"a": "\xfc"}]'.encode("utf-16"), {"a": ["\xfc"]}, "UTF-16"),
    "JSON with a list": ('{"a": 1, "b": [1, {"c": 2}]}\n', {"a": [1]}, r"'b' \(lists\)"),
    "JSON of other keys each": ('{"a": 1}\n{"b": 2}\n', {"a": [1, None], "b": [None, 2]}, ""),
    "a workbook of two sheets": (
        book(["x"], [1], sheets=("One", "Two")),
        {"x": [1]},
        "sheet 'One' is read, the first of 2",
    ),
    "a workbook with errors": (
        book(["x", "y"], ["#DIV/0!", "=1"], [1, 2]),
        {"x": ["#DIV/0!", "1"], "y": [None, 2]},
        "1 formula saved without values",
    ),
    "a workbook with units": (
        book(["t", "l"], [None, "[mm]"], ["a", 1.5]),
        {"t": ["a"], "l": [1.5]},
        r"units \(\[mm\]\)",
    ),
    "a workbook with gaps": (book([None, "x"], [], [1, 2], [None, 3, 4]), {"x": [2, 3]}, "2 columns without a name"),
    "a workbook with a cell in the last corner": (
        sheet(A1, '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        {"x": [None]},
        "16,383 columns without a name",
    ),
    "Parquet with an index": (pd.DataFrame({"x": [1]}, index=[5]).to_parquet(), {"x": [1]}, "1 column without a name"),
    "Parquet with dots in names": (parquet(**{"a.b": [1], "a": [{"b": 2}]}), {"a.b": [1]}, "'a' .struct"),
    "Feather without packing": (arrow("uncompressed", x=[1]), {"x": [1]}, ""),
}


@pytest.mark.parametrize(("content", "columns", "note"), READ.values(), ids=READ)
def test_what_can_be_read_is_read_as_it_stands(
    tmp_path: Path, content: bytes | str, columns: Mapping[str, list[object]], note: str
) -> None:
    file = opened(tmp_path, content.encode() if isinstance(content, str) else content)
    table = file.read()
    assert not columns or table.to_pydict() == columns
    assert re.search(note, " ".join(file.notes)) if note else not file.notes
    assert file.place(len(table) - 1).startswith(("line ", "row "))


REFUSED: dict[str, tuple[bytes | str, str]] = {
    "nothing": ("", "data.csv is empty"),
    "line ends alone": ("\n\r\n\n", "data.csv is empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "data.csv is empty"),
    "delimiters alone": (",,,\n1,2,3,4\n", "data.csv is empty"),
    "a sep line alone": ("sep=;\n", "data.csv is empty"),
    "names alone": ("task,x\n", "at least one row, however data.csv has none"),
    "a name twice": ("task,x,x\na,1,2\n", "line 1 of data.csv has 'x' more than once"),
    "a name twice below sep": ("sep=;\nx;x\n1;2\n", "line 2 of data.csv has 'x' more than once"),
    "a book as a name twice": (f"{'y' * 300_000},{'y' * 300_000}\n1,2\n", "has 'yyy.* more than once"),
    "a name that moves the cursor twice": ("\x1b[2J,\x1b[2J\n1,2\n", r"has '\ufffd\[2J' more than once"),
    "everything twice": ("x,y,x,y\n1,2,1,2\n", "has 'x', 'y' more than once"),
    "a row too long": ("task,x\na,1\nb,1,2\n", r"as the first \(2\), however line 3 of data.csv has 3"),
    "a row too short": ("task,x\n\na,1\n\n\nb\n", "line 6 of data.csv has 1"),
    "a row too short after line breaks": ('task,x\n"a\nb\nc",1\nb\n', "line 5 of data.csv has 1"),
    "a row too long far down": (GOOD * 200_000 + "1,2,3\n", "line 600,001 of data.csv has 3"),
    "a row too long in CR lines": ("task,x\ra,1\rb,1,2\r", "line 3 of data.csv has 3"),
    "a row too long in semicolons": ("task;x\na;1\nb;1;2\n", "line 3 of data.csv has 3; .* contain semicolons"),
    "a delimiter at the end of rows alone": ("task,x\na,1,\nb,2,\n", "line 2 of data.csv has 3"),
    "a line of blanks and too many delimiters": ("a\tb\n1\t2\n \t\t \n", "line 3 of data.csv has 3"),
    "a quote not closed": ('task,x\na,1\nb,"2\nc,3\n', "ends within the one opened in line 3"),
    "a quote not closed in the names": ('task,"x\na,1\n', "ends within the one opened in line 1"),
    "a quote not closed after inches": ('task,x\n5",1\n6,"2\nc,3\n', "ends within the one opened in line 3"),
    "a quote at the very end": ('task,x\na,1\nb,"', "ends within the one opened in line 3"),
    "a zero byte": (b"task,x\na,1\nb,\x00\n", "line 3 of data.csv has one"),
    "zero bytes at the end": (GOOD.encode() + b"\x00" * 4_000, "line 4 of data.csv has one"),
    "one bad letter in UTF-8": (b"a,b\n" + WORDS.encode() + b"\xff,1\n", "line 52 of data.csv is not UTF-8"),
    "UTF-8 with a mark and a bad letter": (b"\xef\xbb\xbfa,b\n\xff,1\n", "line 2 of data.csv is not UTF-8"),
    "UTF-16 cut within a letter": (GOOD.encode("utf-16")[:-1], "line 4 of data.csv is not UTF-16|line 3"),
    "UTF-16 with half a letter": (
        b"\xff\xfe" + GOOD.encode("utf-16-le") + b"\x00\xdc1\x00",
        "line 4 of data.csv is not UTF-16",
    ),
    "a line without an end": ("task,x\na," + "y" * (65 << 20), "line 2 of data.csv is longer"),
    "columns without end": (",".join(f"c{k}" for k in range(WIDE)) + "\n1,2\n", "line 2 of data.csv has 2"),
    "random bytes": (random.Random(0).randbytes(5_000), "line 1 of data.csv|zero bytes"),
    "gzip cut off": (gzip.compress(GOOD.encode() * 99)[:-9], "data.csv is damaged"),
    "gzip with a wrong sum": (gzip.compress(GOOD.encode())[:-8] + b"12345678", "data.csv is damaged: CRC"),
    "gzip of nothing": (gzip.compress(b""), "data.csv holds none"),
    "gzip in gzip": (gzip.compress(gzip.compress(GOOD.encode())), "is packed twice; unpack it"),
    "zstd cut off": (zstd(os.urandom(9_000))[:-90], "data.csv is damaged: Truncated"),
    "bzip2 that is none": (b"BZh91AY&SYxxxxxxxxx", "data.csv is damaged"),
    "xz that is none": (b"\xfd7zXZ\x00xxxxxxxxxxx", "data.csv is damaged"),
    "a zip of two files": (archive(a__csv=GOOD, b__csv=GOOD), r"holds 2 \('a.csv', 'b.csv'\); unpack it"),
    "a zip of nothing": (archive(), r"holds 0 \(none\)"),
    "a zip cut off": (one_member("a.csv")[:-30], "data.csv is damaged"),
    "a zip with a password": (one_member("a").replace(b"\x00\x00\x08\x00", b"\x01\x00\x08\x00"), "without a password"),
    "a zip with a wrong sum": (stored(GOOD).replace(b"a,1", b"a,7"), "data.csv is damaged: Bad CRC"),
    "Excel 97": (OLE + b"\0" * 600, "is an Excel file of version 97 to 2003.*; save it as .xlsx"),
    "a workbook with a password": (
        OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "workbook with a password",
    ),
    "a binary workbook": (archive(**{"[Content_Types].xml": "", "xl/workbook.bin": ""}), "binary Excel workbook"),
    "OpenDocument": (archive(mimetype="x", content__xml=""), "is an OpenDocument file"),
    "Word": (archive(**{"[Content_Types].xml": "", "word/document.xml": ""}), "is a Word document"),
    "a workbook without sheets": (
        archive(**{"[Content_Types].xml": "", "xl/workbook.xml": "<a/>"}),
        "data.csv is damaged",
    ),
    "a workbook of no XML": (changed(book(["x"], [1]), "xl/worksheets/sheet1.xml", "<oops"), "data.csv is damaged"),
    "a workbook of laughs": (
        changed(
            book(["x"], [1]),
            "xl/worksheets/sheet1.xml",
            '<!DOCTYPE l [<!ENTITY a "ha">'
            + "".join(f'<!ENTITY {b} "{f"&{a};" * 50}">' for a, b in zip("abcdef", "bcdefg", strict=True))
            + "]><l>&g;</l>",
        ),
        "data.csv is damaged|is empty",
    ),
    "a workbook beyond all rows": (
        sheet(A1, '<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>'),
        "at most 1,048,576 rows",
    ),
    "a workbook beyond all columns": (
        sheet(A1, '<row r="2"><c r="ZZZZZZ2"><v>1</v></c></row>'),
        "data.csv is damaged|memory",
    ),
    "an empty workbook": (book(), "data.csv is empty"),
    "a workbook of names": (book(["a", "b"]), "at least one row"),
    "a workbook with a name twice": (book(["a", "a"], [1, 2]), "'a' more than once"),
    "PDF": ("%PDF-1.7\n", "is a PDF document"),
    "HTML": ("\n<!DOCTYPE html><html><body>Not found", "is a page of HTML"),
    "XML": ('<?xml version="1.0"?><a/>', "is a page of HTML or XML"),
    "a pickle": (b"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94.", "is a pickle of Python"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "is an HDF5 file"),
    "Avro": (b"Obj\x01\x04\x14avro.codec", "is an Avro file"),
    "Stata": (b"<stata_dta><header>", "is a Stata file"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE\x02\x00", "is an SPSS file"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "is a picture"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "is a 7z archive"),
    "Feather of version 1": (b"FEA1" + b"\0" * 40, "is a Feather file of version 1"),
    "Feather cut off": (arrow(x=list(range(999)))[:-200], "data.csv is damaged"),
    "Feather without content": (b"ARROW1\0\0", "data.csv is damaged"),
    "a stream cut off": (b"\xff\xff\xff\xff\x10\x00\x00\x00abc", "data.csv is damaged"),
    "Parquet cut off": (parquet(x=[1, 2])[:-100], "data.csv is damaged: it is cut off"),
    "Parquet without a middle": (b"PAR1" + parquet(x=[1, 2])[200:], "data.csv is damaged"),
    "Parquet without columns": (parquet(), "column of numbers or text, however data.csv has none"),
    "Parquet of lists": (parquet(x=[[1]]), "column of numbers or text, however data.csv has none"),
    "encrypted Parquet": (b"PARE" + b"\0" * 40 + b"PARE", "is an encrypted Parquet file"),
    "JSON with a key twice": ('{"a": 1, "b": {"c": 1, "c": 2}}\n', "line 1 of data.csv has the key 'c' more than once"),
    "JSON that is deep": ('{"a": ' + "[" * 200_000, "line 1 of data.csv is nested too deeply"),
    "JSON lists that are deep": ('[{"a": ' + "[" * 200_000, "data.csv is nested too deeply"),
    "JSON cut off": ('{"a": 1}\n{"a": ', "line 2 of data.csv is none .expecting value, at letter 7"),
    "JSON over several lines": ('{\n  "a": 1\n}\n', "line 1 of data.csv is none"),
    "JSON of numbers": ('{"a": 1}\n5\n', "line 2 of data.csv is a number"),
    "a JSON list of lists": ('[{"a": 1}, [2]]', "row 1 of data.csv is a list"),
    "a JSON list of nothing": ("[ ]", "at least one row"),
    "a JSON list with an error": ('[{"a": 1},\n{"a": }]\n\n', "line 2 of data.csv is none"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_in_one_sentence_with_its_place(
    tmp_path: Path, content: bytes | str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as raised:
        opened(tmp_path, content.encode() if isinstance(content, str) else content).read()
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500


def test_a_hundred_thousand_columns_are_read(tmp_path: Path) -> None:
    lines = [",".join(f"c{k}" for k in range(WIDE)), *[",".join("1" * WIDE)] * 3]
    file = opened(tmp_path, "\n".join(lines).encode())
    assert file.read().shape == (3, WIDE)
    assert file.read(["c99999"]).to_pydict() == {"c99999": ["1"] * 3}


def test_files_of_other_programs_are_named_for_what_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.arange(3))
    orc.write_table(pa.table({"x": [1]}), tmp_path / "rows.orc")
    with tarfile.open(tmp_path / "all.tar", "w") as file:
        file.add(tmp_path / "array.npy")
    database(tmp_path)
    for name, message in (
        ("array.npy", "is a NumPy array"),
        ("rows.orc", "is an ORC file"),
        ("all.tar", "is a tar archive"),
        ("data.db", "is an SQLite database"),
    ):
        with pytest.raises(DataError, match=message):
            open_table(tmp_path / name, "the data")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "absent.csv", "does not exist"),
        (tmp_path / "pipe", "is a pipe or device"),
        (Path("/dev/null"), "is a pipe or device"),
        (tmp_path / ("n" * 300), "cannot be opened|does not exist"),
        ("a\0b", "cannot be opened|does not exist"),
    ):
        with pytest.raises(DataError, match=message) as raised:
            open_table(path, "the data")
        assert str(raised.value).isprintable()


def test_a_file_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    for content in (GOOD.encode(), parquet(task=["a", "b"], x=["1", "2"]), arrow(task=["a", "b"], x=["1", "2"])):
        file = opened(tmp_path, content, os.fsdecode(b"data-\xff.csv"))
        assert file.read().to_pydict() == TWO
        assert file.name == "data-\ufffd.csv"


def test_a_name_of_a_file_cannot_move_the_cursor(tmp_path: Path) -> None:
    file = opened(tmp_path, b"task;x\na;1\n", "a\n\x1b[2J.csv")
    assert file.notes == ("a\ufffd\ufffd[2J.csv: cells are separated by semicolons.",)


@pytest.mark.parametrize("kind", [name for name in KINDS if name not in ("pandas", "polars", "Arrow table")])
def test_whatever_happens_to_a_file_it_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    """Bytes changed, cut and doubled at random; no error of a library comes through."""
    content = KINDS[kind].write(pa.concat_tables([TABLE] * 3), tmp_path / "data.csv").read_bytes()
    for seed in range(12):
        chance = random.Random(seed)
        wrong = bytearray(content)
        for _ in range(chance.randint(1, 5)):
            wrong[chance.randrange(len(wrong))] = chance.randrange(256)
        at = chance.randrange(len(wrong))
        wrong = [wrong, wrong[:at], wrong[:at] + wrong[at // 2 :], wrong + wrong][seed % 4]
        assert outcome(tmp_path, bytes(wrong)).isprintable(), seed


def outcome(folder: Path, content: bytes) -> str:
    """The sentence of refusal, or nothing."""
    try:
        file = opened(folder, content)
        assert file.read().nbytes >= sum(len(piece) for piece in file.pieces(4)) / 8
    except DataError as error:
        return str(error)
    return ""


BELOW = "task,x,y\na,1,2\nb,3,4\nb,5,6\n"
TITLES = {
    "one line": ("Yields of 2020\n" + BELOW, "line 2 (task, x, y)"),
    "two lines and a blank one": ("Yields\nof all, sites\n\n" + BELOW, "line 4 (task, x, y)"),
    "filled up with commas": ("Yields of 2020,,\n" + BELOW, "line 2 (task, x, y)"),
    "above semicolons": ("Yields\n" + BELOW.replace(",", ";"), "line 2 (task, x, y)"),
    "below the line that says the delimiter": ("sep=;\nYields\n" + BELOW.replace(",", ";"), "line 3 (task, x, y)"),
}


@pytest.mark.parametrize(("content", "place"), TITLES.values(), ids=TITLES)
def test_a_title_above_the_names_is_told_with_the_line_of_the_names(content: str, place: str, tmp_path: Path) -> None:
    wanted = f"these seem to stand in {place}, below a title; remove the lines above it."
    with pytest.raises(DataError, match=re.escape(wanted)):
        opened(tmp_path, content.encode())


NO_TITLES = {
    "names fewer than cells": "task,x\na,1,2\nb,3,4\n",
    "one column of text": "text\nred\nblue, green\ngrey\n",
    "one column of decimal commas": "x\n1,5\n2,5\n3,5\n",
    "names that are numbers": "Yields\n2020,2021\n1,2\n3,4\n",
}


@pytest.mark.parametrize("content", NO_TITLES.values(), ids=NO_TITLES)
def test_what_may_be_names_is_no_title(content: str, tmp_path: Path) -> None:
    assert opened(tmp_path, content.encode()).names
