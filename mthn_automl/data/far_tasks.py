"""New tasks whose metadata lie farther from all tasks of training than those lie from each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Table, TaskTable
from mthn_automl.data.names import counted, listed
from mthn_automl.data.scaling import drawn_in, moments
from mthn_automl.data.schema import Column

USUAL = 0.99
"""Share of the tasks of training whose distance to the nearest other is usual; of fewer than 100 tasks all are."""

FEWEST = 3
"""Different descriptions of tasks, below which there is no usual distance."""

MOST_COMPARED = 500
"""Tasks of training whose own distances are looked at."""

MOST_NAMED = 3
TELLING = 0.5
"""Share of a squared distance that the columns named make up."""


@dataclass(frozen=True)
class _Far:
    """A task; its distance from the nearest of training, in standard deviations; the columns that make it up."""

    name: str
    distance: float
    columns: tuple[str, ...]


def far_note(columns: Sequence[Column], known: TaskTable, new: TaskTable, table: str) -> tuple[str, ...]:
    """A sentence on the new tasks whose metadata lie outside of what training has seen; none where none do.

    Numbers are in units of their standard deviation over the tasks of training; categories that differ are one apart;
    what is missing, or unknown, is taken for the mean. A new task is outside if it is farther from the nearest task of
    training than 99 % of these are from their nearest other. A task like them is so with a probability of about 1 %, or
    1 / (tasks + 1) where that is more, whatever the metadata are (conformal prediction: Vovk, Gammerman, Shafer:
    Algorithmic Learning in a Random World, 2005).

    Args:
        columns: of the metadata.
        known: tasks of training.
        new: tasks that are not.
        table: what the sentence calls the data.

    Example:
        >>> known = TaskTable(("a", "b", "c"), Table(np.array([[1.0], [2.0], [3.0]]), np.zeros((3, 0), dtype=int)))
        >>> new = TaskTable(("d",), Table(np.array([[9.0]]), np.zeros((1, 0), dtype=int)))
        >>> far_note([Column("size")], known, new, "new.csv")[0][:46]
        'new.csv: the metadata of 1 task lie outside of'
    """
    if known.metadata is None or new.metadata is None:
        return ()
    described = np.isfinite(new.metadata.numeric).any(axis=1) | (new.metadata.codes >= 0).any(axis=1)
    new = new.take(np.flatnonzero(described))
    usual, found = _far(columns, known.metadata, new)
    if not found:
        return ()
    shown = [f"'{each.name}' is {each.distance:.3g} from it, by {listed(each.columns)}" for each in found[:MOST_NAMED]]
    more = f"; and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
    return (
        f"{table}: the metadata of {counted(len(found), 'task')} lie outside of what training has seen: tasks of "
        f"training lie within {usual:.3g} standard deviations of the nearest other, however {'; '.join(shown)}{more}. "
        "Predictions for them are extrapolated.",
    )


def _far(columns: Sequence[Column], known: Table, new: TaskTable) -> tuple[float, list[_Far]]:
    """The usual distance, and the new tasks beyond it, the farthest first."""
    from scipy.spatial import KDTree

    assert new.metadata is not None
    scaling, sizes = moments(known.numeric), [len(each.categories or ()) for each in columns if not each.numeric]
    points = np.unique(_encoded(known, scaling, sizes), axis=0)
    if len(points) < FEWEST or len(new) == 0:
        return 0.0, []
    tree = KDTree(points)
    compared = points[:: -(-len(points) // MOST_COMPARED)]
    usual = float(np.quantile(np.asarray(tree.query(compared, k=2)[0])[:, 1], USUAL, method="higher"))
    asked = _encoded(new.metadata, scaling, sizes)
    distances, nearest = map(np.asarray, tree.query(asked))
    parts = (asked - points[nearest]) ** 2
    names = _names(columns, sizes)
    outside = [task for task in np.argsort(-distances, kind="stable") if distances[task] > usual * (1.0 + 1e-9)]
    return usual, [_Far(new.names[task], float(distances[task]), _telling(parts[task], names)) for task in outside]


def _encoded(table: Table, scaling: tuple[FloatArray, FloatArray], sizes: Sequence[int]) -> FloatArray:
    """(tasks, width): standardised numbers, then a column a category."""
    parts = [np.asarray(drawn_in((table.numeric - scaling[0]) / scaling[1], np))]
    for codes, size in zip(table.codes.T, sizes, strict=True):
        parts.append((codes[:, None] == np.arange(size)) / np.sqrt(2.0))
    return np.concatenate(parts, axis=1)


def _names(columns: Sequence[Column], sizes: Sequence[int]) -> list[str]:
    """The column that each encoded one is of."""
    numeric = [each.name for each in columns if each.numeric]
    categories = [each.name for each in columns if not each.numeric]
    return [*numeric, *(name for name, size in zip(categories, sizes, strict=True) for _ in range(size))]


def _telling(squares: FloatArray, names: Sequence[str]) -> tuple[str, ...]:
    """The fewest columns that make up most of a squared distance, those that add most first."""
    by_name: dict[str, float] = {}
    for name, square in zip(names, squares.tolist(), strict=True):
        by_name[name] = by_name.get(name, 0.0) + square
    order = sorted(by_name, key=lambda name: -by_name[name])
    sums = np.cumsum([by_name[name] for name in order])
    return tuple(order[: 1 + int(np.searchsorted(sums, TELLING * sums[-1]))])
