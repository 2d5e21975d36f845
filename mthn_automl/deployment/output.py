"""Predictions written piece by piece, into a file that is there whole or not at all."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import IO

import pandas as pd

from mthn_automl.data.formats.writers.csv import lines
from mthn_automl.data.formats.writing import writer_of
from mthn_automl.errors import UsageError
from mthn_automl.storage import replacing


def write_predictions(pieces: Iterable[pd.DataFrame], output: Path | None, inputs: Iterable[Path] = ()) -> None:
    """As the ending of the name says, CSV where it has none; to stdout, as CSV, without an `output`.

    A link stays one, and what it leads to is there whole or not at all. A pipe or device is written while the pieces
    come, as stdout is; a piece is written when the next one has come, so that data which fit into one leave it alone if
    they cannot be read.

    Args:
        inputs: files that are read meanwhile, and folders whose files are.

    Raises:
        UsageError: the name ends as that of no known format, or is that of an input or a folder.
        DataError: as the pieces do.
    """
    if output is None:
        for text in lines(_late(pieces)):
            sys.stdout.write(text)
        return
    write = writer_of(output)
    refuse_inputs(output, inputs)
    late = _late(pieces)
    late = chain([next(late)], late)
    with _opened(output) as file:
        write(late, file)


def refuse_inputs(output: Path, inputs: Iterable[Path]) -> None:
    """What is read is never written, whatever name or link leads to it, and neither is a folder.

    Raises:
        UsageError: the output is a folder, or is, or leads to, a file that is given or lies in a folder that is.
    """
    _refuse_folder(output)
    if not output.exists():
        return
    for given in inputs:
        for each in given.rglob("*") if given.is_dir() else [given]:
            if each.exists() and output.samefile(each):
                raise UsageError(
                    f"--output must not be a file that is read, however {_same(output, each)}; name another."
                )


def _same(output: Path, given: Path) -> str:
    return f"{output} is one" if str(output) == str(given) else f"{output} is {given}"


def _late(pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Each piece once the next has come, or the end."""
    ready: list[pd.DataFrame] = []
    for piece in pieces:
        yield from ready
        ready = [piece]
    yield from ready


def _refuse_folder(output: Path) -> None:
    if output.is_dir():
        raise UsageError(f"--output must be a file, however {output} is a folder; name a file in it.")


def _opened(output: Path) -> AbstractContextManager[IO[bytes]]:
    _refuse_folder(output)
    if _of_the_shell(output) or (output.exists() and not output.is_file()):
        return output.open("wb")
    return replacing(output.resolve())


def _of_the_shell(output: Path) -> bool:
    """Whether it leads to what is open already, such as /dev/stdout: a file there is written, and not replaced."""
    return output.absolute().parts[1:2] in (("dev",), ("proc",))
