"""What the user may say of how a file is read; whatever is left open is found out from the file."""

import codecs
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

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

    def attempts(self, heeds: Collection[str]) -> Iterator[tuple["Reading", Collection[str]]]:
        """What a file is to be read by in turn, until it can be, and the options in it that training alone was told.

        heeds: the options that have a meaning for the file.
        """
        yield self, ()


@dataclass(frozen=True)
class ReadingAgain(Reading):
    """Of files with other rows than those of training.

    Attributes:
        usual: what training was told; of that, what is not said otherwise holds for the files that it fits.
    """

    usual: Reading = field(default_factory=Reading)

    def attempts(self, heeds: Collection[str]) -> Iterator[tuple[Reading, Collection[str]]]:
        """With as many as possible of the options of training."""
        known = {name: value for name, value in vars(self.usual).items() if name in heeds and value is not None}
        more = {name: value for name, value in known.items() if getattr(self, name) is None}
        for count in range(len(more), -1, -1):
            for names in combinations(more, count):
                yield replace(self, **{name: more[name] for name in names}), names


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
        "".encode(encoding)  # codecs of Python that make no text of bytes, such as hex, fail here
    except (LookupError, ValueError, UnicodeError):
        raise UsageError(
            f"The encoding must be one that Python knows, such as utf-8, utf-16, cp1252 or latin-1, "
            f"however it is {encoding!r}."
        ) from None
