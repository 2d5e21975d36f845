"""Parquet, a group of rows a piece."""

from collections.abc import Iterator
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mthn_automl.data.formats.writers.parts.tables import tables


def write(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    """Piece by piece."""
    schema, rows = tables(pieces)
    with pq.ParquetWriter(pa.PythonFile(file, "w"), schema) as writer:
        for table in rows:
            writer.write_table(table)


ENDINGS = {".parquet": write}
