"""From columns of the data, of the metadata or of a file to what splits go by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from mthn_automl.data.alarms.parts.columns import features_of, row_keys
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.asked import AUTO, Asked
from mthn_automl.data.dataset import Dataset, Keys, Part
from mthn_automl.data.names import counted, positions
from mthn_automl.data.source import Source
from mthn_automl.errors import DataError, UsageError, did_you_mean

WORDS: Final = {
    "train": Part.TRAIN,
    "training": Part.TRAIN,
    "test": Part.TEST,
    **dict.fromkeys(("vali", "val", "valid", "validation"), Part.VALIDATION),
}
ROW, SPLIT = "row", "split"


def parts_of(source: Source, asked: Asked) -> IntArray | None:
    """(positions,) what each row of the input is for, as the user has said; None where nothing was said.

    Args:
        source: with all its rows; what it has left out, such as lines of names, is for nothing.
        asked: what the user says.

    Raises:
        UsageError: neither a column nor a file has the name. DataError: a word, or a row, that there is not; no row to
            train on.
    """
    if asked.split is None:
        return None
    if asked.split in source.columns:
        part = _of_words(source, asked.split)
    elif Path(asked.split).is_file() and Path(asked.split).is_absolute():
        part = _of_file(asked, source)
    else:
        raise UsageError(
            f"--split must name a column or a file, however there is no '{asked.split}'; "
            f"{did_you_mean(asked.split, source.columns)}"
        )
    if not (part == Part.TRAIN).any():
        raise DataError(f"--split {asked.split} must name training rows by the word train, however it names none.")
    whole = np.full(1 + int(source.rows[-1]), int(Part.UNUSED))
    whole[source.rows] = part
    return whole


def _of_words(source: Source, column: str) -> IntArray:
    """(rows,) of the words train, validation and test; where nothing is said the row is not used."""
    names = source.require(column, "that says train, validation or test").names()
    known = [WORDS.get(name.lower()) for name in names.names]
    for code, part in enumerate(known):
        if part is None and (names.codes == code).any():
            raise DataError(
                f"'{column}' must say train, validation or test, or nothing where a row is not to be used, however "
                f"{source.at(names.first(code))} says '{names.names[code]}'."
            )
    return np.array([*(Part.UNUSED if part is None else part for part in known), Part.UNUSED])[names.codes]


def _of_file(asked: Asked, data: Source) -> IntArray:
    """(rows,) from a file with a line a row: its position in the data, counted from 0, and what it is for."""
    assert asked.split is not None
    source = Source.of(asked.split, "the split", (SPLIT,), reading=asked.reading)
    row = source.require(ROW, "that counts the rows of the data from 0").numbers
    if row is None or not (row == np.floor(row)).all() or (row < 0).any():
        raise DataError(f"Column '{ROW}' of {source.name} must count the rows of the data from 0, however it does not.")
    rows = 1 + int(data.rows[-1])
    beyond = row >= rows
    if beyond.any():
        raise DataError(
            f"Rows of {source.name} must be some of the {rows:,} of {data.name}, counted from 0, however "
            f"{source.at(int(beyond.argmax()))} names row {row[beyond][0]:.0f}."
        )
    place = row.astype(np.int64)
    twice = np.bincount(place, minlength=rows) > 1
    if twice.any():
        raise DataError(f"{source.name} must name a row once, however it names row {int(twice.argmax())} again.")
    _refuse_names(source, place, data)
    part = np.full(rows, int(Part.UNUSED))
    part[place] = _of_words(source, SPLIT)
    return part[data.rows]


def _refuse_names(source: Source, place: IntArray, data: Source) -> None:
    """Raise a DataError where a position is that of a line of names: whoever wrote it counted otherwise."""
    wrong = ~np.isin(place, data.rows)
    if wrong.any():
        row = int(place[wrong][0])
        raise DataError(
            f"{source.name} must name rows of {data.name} by their position, in which lines of column names between "
            f"the rows count too, however row {row} ({data.file.place(row)}) is such a line; remove these lines from "
            "the data, or count them."
        )


@dataclass(frozen=True)
class Grouped:
    """Metadata as seen from the rows.

    Attributes:
        source: a row a task, or a group of tasks.
        by: the columns that name these.
        keys: of the tasks of the data, the name under which each is described.
        task: (rows,) index into `keys`.
    """

    source: Source
    by: Sequence[str]
    keys: Sequence[str]
    task: IntArray

    def of_rows(self, column: str) -> IntArray:
        """(rows,) number of what a column says of each row's task; -1 where it says nothing."""
        described, known = self.source.task_codes(self.by)
        of_task = np.full(len(known) + 1, -1, dtype=np.int64)
        of_task[described] = self.source.columns[column].names().codes
        return np.asarray(of_task[positions(self.keys, known)][self.task])


def keys_of(
    source: Source, described: Grouped | None, asked: Asked, part: IntArray | None
) -> tuple[IntArray | None, Keys, list[str]]:
    """The group of each row, what else splits go by, of the rows of the source, and what there is to say of it.

    Args:
        source: of the data.
        described: the metadata, whose columns may group rows too.
        asked: what the user says.
        part: (positions,) of all rows of the input.
    """
    notes: list[str] = []
    group, called = None, tuple[str, ...]()
    if asked.group is not None and asked.group != AUTO:
        group, called = _group(source, described, asked.group)
        notes.append(_group_note(source, asked, group))
    time, dated = (None, False) if asked.time is None else times_of(source, asked.time)
    if time is not None and np.isnan(time).any():
        missing = counted(int(np.isnan(time).sum()), "row")
        notes.append(f"{missing} without a time in '{asked.time}': always in training.")
    keys = Keys(
        time,
        dated,
        group is not None,
        None if part is None else part[source.rows],
        tuple((name, source.columns[name].form) for name in asked.split_by if name in source.columns),
        called,
    )
    return group, keys, notes


def _group(source: Source, described: Grouped | None, column: str) -> tuple[IntArray, tuple[str, ...]]:
    """(rows,) of a column of the data, else of the task's metadata, and names; a row without one is its own group."""
    called: tuple[str, ...] = ()
    if column in source.columns:
        names = source.columns[column].names()
        group, called = names.codes, names.names
    else:
        assert described is not None
        group = described.of_rows(column)
    return with_own_groups(group, source.rows, max(len(called), 1 + int(group.max(initial=-1)))), called


def with_own_groups(group: IntArray, row: IntArray, first: int) -> IntArray:
    """(rows,) the groups, with those of rows without one (-1) counted from the first: one a row of the input."""
    alone = np.flatnonzero(group < 0)
    group = group.copy()
    group[alone] = first + np.unique(row[alone], return_inverse=True)[1]
    return group


def _group_note(source: Source, asked: Asked, group: IntArray) -> str:
    known = asked.group in source.columns and asked.group not in asked.features
    told = f"; it is no feature, unless --features '{asked.group}' says so" if known else ""
    return f"Rows of the same '{asked.group}' are kept together, {counted(len(np.unique(group)), 'group')}{told}."


def times_of(source: Source, column: str) -> tuple[FloatArray, bool]:
    """(rows,) NaN where missing, and whether it is in seconds since 1970."""
    cells = source.columns[column]
    if cells.dates is not None:
        seconds = cells.dates.astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(np.isnat(cells.dates), np.nan, seconds), True
    if cells.numbers is not None:
        return cells.numbers, False
    assert cells.text is not None
    first = int(cells.known.argmax())
    raise DataError(
        f"--time must name a column of dates or numbers, however '{column}' is text, such as "
        f"'{cells.text.names[int(cells.text.codes[first])] if cells.known.any() else ''}' in {source.at(first)}."
    )


def with_equal_rows_grouped(dataset: Dataset) -> Dataset:
    """Rows that are identical in all features are a group, in whichever tasks they are."""
    features = features_of(dataset)
    if not features:
        raise DataError("--group auto groups rows of identical features, however the data have no feature.")
    group = np.unique(row_keys((each.values for each in features), len(dataset)), return_inverse=True)[1]
    sizes = np.bincount(group)
    note = (
        f"Rows that are identical in all features are kept together: {counted(int((sizes > 1).sum()), 'group')} with "
        f"{counted(int(sizes[sizes > 1].sum()), 'row')}."
    )
    return replace(dataset, group=group, keys=replace(dataset.keys, groups_asked=True), notes=(*dataset.notes, note))
