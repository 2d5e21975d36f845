"""Predictions and notes as the bytes of an answer."""

import json

import pandas as pd
import pyarrow as pa
from pyarrow import ipc

from mthn_automl.data.formats.writers.json import as_json
from mthn_automl.deployment.serving.bodies import Layout
from mthn_automl.deployment.serving.forms import ARROW


def answer(predictions: pd.DataFrame, notes: tuple[str, ...], form: str, layout: Layout) -> bytes:
    """In the form wanted; JSON with the rows laid out as those of the request were.

    An Arrow stream has the notes, as JSON, in the metadata of its schema.
    """
    table = pa.Table.from_pandas(predictions, preserve_index=False)
    if form == ARROW:
        return _stream(table.replace_schema_metadata({"notes": json.dumps(notes)}))
    columns = {
        name: list(map(as_json, column.to_pylist()))
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    found = columns if layout is Layout.COLUMNS else _records(columns)
    return json.dumps({"predictions": found, "notes": notes}).encode()


def _records(columns: dict[str, list[object]]) -> list[dict[str, object]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
