"""Predictions written piece by piece: as CSV or Parquet into a file that is there whole or not at all."""

import gzip
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import IO

import pandas as pd

from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.storage import replacing

Writer = Callable[[Iterator[pd.DataFrame], IO[bytes]], None]


def write_predictions(pieces: Iterable[pd.DataFrame], output: Path | None, inputs: Iterable[Path] = ()) -> None:
    """As the ending of the name says, CSV where it has none; to stdout, as CSV, without an `output`.

    A link, pipe or device stays what it is: like stdout it is written while the pieces come. A piece is written when
    the next one has come, so that data which fit into one leave it alone if they cannot be read.

    Args:
        inputs: files that are read meanwhile, and folders whose files are.

    Raises:
        UsageError: the name ends as that of no known format, or is that of an input.
        DataError: as the pieces do.
    """
    if output is None:
        for text in _csv(_late(pieces)):
            sys.stdout.write(text)
        return
    write = _writer(output)
    _refuse_inputs(output, inputs)
    late = _late(pieces)
    late = chain([next(late)], late)
    with _opened(output) as file:
        write(late, file)


def _writer(output: Path) -> Writer:
    """By the ending of the name."""
    ending = "".join(output.suffixes[-2:]) if output.suffix == ".gz" else output.suffix
    if ending.lower() not in WRITERS:
        raise UsageError(
            f"--output must end in {', '.join(filter(None, WRITERS))} or have no ending, however it is {output}; "
            + did_you_mean(ending, filter(None, WRITERS))
        )
    return WRITERS[ending.lower()]


def _refuse_inputs(output: Path, inputs: Iterable[Path]) -> None:
    """What is read is never written, whatever name or link leads to it."""
    if not output.exists():
        return
    for given in inputs:
        for each in given.rglob("*") if given.is_dir() else [given]:
            if each.exists() and output.samefile(each):
                raise UsageError(f"--output must not be a file that is read, however {output} is {each}; name another.")


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


def _write_csv(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    file.writelines(text.encode() for text in _csv(pieces))


def _write_compressed_csv(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    """The same pieces give the same bytes."""
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as compressed:
        compressed.writelines(text.encode() for text in _csv(pieces))


def _write_parquet(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = pa.Table.from_pandas(next(pieces), preserve_index=False)
    with pq.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for piece in pieces:
            writer.write_table(pa.Table.from_pandas(piece, schema=first.schema, preserve_index=False))


WRITERS: Mapping[str, Writer] = {
    "": _write_csv,
    ".csv": _write_csv,
    ".csv.gz": _write_compressed_csv,
    ".parquet": _write_parquet,
}
"""By the ending of a name."""
