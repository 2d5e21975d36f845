"""What each feature or metadatum is to a model, and which are of no use."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.columns.dates import varying
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.columns.rule import Cells
from mthn_automl.data.columns.text import Names
from mthn_automl.data.names import counted, listed
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source
from mthn_automl.errors import DataError

FOLD_ABOVE = 20
MOST_CATEGORIES = 1_000


def infer_columns(source: Source, names: Iterable[str], noun: str) -> tuple[tuple[Column, ...], list[str]]:
    """The usable columns, and a note for each reason why others are not; `noun` is what notes call a column."""
    usable: list[Column] = []
    ignored: dict[str, list[str]] = {}
    for name in names:
        cells = source.columns[name]
        reason = _useless(cells)
        columns = _columns(name, cells) if reason is None else []
        if columns:
            usable += columns
        else:
            ignored.setdefault(reason or "no category occurs twice", []).append(name)
    _refuse_twins(source, usable)
    notes = [f"Ignored {counted(len(each), noun)}, {why}: {listed(each, 10)}." for why, each in ignored.items()]
    return tuple(usable), notes


def _refuse_twins(source: Source, columns: list[Column]) -> None:
    """Raise a DataError where a part of a date is called as a column of the table is."""
    times = Counter(column.name for column in columns)
    for column in columns:
        if column.part is not None and times[column.name] > 1:
            raise DataError(
                f"No two columns may have the same name, however of the dates in '{column.read_from}' of "
                f"{source.name} '{column.name}' is made, which is a column already; rename it, or --ignore it."
            )


def _columns(name: str, cells: Cells) -> list[Column]:
    """What a model is given of a column: its numbers, its categories, or the parts of its dates that vary."""
    if cells.dates is not None:
        parts = varying(cells.dates)
        return [Column(f"{name} ({part.name})", form=cells.form, part=part, source=name) for part in parts]
    if cells.text is None:
        return [Column(name, form=None if cells.form == Form(Kind.NUMBER) else cells.form)]
    categories = _categories(cells.text)
    return [Column(name, categories)] if categories else []


def _useless(cells: Cells) -> str | None:
    """Why the column tells nothing, if so. One value with gaps is kept: where the gaps are may tell."""
    known = cells.known
    if not known.any():
        return "entirely missing"
    return "constant" if known.all() and _constant(cells) else None


def _constant(cells: Cells) -> bool:
    """Whether a column without gaps has a single value."""
    return bool(cells.values.min() == cells.values.max())


def _categories(names: Names) -> tuple[str, ...]:
    """Names worth an index: in a column of many, those that occur twice, and only the most frequent."""
    counts = names.counts
    used = np.count_nonzero(counts)
    least = 1 if used <= FOLD_ABOVE else 2
    frequent = [(-int(count), name) for count, name in zip(counts, names.names, strict=True) if count >= least]
    return tuple(sorted(name for _, name in sorted(frequent)[:MOST_CATEGORIES]))


def frequent(codes: IntArray, categories: int) -> IntArray:
    """(categories + 1,) new codes of those that are worth one among these rows, by the same rule; -1 of the others.

    codes: (rows,) -1 where missing, which stays -1: the last of the new codes is that.
    """
    counts = np.bincount(codes[codes >= 0], minlength=categories)
    least = 1 if np.count_nonzero(counts) <= FOLD_ABOVE else 2
    kept = np.flatnonzero(counts >= least)
    kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[:MOST_CATEGORIES]])
    renamed = np.full(categories + 1, -1, dtype=np.int64)
    renamed[kept] = np.arange(len(kept))
    return renamed
