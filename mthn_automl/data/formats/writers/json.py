"""JSON: an object a line, or one list of objects."""

import json
import math
from collections.abc import Iterator
from typing import IO, Any

import pandas as pd

from mthn_automl.data.formats.writers.parts.tables import tables


def write_lines(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    """An object a line."""
    for record in _records(pieces):
        file.write(record + b"\n")


def write_list(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    """One list, an object a line of the file."""
    file.write(b"[")
    before = b"\n"
    for record in _records(pieces):
        file.write(before + record)
        before = b",\n"
    file.write(b"\n]\n")


def _records(pieces: Iterator[pd.DataFrame]) -> Iterator[bytes]:
    for table in tables(pieces)[1]:
        for record in table.to_pylist():
            plain = {name: as_json(value) for name, value in record.items()}
            yield json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace")


def as_json(value: Any) -> Any:
    """JSON has neither dates nor infinities: they are text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


ENDINGS = {".jsonl": write_lines, ".ndjson": write_lines, ".json": write_list}
