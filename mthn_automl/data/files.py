"""Files of rows: a format is known by the content, and a new one is a `TableFile` in a file of its own."""

from pathlib import Path

from mthn_automl.data.csv_file import CsvFile
from mthn_automl.data.parquet_file import ParquetFile, is_parquet
from mthn_automl.data.table_file import TableFile


def open_file(path: Path) -> TableFile:
    """The file, of which so far only the names of columns are read.

    Raises:
        DataError: no such file, or one that is neither CSV nor Parquet.
    """
    return ParquetFile(path) if is_parquet(path) else CsvFile(path)
