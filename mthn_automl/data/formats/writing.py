"""The door by which tables leave: a file is written as the ending of its name says, in any format that is read."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import PurePath
from typing import IO, Any

import pandas as pd
import pyarrow as pa

from mthn_automl.data.formats import writers
from mthn_automl.errors import UsageError, did_you_mean

Writer = Callable[[Iterator[pd.DataFrame], IO[bytes]], None]


def _gzip(file: IO[bytes], member: str, stack: ExitStack) -> Any:
    return stack.enter_context(gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0))


class _LeftOpen(io.RawIOBase):
    """A file that whoever closes this leaves open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return self._file.write(content)


def _zstd(file: IO[bytes], member: str, stack: ExitStack) -> Any:
    return stack.enter_context(pa.CompressedOutputStream(pa.PythonFile(_LeftOpen(file), "w"), "zstd"))


def _bzip2(file: IO[bytes], member: str, stack: ExitStack) -> Any:
    return stack.enter_context(bz2.BZ2File(file, "wb"))


def _xz(file: IO[bytes], member: str, stack: ExitStack) -> Any:
    return stack.enter_context(lzma.LZMAFile(file, "wb"))


def _zip(file: IO[bytes], member: str, stack: ExitStack) -> Any:
    archive = stack.enter_context(zipfile.ZipFile(file, "w"))
    entry = zipfile.ZipInfo(member)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return stack.enter_context(archive.open(entry, "w", force_zip64=True))


PACKINGS: Mapping[str, Callable[[IO[bytes], str, ExitStack], Any]] = {
    ".gz": _gzip,
    ".zst": _zstd,
    ".bz2": _bzip2,
    ".xz": _xz,
    ".zip": _zip,
}
"""By the last ending of a name: the stream that packs into a file; the same content gives the same bytes."""


@cache
def endings() -> Mapping[str, Writer]:
    """What writes a file of each ending, packing aside; without any it is CSV."""
    found: dict[str, Writer] = {}
    for name in writers.names():
        found.update(import_module(f"{writers.__name__}.{name}").ENDINGS)
    return found


def writer_of(path: PurePath) -> Writer:
    """By the ending of the name, in any case of letters.

    Raises:
        UsageError: it is that of no format that is written.
    """
    packing = path.suffix.lower() if path.suffix.lower() in PACKINGS else ""
    inside = path.with_suffix("") if packing else path
    write = endings().get(inside.suffix.lower())
    if write is None:
        known = sorted(filter(None, endings()))
        raise UsageError(
            f"--output must end in {', '.join(known)}, each perhaps with {', '.join(PACKINGS)} behind it, or have no "
            f"ending, however it is {path}; {did_you_mean(inside.suffix, known)}"
        )
    return _packed(write, packing, inside.name) if packing else write


def _packed(write: Writer, packing: str, member: str) -> Writer:
    def packed(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
        with ExitStack() as stack:
            write(pieces, PACKINGS[packing](file, member, stack))

    return packed
