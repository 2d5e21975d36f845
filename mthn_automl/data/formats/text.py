"""Text in a file as UTF-8, whatever it is encoded in, and what one look at all of it tells."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mthn_automl.data.formats.content import HEAD_BYTES, PIECE_BYTES, Content
from mthn_automl.data.formats.room import LONGEST
from mthn_automl.errors import DataError
from mthn_automl.machine import in_words

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # begins as the next one does
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF32_BE: "utf-32",
}
_NAMES = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32"}
_NAMES |= {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
PLAIN = ("utf-8", "utf-8-sig")


@dataclass(frozen=True)
class Text:
    """A text file.

    Attributes:
        content: its bytes.
        encoding: of these, as Python calls it.
        size: bytes of it as UTF-8.
        lines: how many, a last one without an end included.
        note: a sentence that says which encoding was taken; empty for UTF-8.
    """

    content: Content
    encoding: str
    size: int
    lines: int
    note: str

    @classmethod
    def of(cls, content: Content, encoding: str | None = None, *, bounded: bool = True) -> "Text":
        """Look at all of a file once.

        Args:
            content: the bytes.
            encoding: as the user says; else what the bytes say: a mark at their beginning, UTF-8 if all of them are,
                UTF-16 if every other one is zero, or else Windows-1252.
            bounded: whether a line may be no longer than `LONGEST`.

        Raises:
            DataError: bytes that are no text, or none in this encoding; a line beyond all bounds.
        """
        found = _marked(content.head) if encoding is None else codecs.lookup(encoding).name
        if found is not None:
            note = f"read as {_NAMES.get(found, found)}." if found not in PLAIN and encoding is None else ""
            return cls(content, found, *_look(content, found, bounded), note)
        try:
            return cls(content, "utf-8", *_look(content, "utf-8", bounded), "")
        except _EncodingError as error:
            if error.mostly:
                raise
            return cls._of_one_byte(content, error.line, bounded)

    @classmethod
    def _of_one_byte(cls, content: Content, line: int, bounded: bool) -> "Text":
        why = f"since line {line:,} is not UTF-8; --encoding takes another."
        for encoding in ("cp1252", "latin-1"):
            try:
                return cls(content, encoding, *_look(content, encoding, bounded), f"read as {_NAMES[encoding]}, {why}")
            except _EncodingError:  # five bytes mean nothing in Windows-1252
                continue
        raise AssertionError("every byte is a character of Latin-1")

    def open(self) -> io.BufferedReader:
        """The text from the beginning, as UTF-8 without a mark."""
        return _opened(self.content, self.encoding)

    def characters(self) -> io.TextIOWrapper:
        """The same as characters, with line ends as they are."""
        return io.TextIOWrapper(self.open(), "utf-8", newline="")


class _EncodingError(DataError):
    """Bytes that the encoding does not know; `mostly`: it knows most others that are not ASCII."""

    def __init__(self, content: Content, encoding: str, line: int, mostly: bool) -> None:
        self.line, self.mostly = line, mostly
        name = "UTF-8" if encoding in PLAIN else _NAMES.get(encoding, encoding)
        super().__init__(
            f"A text file must be encoded in one way, however line {line:,} of {content.name} is not {name}; correct "
            "it, or say --encoding."
        )


def _marked(head: bytes) -> str | None:
    """The encoding that the first bytes are sure of, None where they are not."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    zero = np.frombuffer(head[: len(head) // 2 * 2], np.uint8).reshape(-1, 2) == 0
    if len(zero) < 2:
        return None
    even, odd = zero.mean(axis=0)
    if max(even, odd) > 0.5 and min(even, odd) < 0.05:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _opened(content: Content, encoding: str) -> io.BufferedReader:
    stream = content.open()
    if encoding not in PLAIN:
        return io.BufferedReader(_AsUtf8(content, stream, encoding), PIECE_BYTES)
    if stream.peek(3).startswith(codecs.BOM_UTF8):
        stream.read(3)
    return stream


class _AsUtf8(io.RawIOBase):
    """Bytes in another encoding, read as UTF-8."""

    def __init__(self, content: Content, stream: io.BufferedReader, encoding: str) -> None:
        self._content, self._stream, self._encoding = content, stream, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._waiting, self._lines, self._begun, self._ended = b"", 1, False, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._waiting and not self._ended:
            self._waiting = self._next()
        count = min(len(buffer), len(self._waiting))
        buffer[:count], self._waiting = self._waiting[:count], self._waiting[count:]
        return count

    def _next(self) -> bytes:
        piece = self._stream.read(HEAD_BYTES)
        self._ended = not piece
        try:
            letters = self._decoder.decode(piece, final=self._ended)
        except UnicodeError as error:
            known = getattr(error, "object", b"")[: getattr(error, "start", 0)]
            line = self._lines + known.decode(self._encoding, "ignore").count("\n")
            raise _EncodingError(self._content, self._encoding, line, mostly=False) from None
        self._lines += letters.count("\n")
        if letters and not self._begun:
            self._begun, letters = True, letters.removeprefix("\ufeff")
        return letters.encode("utf-8", "replace")

    def close(self) -> None:
        self._stream.close()
        super().close()


def _look(content: Content, encoding: str, bounded: bool) -> tuple[int, int]:
    """Size and lines."""
    look = _Look(content, encoding)
    with _opened(content, encoding) as stream:
        while piece := stream.read(PIECE_BYTES):
            look.add(piece)
            if bounded:
                look.refuse_endless()
    look.end()
    return look.size, look.lines + (look.open_line > 0)


class _Look:
    """Counts over the pieces of a text."""

    def __init__(self, content: Content, encoding: str) -> None:
        self.content, self.encoding = content, encoding
        self.size = self.lines = self.open_line = 0
        self._line_end = b""
        self._beyond_ascii = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def add(self, piece: bytes) -> None:
        if not self._line_end:
            self._line_end = next((end for end in (b"\n", b"\r") if end in piece), b"")
        self._check(piece)
        self.size += len(piece)
        if self._line_end and self._line_end in piece:
            self.lines += piece.count(self._line_end)
            self.open_line = len(piece) - piece.rindex(self._line_end) - 1
        else:
            self.open_line += len(piece)

    def refuse_endless(self) -> None:
        if self.open_line > LONGEST:
            raise DataError(
                f"A line must be shorter than {in_words(LONGEST)}, however line {self.lines + 1:,} of "
                f"{self.content.name} is longer; a line break is missing."
            )

    def end(self) -> None:
        if self.encoding in PLAIN and self._decoder.getstate()[0]:
            raise self._wrong(b"")

    def _check(self, piece: bytes) -> None:
        zero = piece.find(b"\0")
        if zero >= 0:
            line = self.lines + 1 + piece.count(self._line_end or b"\n", 0, zero)
            raise DataError(
                f"A text file must hold no zero bytes, however line {line:,} of {self.content.name} has one; it is "
                "damaged, or in a format that is not read."
            )
        if self.encoding not in PLAIN or (piece.isascii() and not self._decoder.getstate()[0]):
            return
        try:
            letters = self._decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise self._wrong(error.object[: error.start], piece) from None
        self._beyond_ascii += _beyond(letters)

    def _wrong(self, known: bytes, piece: bytes = b"") -> DataError:
        line = self.lines + 1 + known.count(self._line_end or b"\n")
        letters = piece.decode("utf-8", "replace")
        wrong = max(letters.count("\ufffd"), 1)
        mostly = self._beyond_ascii + _beyond(letters) - wrong > wrong
        return _EncodingError(self.content, self.encoding, line, mostly or self.encoding == "utf-8-sig")


def _beyond(letters: str) -> int:
    """How many letters are not ASCII."""
    return len(letters) - len(letters.encode("ascii", "ignore"))


def lines_of(text: Text) -> Iterator[tuple[int, str]]:
    """Every line that is not blank, with its number."""
    with io.TextIOWrapper(text.open(), "utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line
