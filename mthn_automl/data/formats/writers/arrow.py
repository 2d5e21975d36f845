"""An Arrow IPC file, which is Feather of version 2."""

from collections.abc import Iterator
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.ipc as ipc

from mthn_automl.data.formats.writers.parts.tables import tables


def write(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    """Piece by piece."""
    schema, rows = tables(pieces)
    with ipc.new_file(pa.PythonFile(file, "w"), schema) as writer:
        for table in rows:
            writer.write_table(table)


ENDINGS = {".feather": write, ".arrow": write}
