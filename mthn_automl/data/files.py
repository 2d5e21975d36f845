"""Files of rows: a format is known by the content, and a new one is a `TableFile` in a file of its own."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mthn_automl.data.csv_file import CsvFile
from mthn_automl.data.csv_lines import line_of, read_header
from mthn_automl.data.parquet_file import ParquetFile, is_parquet
from mthn_automl.data.table_file import LARGEST, TableFile, refuse_infinite

__all__ = ["LARGEST", "line_of", "open_file", "read_csv", "read_header", "refuse_infinite"]


def open_file(path: Path) -> TableFile:
    """The file, of which so far only the names of columns are read.

    Raises:
        DataError: no such file, or one that is neither CSV nor Parquet.
    """
    return ParquetFile(path) if is_parquet(path) else CsvFile(path)


def read_csv(path: Path, text_columns: Sequence[str]) -> pd.DataFrame:
    """The columns of a comma-separated file that have a name, with the types pandas infers.

    `text_columns` stay text as written: "001" is not 1, "NA" is a name, and only an empty cell is missing.

    Raises:
        DataError: no such file; no rows; not UTF-8; not separated by commas; names given twice; rows of unequal
            length; infinite numbers.
    """
    return CsvFile(path).read(text_columns)
