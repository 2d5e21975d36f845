"""Columns that are read once more, since what has been found out since then says how: rows for the test, targets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.asked import Asked
from mthn_automl.data.columns.again import read_again
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.columns.marks import unmarked, unwritten
from mthn_automl.data.columns.nearly import Nearly
from mthn_automl.data.columns.rule import Cells, Told, is_text, read_cells
from mthn_automl.data.dataset import Part
from mthn_automl.data.source import FORMS, Source
from mthn_automl.errors import DataError


def as_training_shows(source: Source, parts: IntArray | None, asked: Asked) -> Source:
    """With each column in the form that rows show which are not for the test, so that those change no reading.

    Args:
        source: of the data, all rows of it read together.
        parts: (positions,) of the input, what the row there is for; None: the test rows are not known yet.
        asked: what the user says.

    Raises:
        DataError: a test row that is not in the form that the others have.
    """
    if parts is None or not (parts == Part.TEST).any():
        return source
    shown = (parts[source.rows] == Part.TRAIN) | (parts[source.rows] == Part.VALIDATION)
    told = {name: asked.told.get(name, asked.told[""]) for name in source.columns}
    doubtful = [
        name
        for name, cells in source.columns.items()
        if not told[name].categorical
        and name not in (*asked.task, asked.split)
        and _may_be_otherwise(cells, shown, told[name])
    ]
    found = {name: _as_shown(source, name, column, shown, told[name]) for name, column in _read(source, doubtful)}
    return replace(source, columns={**source.columns, **found})


def _may_be_otherwise(cells: Cells, shown: NDArray[np.bool_], told: Told) -> bool:
    """Whether some of the cells alone may be in another form than all: not of plain numbers, nor of words."""
    if cells.text is not None:
        names = cells.text.array.take(pa.array(np.unique(cells.text.codes[shown & cells.known])))
        return read_cells(pa.chunked_array([names]), told).form.kind is not Kind.TEXT
    return cells.form.kind is not Kind.TRUTH and (cells.form != Form(Kind.NUMBER) or bool(cells.others))


def _as_shown(source: Source, name: str, column: pa.ChunkedArray, shown: NDArray[np.bool_], told: Told) -> Cells:
    cells = source.columns[name]
    if not is_text(column.type):
        return cells
    column, counts = unwritten(column, source.missing)
    some = read_cells(column.filter(pa.array(shown)), told)
    if some.form.kind is Kind.TEXT:
        return cells
    if some.form == cells.form:
        return replace(cells, others=some.others)
    again = read_again(column, some.form)
    if again.wrong is not None and not told.numeric:
        raise DataError(
            f"Column '{name}' must hold {FORMS[some.form.kind]} in test rows as in all others, however "
            f"{source.at(again.wrong)} says '{column[again.wrong].as_py()}'; correct it or leave the cell empty."
        )
    read = replace(again.cells, missing={**cells.missing, **again.cells.missing}, others=some.others)
    return unmarked(read, source.missing, counts)


def with_ranges_as_classes(source: Source, targets: Sequence[str], asked: Asked) -> Source:
    """With targets that are ranges as what they are called, unless they are to be numbers: they may be classes."""
    ranges = [name for name in targets if source.columns[name].form.notation.composed == "range"]
    found = dict[str, Cells]()
    for name, column in _read(source, [name for name in ranges if name not in asked.numeric]):
        column, counts = unwritten(column, source.missing)
        cells = replace(read_cells(column, Told(categorical=True)), nearly=Nearly(source.columns[name].form, ()))
        found[name] = unmarked(cells, source.missing, counts)
    return replace(source, columns={**source.columns, **found})


def _read(source: Source, names: Sequence[str]) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """Columns as they stand in the input, the rows of the source."""
    if names:
        table = source.file.read(names)
        for name in names:
            yield name, table.column(name).take(pa.array(source.rows))
