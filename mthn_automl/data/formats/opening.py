"""The door to tables: a path, `-` or a frame becomes a `TableFile`."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.foreign import refuse_foreign
from mthn_automl.data.formats.formats import Format, formats
from mthn_automl.data.formats.frames import of_arrow, of_pandas
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.table_file import TableFile
from mthn_automl.errors import DataError, UsageError


def open_table(given: str | Path | Any, name: str, reading: Reading | None = None) -> TableFile:
    """A table, of which so far the columns are known, and of a text its encoding and lines.

    Args:
        given: a file, whose format follows from its content; `-` for standard input, which is read once; the content
            of a file; a DataFrame of pandas; or what hands out Arrow data, such as a DataFrame of polars.
        name: what sentences call a DataFrame; a file is called by its name.
        reading: what the user says of how a file is read.

    Raises:
        DataError: no file, or one that cannot be read: it is named for what it is; names given twice.
        UsageError: neither file nor frame; a package that is not installed.
    """
    if isinstance(given, str | Path):
        return _of_file(Content.of(Path(given)), reading or Reading())
    if isinstance(given, Content):
        return _of_file(given, reading or Reading())
    frame = None
    if isinstance(given, pd.DataFrame):
        frame = of_pandas(given, name)
    elif hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        frame = of_arrow(given, name)
    if frame is not None:
        frame.add_notes(_unheeded("a DataFrame", frozenset(), reading or Reading()))
        return frame
    raise UsageError(
        f"The data must be a file or a DataFrame, however {name} are of type {type(given).__name__}; make a DataFrame."
    )


def _of_file(content: Content, reading: Reading) -> TableFile:
    refuse_foreign(content)
    found = next(each for each in formats() if each.recognises(content))
    table, notes = _attempted(found, content, reading)
    table.add_notes([*notes, *_unheeded(f"the format {found.title}", found.heeds, reading)])
    return table


def _attempted(found: Format, content: Content, reading: Reading) -> tuple[TableFile, list[str]]:
    """The table by the first attempt that fits, and notes of what training was told and whether it fits."""
    (whole, usual), *others = reading.attempts(found.heeds)
    for attempt, kept in [(whole, usual), *others]:
        try:
            table = found.opens(content, attempt)
        except DataError:
            if not kept:
                raise
            continue
        if "delimiter" in kept and len(table.names) == 1:
            continue  # nothing is separated by it
        notes = [f"read with --{name} {getattr(whole, name)!r}, as training was." for name in kept]
        left = [f"--{name} {getattr(whole, name)!r}" for name in usual if name not in kept]
        unfit = [f"read without {' and '.join(left)} of training, since it cannot be read so."] if left else []
        return table, [*notes, *unfit]
    raise AssertionError("the last attempt is without what training was told")


def _unheeded(title: str, heeds: frozenset[str], reading: Reading) -> list[str]:
    """A sentence for each option that has no meaning for such a table."""
    options = [each.name for each in fields(Reading)]
    given = [option for option in options if getattr(reading, option) is not None and option not in heeds]
    return [f"--{option} has no meaning for {title}." for option in given]
