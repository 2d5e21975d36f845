"""What looks wrong with data that were read: one alarm a file, with a `find` of its own; the folder is the registry.

An alarm is a suspicion with its evidence. It changes nothing: the sentence says what was found, the advice which option
answers it, and a person decides.
"""

from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mthn_automl.catalogue import members
from mthn_automl.data.alarms.parts.alarm import Alarm, Find
from mthn_automl.data.dataset import Dataset

# A sample holds no more cells than this many columns of `most_rows` rows would.
WIDE = 200
FEWEST_ROWS = 1_000


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
            rows or tasks with each other see all rows whatever this is: a sample would hold one of two equal rows.
        seed: of the sample.

    Returns:
        The alarms, and the sample in words; these are empty where all rows were looked at by every alarm.
    """
    dataset, test = _in_file_order(dataset, test)
    rows = _sample(len(dataset), len(dataset.schema.features), most_rows, seed)
    some = (dataset.take(rows), test[rows]) if len(rows) < len(dataset) else (dataset, test)
    sampled = [name for name in names() if import_module(f"{__name__}.{name}").SAMPLED]
    found = [alarm for name in names() for alarm in finder(name)(*(some if name in sampled else (dataset, test)))]
    return tuple(found), _said(len(rows), len(dataset), sampled, seed)


def _in_file_order(dataset: Dataset, test: NDArray[np.bool_]) -> tuple[Dataset, NDArray[np.bool_]]:
    if (np.diff(dataset.row) >= 0).all():
        return dataset, test
    order = np.argsort(dataset.row, kind="stable")
    return dataset.take(order), test[order]


def _sample(rows: int, columns: int, most_rows: int, seed: int) -> NDArray[np.int64]:
    most = min(most_rows, max(FEWEST_ROWS, most_rows * WIDE // max(columns, 1)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _said(looked_at: int, rows: int, sampled: list[str], seed: int) -> str:
    if looked_at == rows:
        return ""
    return f"{looked_at:,} of {rows:,} rows, drawn at random (seed {seed}), for {' and '.join(sampled)}; else all rows"
