"""A text in blocks of whole records, so that Arrow parses one after the other and nothing is left running between them.

Arrow's own reader of streams reads ahead in threads of its own: one that is not read to its end may call into an
interpreter that is already gone. It also loses the LF of a CR LF in a quoted cell where one of its blocks ends between.
"""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.formats.dialect import Dialect, refuse_open_quote
from mthn_automl.data.formats.room import LONGEST
from mthn_automl.data.formats.text import Text

BLOCK_BYTES = 1 << 22
_QUOTE, _LF, _CR = b'"\n\r'


def blocks(text: Text, dialect: Dialect) -> Iterator[bytes]:
    """The records of a text, that of the names first, some megabytes at a time.

    Raises:
        DataError: the text ends within a quote, or a record is longer than all bounds.
    """
    with text.open() as stream:
        for _ in range(dialect.skipped):
            stream.readline()
        block = b""
        while piece := stream.read(max(BLOCK_BYTES, len(block))):
            block += piece
            end, _ = last_end(block, dialect.delimiter)
            if end:
                yield block[:end]
                block = block[end:]
            elif len(block) > LONGEST:
                refuse_open_quote(text, dialect, too_long=True)
        if last_end(block, dialect.delimiter)[1]:
            refuse_open_quote(text, dialect)
        if block:
            yield block


def last_end(block: bytes, delimiter: str) -> tuple[int, bool]:
    """Where the last record that is whole ends in a block that begins with one; and whether a quote is open at its end.

    A quote opens a cell where it is the first letter of it, and is a letter anywhere else outside of such cells.
    """
    letters = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    if not len(quotes):
        return max(block.rfind(b"\n"), block.rfind(b"\r")) + 1, False
    ends = np.flatnonzero((letters == _LF) | (letters == _CR))
    opening = quotes[::2][int(quotes[0] == 0) :]
    # every other quote opens a cell, or is the second of two in a cell, if all of them stand where they can do so
    if np.isin(letters[opening - 1], (ord(delimiter), _LF, _CR, _QUOTE)).all():
        inside, is_open = np.searchsorted(quotes, ends) % 2 == 1, len(quotes) % 2 == 1
    else:
        inside, is_open = _within_cells(block, delimiter, ends)
    outside = ends[~inside]
    return int(outside[-1]) + 1 if len(outside) else 0, is_open


def _within_cells(block: bytes, delimiter: str, ends: NDArray[np.int64]) -> tuple[NDArray[np.bool_], bool]:
    """Which line ends lie within quoted cells, where quotes are letters, too; and whether the last cell is open."""
    before = re.escape(delimiter.encode())
    opened = rb'"(?:(?<=[\r\n]")|(?<=' + before + rb'")|(?<=\A"))'
    cells = list(re.finditer(opened + rb'(?:[^"]++|"")*+("?)', block))
    starts, stops = np.array([cell.span() for cell in cells] or [(0, 0)]).T
    place = np.searchsorted(starts, ends) - 1
    return (place >= 0) & (ends < stops[place]), bool(cells) and not cells[-1][1]
