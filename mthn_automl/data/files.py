"""Reading a CSV file strictly: what pandas would repair in silence is an error that names the line."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from mthn_automl.data.names import listed
from mthn_automl.errors import DataError

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None")


LARGEST = 1e100


def read_csv(path: Path, text_columns: Sequence[str]) -> pd.DataFrame:
    """The columns of a comma-separated file that have a name, with the types pandas infers.

    `text_columns` stay text as written: "001" is not 1, "NA" is a name, and only an empty cell is missing.

    Raises:
        DataError: no such file; no rows; not UTF-8; not separated by commas; names given twice; rows of unequal
            length; infinite numbers.
    """
    header = _scan(path)
    named = [place for place, name in enumerate(header) if name.strip()]
    frame = pd.read_csv(
        path,
        usecols=named,
        dtype={name: "str" for name in text_columns if name in header},
        na_values={name: [""] if name in text_columns else list(MISSING) for name in header},
        keep_default_na=False,
        index_col=False,
        low_memory=False,
        encoding="utf-8-sig",
    )
    frame.columns = pd.Index([header[place] for place in named])
    if frame.empty:
        raise DataError(f"A data file must hold at least one row, however {path} has a header only.")
    refuse_infinite(frame, lambda row: f"line {line_of(path, row)} of {path}")
    return frame


def read_header(path: Path) -> list[str]:
    """Names in the first line, as they stand, empty ones included."""
    _, cells = next(_records(path), (1, []))
    return cells


def line_of(path: Path, row: int) -> int:
    """Line (the header's is 1) where a 0-based row begins; blank lines and line breaks in quotes make it differ."""
    return next(islice(_records(path), row + 1, None))[0]


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each record that is not blank: blank ones are skipped by pandas too."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        line = 1
        for cells in reader:
            if not _blank(cells):
                yield line, cells
            line = reader.line_num + 1


def _blank(cells: list[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _scan(path: Path) -> list[str]:
    """Read the file once as plain CSV for what pandas does not tell, and return the header."""
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"The data must be a CSV file, however {path} {found}; check the path.")
    try:
        widths = _widths(path)
        header = read_header(path)
    except UnicodeDecodeError:
        raise DataError(_not_utf8(path)) from None
    except (OSError, csv.Error) as error:
        raise DataError(f"The data must be a readable CSV file, however {path} is not: {error}.") from error
    _check_header(path, header)
    if widths - {0, len(header)}:
        _check_lengths(path, len(header))
    return header


def _widths(path: Path) -> set[int]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return set(map(len, csv.reader(file)))


def _not_utf8(path: Path) -> str:
    content = path.read_bytes()
    line = 1
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
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
    for line, cells in _records(path):
        if len(cells) != width:
            raise DataError(
                f"Every line must have as many cells as the header ({width}), however line {line} of {path} "
                f"has {len(cells)}; correct it, or quote cells that contain a comma."
            )


def refuse_infinite(frame: pd.DataFrame, where: Callable[[int], str]) -> None:
    """Raise a DataError at the first number whose square is infinite; `where` puts a 0-based row into words."""
    for name in frame.columns:
        if pd.api.types.is_float_dtype(frame[name].dtype):
            values = np.abs(frame[name].to_numpy(dtype=np.float64, na_value=np.nan))
            if (values > LARGEST).any():
                row = int((values > LARGEST).argmax())
                size = "infinite" if np.isinf(values[row]) else f"beyond {LARGEST:g}"
                raise DataError(
                    f"Numbers must be finite, however column '{name}' is {size} in {where(row)}; "
                    "correct it or leave the cell empty."
                )
