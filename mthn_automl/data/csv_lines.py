"""A CSV file line by line: slow, and exact about what is wrong with it and where."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from mthn_automl.data.names import listed
from mthn_automl.errors import DataError


def read_header(path: Path) -> list[str]:
    """Names in the first line, as they stand, empty ones included.

    Raises:
        DataError: no such file; not UTF-8; no names; not separated by commas; names given twice.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DataError(f"The data are read more than once, however {path} is a pipe or device; save them to a file.")
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"The data must be a CSV or Parquet file, however {path} {found}; check the path.")
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            raise DataError(f"A Parquet file must end as it begins, however {path} is cut off; copy it again.")
    try:
        _, header = next(records(path), (1, []))
    except UnicodeDecodeError:
        raise DataError(_not_utf8(path)) from None
    except (OSError, csv.Error) as error:
        raise DataError(f"The data must be a readable CSV file, however {path} is not: {error}.") from error
    _check_header(path, header)
    return header


def check_lines(path: Path, width: int) -> None:
    """Raise a DataError that names the line where the text is not UTF-8 or has not `width` cells."""
    try:
        widths = _widths(path)
    except UnicodeDecodeError:
        raise DataError(_not_utf8(path)) from None
    except (OSError, csv.Error) as error:
        raise DataError(f"The data must be a readable CSV file, however {path} is not: {error}.") from error
    if widths - {0, width}:
        _check_lengths(path, width)
    check_quotes(path)


def check_quotes(path: Path) -> None:
    """Raise a DataError if the last cell begins with a quote that never ends."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader, line = csv.reader(file, strict=True), 1
        while True:
            try:
                next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "end of data" in str(error):
                    raise DataError(
                        f"Every quote must be closed, however {path} ends within the one opened in line {line}; "
                        "close it."
                    ) from None
            line = reader.line_num + 1


def line_of(path: Path, row: int) -> int:
    """Line (the header's is 1) where a 0-based row begins; blank lines and line breaks in quotes make it differ."""
    return next(islice(records(path), row + 1, None))[0]


def records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each record that is not blank, the header's included."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        line = 1
        for cells in reader:
            if not _blank(cells):
                yield line, cells
            line = reader.line_num + 1


def _blank(cells: list[str]) -> bool:
    """An empty line has no cells; one that is empty has been written as two quotes."""
    return not cells or (len(cells) == 1 and cells[0].isspace())


def _widths(path: Path) -> set[int]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return set(map(len, csv.reader(file)))


def _not_utf8(path: Path) -> str:
    line = 1
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):  # noqa: B007
            try:
                content.decode("utf-8")
            except UnicodeDecodeError:
                break
    return f"A data file must be encoded in UTF-8, however line {line} of {path} is not; save it again as UTF-8."


def _check_header(path: Path, header: list[str]) -> None:
    if not any(name.strip() for name in header):
        raise DataError(f"A data file must begin with a line of column names, however {path} is empty.")
    for delimiter, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and delimiter in header[0]:
            raise DataError(f"Columns must be separated by commas, however {path} seems to use {word}; convert it.")
    twice = [name for name, count in Counter(header).items() if count > 1 and name.strip()]
    if twice:
        raise DataError(
            f"Every column must have a name of its own, however line 1 of {path} has {listed(twice)} more than once; "
            "rename or remove the others."
        )


def _check_lengths(path: Path, width: int) -> None:
    for line, cells in records(path):
        if len(cells) != width:
            raise DataError(
                f"Every line must have as many cells as the header ({width}), however line {line} of {path} "
                f"has {len(cells)}; correct it, or quote cells that contain a comma."
            )
