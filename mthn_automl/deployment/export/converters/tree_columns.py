"""The columns that trees see of rows, as `TreeColumns` makes them."""

from collections.abc import Iterator

import numpy as np

from mthn_automl.deployment.export.encoding import DOUBLE, FLOAT, looked_up
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.models.base import Classical
from mthn_automl.models.parts.target_means import TargetMeans
from mthn_automl.models.parts.tree_columns import TreeColumns


def matrix(rows: Rows, model: Classical, columns: TreeColumns) -> str:
    """(rows, columns) double precision: native categories, numbers, those of metadata, target means; NaN if missing."""
    parts = [*_native(rows, model, columns), *numbers(rows, columns), *_means(rows, model, columns)]
    return rows.graph.add("Concat", *parts, axis=1) if parts else rows.repeated(np.zeros(1))


def spread_matrix(rows: Rows, model: Classical, columns: TreeColumns) -> str:
    """As `matrix`, of single precision values and with a column a native category, as forests see it."""
    graph, parts = rows.graph, []
    for ranked, count in zip(_native(rows, model, columns), columns.levels, strict=True):
        parts.append(
            graph.add("Cast", graph.add("Equal", ranked, graph.constant([np.arange(count, dtype=float)])), to=DOUBLE)
        )
    parts += [*numbers(rows, columns), *_means(rows, model, columns)]
    if not parts:
        return rows.repeated(np.zeros(1))
    joined = graph.add("Concat", *parts, axis=1)
    return graph.add("Cast", graph.add("Cast", joined, to=FLOAT), to=DOUBLE)


def numbers(rows: Rows, columns: TreeColumns) -> Iterator[str]:
    """Numeric features, and metadata where they are used."""
    if rows.features.numeric is not None:
        yield rows.features.numeric
    if columns.metadata_numbers:
        assert rows.metadata is not None
        assert rows.metadata.numeric is not None
        yield rows.metadata.numeric


def _codes(rows: Rows, columns: TreeColumns) -> Iterator[tuple[str, bool]]:
    """Of each categorical column but the task (rows, 1) codes, and whether target means stand in for them."""
    metadata = rows.metadata.codes if columns.metadata_sizes and rows.metadata is not None else ()
    sizes = columns.feature_sizes + columns.metadata_sizes
    for codes, size in zip((*rows.features.codes, *metadata), sizes, strict=True):
        yield codes, columns.most_native is not None and size > columns.most_native


def _native(rows: Rows, model: Classical, columns: TreeColumns) -> Iterator[str]:
    """(rows, 1) each."""
    native = [codes for codes, as_mean in _codes(rows, columns) if not as_mean]
    for codes, ranks in zip(native, columns.ranks, strict=False):
        yield looked_up(rows.graph, ranks, codes)
    if len(columns.ranks) > len(native):  # the task is the last
        yield rows.of_tasks(by_task(rows, model, columns.ranks[-1][:, np.newaxis]))


def _means(rows: Rows, model: Classical, columns: TreeColumns) -> Iterator[str]:
    """(rows, outputs) each."""
    graph, by_mean = rows.graph, [codes for codes, as_mean in _codes(rows, columns) if as_mean]
    for codes, means in zip(by_mean, columns.means, strict=False):
        if _has_columns(means):
            yield graph.add("Squeeze", looked_up(graph, means.table, codes), graph.constant([1]))
    if columns.task_as_mean and _has_columns(columns.means[-1]):
        yield rows.of_tasks(by_task(rows, model, columns.means[-1].table))


def _has_columns(means: TargetMeans) -> bool:
    return bool(means.table.shape[1])


def by_task(rows: Rows, model: Classical, values: np.ndarray) -> np.ndarray:
    """(known tasks + 1, ...) of (trained tasks + 1, ...), whose last row is for all other tasks."""
    table = np.repeat(values[-1:], rows.known + 1, axis=0)
    table[np.arange(len(values) - 1) if model.trained is None else model.trained] = values[:-1]
    return table
