"""The bytes of a file, unpacked; they can be read from the beginning any number of times."""

import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from mthn_automl.data import memory
from mthn_automl.data.formats.room import SUSPICIOUS_BYTES, SUSPICIOUS_RATIO, printable, refuse_beyond
from mthn_automl.data.names import listed
from mthn_automl.errors import DataError
from mthn_automl.machine import in_words

HEAD_BYTES = 1 << 16
PIECE_BYTES = 1 << 22
_OF_ZIP = (zipfile.BadZipFile, RuntimeError, struct.error, LookupError, UnicodeError)  # as bytes happen to be wrong
_DAMAGES = (OSError, EOFError, zlib.error, lzma.LZMAError, *_OF_ZIP)
_NOISE = ("__MACOSX/", ".DS_Store", "Thumbs.db")

OFFICE = frozenset({"[Content_Types].xml", "mimetype"})
"""What the zip files have one of that are documents of an office."""

Opener = Callable[[Any], Any]
_PACKINGS: dict[bytes, tuple[str, Opener]] = {
    b"\x1f\x8b": ("gzip", lambda source: gzip.GzipFile(fileobj=source)),
    b"\x28\xb5\x2f\xfd": ("zstd", lambda source: pa.CompressedInputStream(source, "zstd")),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\0": ("xz", lzma.LZMAFile),
}


@dataclass(frozen=True)
class Content:
    """A file as readers see it.

    Attributes:
        name: of the file, for sentences.
        source: a path, or the bytes of standard input.
        packing: `gzip`, `zstd`, `bzip2`, `xz` or `zip`; empty where the bytes stand as they are.
        member: of a zip file, the one file in it.
    """

    name: str
    source: Path | bytes = field(repr=False)
    packing: str = ""
    member: str = ""

    @classmethod
    def of(cls, path: Path) -> "Content":
        """A file, or standard input where the path is `-`.

        Raises:
            DataError: nothing that can be read; an empty file; a zip file of several files.
        """
        source = _standard_input() if str(path) == "-" else _checked(path)
        content = cls(printable("standard input" if isinstance(source, bytes) else path.name), source)
        head = content.head
        if not head:
            raise DataError(f"A data file must begin with a line of column names, however {content.name} is empty.")
        packing = next((name for magic, (name, _) in _PACKINGS.items() if head.startswith(magic)), "")
        if packing:
            content = cls(content.name, source, packing)
        elif head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            content = content._of_archive()
        if content.packing and not content.head:
            raise DataError(f"A data file must begin with a line of column names, however {content.name} holds none.")
        return content

    def __str__(self) -> str:
        return self.name

    @property
    def notes(self) -> tuple[str, ...]:
        inside = f", '{printable(self.member)}' in it" if self.member else ""
        return (f"unpacked ({self.packing}{inside}).",) if self.packing else ()

    def open(self) -> io.BufferedReader:
        """The unpacked bytes from the beginning; whatever goes wrong while they are read is a DataError."""
        return io.BufferedReader(_Unpacked(self), PIECE_BYTES)

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD_BYTES` bytes, fewer where there are no more."""
        with self.open() as stream:
            return stream.read(HEAD_BYTES)

    def seekable(self) -> pa.NativeFile:
        """The unpacked bytes for formats that are not read from front to back; packed ones are held in memory."""
        if not self.packing:
            return (
                pa.BufferReader(self.source) if isinstance(self.source, bytes) else pa.OSFile(os.fsencode(self.source))
            )
        parts, count = [], 0
        with self.open() as stream:
            while part := stream.read(PIECE_BYTES):
                parts.append(part)
                count += len(part)
                refuse_beyond(2 * count, self.name)
        return pa.BufferReader(b"".join(parts))

    @cached_property
    def members(self) -> frozenset[str]:
        """Names of the files in it where it is a document of an office, which is a zip file of many."""
        if not self.head.startswith(b"PK\x03\x04"):
            return frozenset()
        try:
            with self.seekable() as stream, zipfile.ZipFile(stream) as archive:
                return frozenset(archive.namelist())
        except _DAMAGES as error:
            raise self.damaged(error) from error

    @property
    def size(self) -> int:
        """Bytes as they are stored."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    def damaged(self, error: object) -> DataError:
        """The refusal where a reader of these bytes gives up with an error."""
        words = printable(" ".join(str(error).split()).rstrip(".") or type(error).__name__)
        return DataError(f"The data must be readable, however {self.name} is damaged: {words}; copy it again.")

    def raw(self) -> Any:
        """The bytes as they are stored."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")

    def _of_archive(self) -> "Content":
        try:
            with self.raw() as raw, zipfile.ZipFile(raw) as archive:
                members = [each for each in archive.infolist() if not each.is_dir()]
        except _DAMAGES as error:
            raise self.damaged(error) from error
        if OFFICE & {each.filename for each in members}:
            return self  # a document of some office, for a reader to know
        files = [each for each in members if not any(noise in each.filename for noise in _NOISE)]
        if len(files) != 1:
            found = listed([printable(each.filename) for each in files]) if files else "none"
            raise DataError(
                f"A zip file must hold exactly one file, however {self.name} holds {len(files):,} ({found}); "
                "unpack it and give one."
            )
        if files[0].flag_bits & 1:
            raise DataError(f"A zip file must open without a password, however {self.name} asks for one; unpack it.")
        return Content(self.name, self.source, "zip", files[0].filename)


class _Unpacked(io.RawIOBase):
    """The stream of a content, with every damage as a DataError and an end to what only fills memory."""

    _stream: Any
    _archive: Any
    _raw: Any

    def __init__(self, content: Content) -> None:
        self._content, self._count = content, 0
        self._stream = self._archive = self._raw = None
        try:
            self._raw = content.raw()
            self._stream = self._opened()
        except _DAMAGES as error:
            self.close()
            raise content.damaged(error) from error

    def _opened(self) -> Any:
        packing = self._content.packing
        if packing == "zip":
            self._archive = zipfile.ZipFile(self._raw)
            return self._archive.open(self._content.member)
        openers = dict(_PACKINGS.values())
        return openers[packing](self._raw) if packing else self._raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = int(self._stream.readinto(buffer))
        except _DAMAGES as error:
            raise self._content.damaged(error) from error
        self._count += count
        if self._count > max(SUSPICIOUS_BYTES, SUSPICIOUS_RATIO * self._content.size):
            raise DataError(
                f"A packed file must hold data, however {self._content.name} of {in_words(self._content.size)} unpacks "
                f"to more than {in_words(self._count)}; unpack it, and look at what is in it."
            )
        return count

    def close(self) -> None:
        if not self.closed:
            for each in (self._stream, self._archive, self._raw):
                if each is not None:
                    each.close()
        super().close()


def _checked(path: Path) -> Path:
    try:
        if path.is_file():
            path.open("rb").close()
            return path
        if path.is_dir():
            found = "is a folder; give one file of it"
        elif path.exists():
            found = "is a pipe or device, and is read more than once; pipe into '-', or save it to a file"
        else:
            found = "does not exist; check the path"
    except (OSError, ValueError) as error:
        found = f"cannot be opened ({getattr(error, 'strerror', None) or error}); check its name and permissions"
    raise DataError(f"The data must be a file, however {printable(str(path))} {found}.")


def _standard_input() -> bytes:
    parts, count = [], 0
    while part := sys.stdin.buffer.read(PIECE_BYTES):
        parts.append(part)
        count += len(part)
        if 2 * count > memory.free_bytes():
            refuse_beyond(2 * count, "standard input", "save it to a file, which is read in pieces")
    return b"".join(parts)
