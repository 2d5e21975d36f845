"""What the user may say of how a file is read; whatever is left open is found out from the file."""

import codecs
from dataclasses import dataclass

from mthn_automl.errors import UsageError

SPOKEN = {"tab": "\t", r"\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
"""Delimiters that are hard to type, or to see in a command."""


@dataclass(frozen=True)
class Reading:
    """How a file is read, as far as the user says so.

    Attributes:
        delimiter: the character between cells, or a word of `SPOKEN`.
        encoding: any that Python knows by name.
        sheet: of a workbook.

    Raises:
        UsageError: no such delimiter or encoding.
    """

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        separator = self.separator
        if separator is not None and (len(separator) != 1 or not separator.isascii() or separator in '"\r\n\0'):
            raise UsageError(
                f"The delimiter must be one ASCII character and no quote, or one of {', '.join(SPOKEN)}, "
                f"however it is {self.delimiter!r}."
            )
        if self.encoding is not None:
            _check_encoding(self.encoding)

    @property
    def separator(self) -> str | None:
        """The delimiter as a character."""
        return None if self.delimiter is None else SPOKEN.get(self.delimiter, self.delimiter)


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
        "".encode(encoding)  # codecs of Python that make no text of bytes, such as hex, fail here
    except (LookupError, ValueError, UnicodeError):
        raise UsageError(
            f"The encoding must be one that Python knows, such as utf-8, utf-16, cp1252 or latin-1, "
            f"however it is {encoding!r}."
        ) from None
