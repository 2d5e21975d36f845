"""Text of cells between delimiters. Cells stand as they are: one that begins with `=` is left as it is."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import IO

import pandas as pd


def lines(pieces: Iterable[pd.DataFrame], delimiter: str = ",") -> Iterator[str]:
    """The lines of each piece, those of the first with the names above them."""
    for index, piece in enumerate(pieces):
        yield piece.to_csv(index=False, header=index == 0, sep=delimiter)


def write(pieces: Iterator[pd.DataFrame], file: IO[bytes], delimiter: str = ",") -> None:
    """Piece by piece."""
    for text in lines(pieces, delimiter):
        file.write(text.encode())


ENDINGS = {"": write, ".csv": write, ".tsv": partial(write, delimiter="\t")}
