"""What looks wrong with data that were read: one alarm a file, with a `find` of its own; the folder is the registry.

An alarm is a suspicion with its evidence. It changes nothing: the sentence says what was found, the advice which option
answers it, and a person decides.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mthn_automl.catalogue import members
from mthn_automl.data.alarms.parts.alarm import Alarm, Find, Sees
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.errors import DataError

WIDE, FEWEST_ROWS = 200, 1_000
"""A sample has no more cells than this many columns of `most_rows` rows, but always this many rows."""
COMPARED = 50
"""Times `most_rows` that are looked at in whole tasks."""


def names() -> tuple[str, ...]:
    """All alarms, in alphabetical order."""
    return members(Path(__file__))


def finder(name: str) -> Find:
    """The function `find` of an alarm.

    It takes a dataset whose rows are in the order of the file, and (rows,) true where a row is sealed for the test.
    """
    find: Find = import_module(f"{__name__}.{name}").find
    return find


def alarms(
    dataset: Dataset, test: NDArray[np.bool_], *, most_rows: int = 20_000, seed: int = 0
) -> tuple[tuple[Alarm, ...], str]:
    """All that is found, by the names of the alarms, and which rows were looked at.

    Args:
        dataset: in any order of rows.
        test: (rows,) true where a row is sealed for the test.
        most_rows: of more, the alarms that weigh values against each other see a random sample. Those that compare
            rows or tasks with each other see 50 times as many, in whole tasks, since a sample of rows would hold one
            of two equal ones. Those that only count see all.
        seed: of the samples.

    Returns:
        The alarms, and the samples in words; these are empty where every alarm looked at all rows.
    """
    dataset, test = _in_file_order(dataset, test)
    sees: dict[str, Sees] = {name: import_module(f"{__name__}.{name}").SEES for name in names()}
    rows = _some_rows(len(dataset), len(dataset.schema.features), most_rows, seed)
    whole = _some_tasks(dataset.task, COMPARED * most_rows, seed)
    shown = {
        Sees.ROWS: _taken(dataset, test, rows),
        Sees.TASKS: _taken(dataset, test, whole),
        Sees.ALL: (dataset, test),
    }
    found = [alarm for name, seen in sees.items() for alarm in finder(name)(*shown[seen])]
    sampled = [name for name, seen in sees.items() if seen is Sees.ROWS]
    return tuple(found), _said(len(rows), len(whole), len(dataset), sampled, seed)


def refuse(found: Sequence[Alarm]) -> None:
    """Make errors of alarms.

    Raises:
        DataError: there are any.
    """
    if found:
        more = f" Besides: {', '.join(sorted({each.name for each in found[1:]}))}." if len(found) > 1 else ""
        raise DataError(f"--strict allows no alarm, however there {_are(len(found))}: {found[0]}{more}")


def _are(number: int) -> str:
    return "is one" if number == 1 else f"are {number:,}, of which the first"


def _in_file_order(dataset: Dataset, test: NDArray[np.bool_]) -> tuple[Dataset, NDArray[np.bool_]]:
    if (np.diff(dataset.row) >= 0).all():
        return dataset, test
    order = np.argsort(dataset.row, kind="stable")
    return dataset.take(order), test[order]


def _taken(dataset: Dataset, test: NDArray[np.bool_], rows: IntArray) -> tuple[Dataset, NDArray[np.bool_]]:
    return (dataset, test) if len(rows) == len(dataset) else (dataset.take(rows), test[rows])


def _some_rows(rows: int, columns: int, most_rows: int, seed: int) -> IntArray:
    most = min(most_rows, max(FEWEST_ROWS, most_rows * WIDE // max(columns, 1)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _some_tasks(task: IntArray, most: int, seed: int) -> IntArray:
    """The rows of tasks drawn until no more fit; the first rows of the file where not even one task does."""
    if len(task) <= most:
        return np.arange(len(task))
    sizes = np.bincount(task)
    drawn = np.random.default_rng(seed).permutation(len(sizes))
    rows = np.flatnonzero(np.isin(task, drawn[np.cumsum(sizes[drawn]) <= most]))
    return rows if len(rows) else np.arange(most)


def _said(by_rows: int, by_tasks: int, rows: int, sampled: list[str], seed: int) -> str:
    if by_rows == rows:
        return ""
    some = f"{by_rows:,} of {rows:,} rows, drawn at random (seed {seed}), for {' and '.join(sampled)}; else "
    return some + ("all rows" if by_tasks == rows else f"{by_tasks:,} rows, in whole tasks")
