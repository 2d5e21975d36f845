"""Frames as tables of one schema."""

from collections.abc import Iterator
from itertools import chain

import pandas as pd
import pyarrow as pa


def tables(pieces: Iterator[pd.DataFrame]) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """The schema of the first frame, and all of them in it; a column that is empty there is one of text."""
    first = next(pieces)
    found = pa.Schema.from_pandas(first, preserve_index=False).remove_metadata()
    schema = pa.schema([(each.name, pa.string() if pa.types.is_null(each.type) else each.type) for each in found])
    rows = (pa.Table.from_pandas(piece, schema=schema, preserve_index=False) for piece in chain([first], pieces))
    return schema, (table.replace_schema_metadata() for table in rows)
