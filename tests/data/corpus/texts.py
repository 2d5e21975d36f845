"""Text: encodings, line ends, delimiters, quotes, ragged and odd lines."""

import csv
from random import Random

from tests.data.corpus.case import GOOD, Case, changed, columns, text

PLAIN = text(GOOD)
LINES = PLAIN.splitlines()
BODY = "\n".join(LINES[1:]) + "\n"


def line(number: int, content: str) -> str:
    """The good rows with another line, counted from 1."""
    return "\n".join([*LINES[: number - 1], content, *LINES[number:]]) + "\n"


UMLAUTS = changed(word=["Köln", "Zürich", "Łódź"])
LATIN = changed(word=["Köln", "Zürich", "Århus"])

CASES = {
    "the good rows": Case(PLAIN),
    "an empty file": Case(""),
    "a line end alone": Case("\n"),
    "blanks alone": Case("   \n \t \n"),
    "names alone": Case(LINES[0] + "\n"),
    "names without a line end": Case(LINES[0]),
    "one row": Case("\n".join(LINES[:2]) + "\n"),
    "two rows": Case("\n".join(LINES[:3]) + "\n"),
    "one column": Case("target\n" + "".join(f"{k}\n" for k in range(20))),
    "tasks alone": Case("task\na\nb\n"),
    "no names": Case(BODY),
    "names in the last line": Case(BODY + LINES[0] + "\n"),
    "names twice": Case(LINES[0] + "\n" + PLAIN),
    "everything twice": Case(PLAIN * 2),
    "every row twice": Case(PLAIN + BODY),
    "every column twice": Case("\n".join(f"{each},{each}" for each in LINES)),
    "CR lines": Case(text(GOOD, end="\r")),
    "CR LF lines": Case(text(GOOD, end="\r\n")),
    "lines of three kinds": Case("\r\n".join(LINES[:9]) + "\n" + "\n".join(LINES[9:]) + "\n"),
    "no line end at the end": Case(PLAIN.rstrip()),
    "blank lines in between": Case("\n\n" + "\n \n".join(LINES) + "\n\n\n"),
    "a comment in front": Case("# exported on Monday\n" + PLAIN),
    "a title in front": Case("Yields of all sites,,,\n" + PLAIN),
    "a total at the end": Case(PLAIN + "Total,,,12.5\n"),
    "a line of delimiters at the end": Case(PLAIN + ",,,\n"),
    "a delimiter at every end": Case("".join(f"{each},\n" for each in LINES)),
    "a delimiter at the end of rows alone": Case(LINES[0] + "\n" + "".join(f"{each},\n" for each in LINES[1:])),
    "row numbers in front": Case("".join(f"{k or ''},{each}\n" for k, each in enumerate(LINES))),
    "a row too long": Case(line(7, "site a,1,2,3,4")),
    "a row too short": Case(line(7, "site a,1")),
    "rows of every length": Case(LINES[0] + "\n" + "".join(",".join("1" * (k % 7 + 1)) + "\n" for k in range(30))),
    "semicolons": Case(text(GOOD, ";")),
    "tabs": Case(text(GOOD, "\t")),
    "pipes": Case(text(GOOD, "|")),
    "colons, as said": Case(text(GOOD, ":"), ("--delimiter", ":")),
    "colons, not said": Case(text(GOOD, ":")),
    "blanks between cells": Case(text(columns(task=["a", "b", "c"]), " "), ("--delimiter", "space")),
    "commas and blanks": Case(PLAIN.replace(",", ", ")),
    "the wrong delimiter": Case(PLAIN, ("--delimiter", "tab")),
    "a delimiter of two letters": Case(PLAIN, ("--delimiter", "||")),
    "a quote as delimiter": Case(PLAIN, ("--delimiter", '"')),
    "sep=;": Case("sep=;\r\n" + text(GOOD, ";", "\r\n")),
    "sep=, in quotes": Case('"sep=,"\n' + PLAIN),
    "sep= of another letter": Case("sep=;\n" + PLAIN),
    "sep= alone": Case("sep=;\n"),
    "a line of units": Case(LINES[0] + "\n,[mm],(kg),°C\n" + BODY),
    "units without marks": Case(LINES[0] + "\n,mm,kg,t\n" + BODY),
    "all cells in quotes": Case(text(GOOD, quoting=csv.QUOTE_ALL)),
    "single quotes": Case(changed(word=["'a'", "'b'"])),
    "quotes in quotes": Case(changed(word=['say "a"', '"', '""'])),
    "inches": Case(PLAIN.replace("site a", '5"')),
    "a quote not closed": Case(line(9, 'site b,"1,2,3')),
    "a quote not closed in the names": Case('"' + PLAIN),
    "line breaks in cells": Case(changed(word=["a\nb", "c\r\nd"])),
    "a row over three lines that is too short": Case(line(9, '"site\n\na",1,2')),
    "a zero byte": Case(line(5, "site a,1\0,2,3")),
    "a zero byte in the names": Case(PLAIN.replace("task", "ta\0sk")),
    "zero bytes at the end": Case(PLAIN.encode() + bytes(5_000)),
    "control letters": Case(changed(word=["\x07", "\x1b[31mred", "\x08", "ok"])),
    "UTF-8 with a mark": Case(PLAIN.encode("utf-8-sig")),
    "two marks": Case(b"\xef\xbb\xbf" + PLAIN.encode("utf-8-sig")),
    "a mark in front of sep=": Case(b"\xef\xbb\xbfsep=;\n" + text(GOOD, ";").encode()),
    "a mark of UTF-8 before Latin-1": Case(b"\xef\xbb\xbf" + LATIN.encode("latin-1")),
    "UTF-16": Case(UMLAUTS.encode("utf-16")),
    "UTF-16, big end first, without a mark": Case(UMLAUTS.encode("utf-16-be")),
    "UTF-16 cut within a letter": Case(UMLAUTS.encode("utf-16")[:-1]),
    "UTF-32": Case(UMLAUTS.encode("utf-32")),
    "UTF-7, as said": Case(LATIN.encode("utf-7"), ("--encoding", "utf-7")),
    "Windows-1252": Case(LATIN.encode("cp1252")),
    "Windows-1250, as said": Case(UMLAUTS.encode("cp1250"), ("--encoding", "cp1250")),
    "Windows-1250, not said": Case(UMLAUTS.encode("cp1250")),
    "Shift-JIS, as said": Case(changed(word=["東京", "京都"]).encode("shift-jis"), ("--encoding", "shift-jis")),
    "UTF-8, said to be ASCII": Case(UMLAUTS, ("--encoding", "ascii")),
    "UTF-8, said to be UTF-16": Case(UMLAUTS, ("--encoding", "utf-16")),
    "an encoding that there is not": Case(PLAIN, ("--encoding", "utf-9")),
    "an encoding that is none": Case(PLAIN, ("--encoding", "hex")),
    "EBCDIC": Case(PLAIN.encode("cp037")),
    "UTF-8 with one bad byte": Case(UMLAUTS.encode() + b"site a,1,2,3,\xff\n"),
    "half a letter in UTF-8": Case(UMLAUTS.encode() + b"site a,1,2,3,\xed\xa0\x80\n"),
    "random bytes": Case(Random(1).randbytes(4_000)),
    "random letters": Case(bytes(Random(2).choices(range(32, 127), k=4_000))),
    "commas alone": Case(",,,\n" * 9),
    "quotes alone": Case('"' * 9_999),
    "a cell of 200,000 letters": Case(changed(word={3: "w" * 200_000})),
    "a cell of 200,000 letters among numbers": Case(changed(x={3: "9" * 200_000})),
    "a task of 200,000 letters": Case(changed(task={3: "w" * 200_000})),
    "a name of 200,000 letters": Case(PLAIN.replace("x", "x" * 200_000, 1)),
}
