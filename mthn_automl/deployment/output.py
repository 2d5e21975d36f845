"""Predictions written piece by piece: as CSV or parquet into a file that is there whole or not at all."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import IO

import pandas as pd

from mthn_automl.storage import replacing


def write_predictions(pieces: Iterable[pd.DataFrame], output: Path | None) -> None:
    """Parquet where the name ends so, else CSV; to stdout without an `output`.

    A link, pipe or device stays what it is: like stdout it is written while the pieces come. A piece is written when
    the next one has come, so that data which fit into one leave it alone if they cannot be read.

    Raises:
        DataError: as the pieces do.
    """
    late = _late(pieces)
    if output is None:
        for text in _csv(late):
            sys.stdout.write(text)
        return
    late = chain([next(late)], late)
    with _opened(output) as file:
        if output.suffix == ".parquet":
            _write_parquet(late, file)
        else:
            file.writelines(text.encode() for text in _csv(late))


def _late(pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Each piece once the next has come, or the end."""
    ready: list[pd.DataFrame] = []
    for piece in pieces:
        yield from ready
        ready = [piece]
    yield from ready


def _opened(output: Path) -> AbstractContextManager[IO[bytes]]:
    special = output.is_symlink() or (output.exists() and not output.is_file())
    return output.open("wb") if special else replacing(output)


def _csv(pieces: Iterable[pd.DataFrame]) -> Iterator[str]:
    for index, piece in enumerate(pieces):
        yield piece.to_csv(index=False, header=index == 0)


def _write_parquet(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = pa.Table.from_pandas(next(pieces), preserve_index=False)
    with pq.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for piece in pieces:
            writer.write_table(pa.Table.from_pandas(piece, schema=first.schema, preserve_index=False))
