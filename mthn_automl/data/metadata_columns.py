"""The same rows with other metadata: some of the columns, or one of noise beside them."""

from collections.abc import Container
from dataclasses import replace

import numpy as np

from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column, Schema


def metadata_names(schema: Schema) -> tuple[str, ...]:
    """The columns of metadata as they stand in the input: parts of a date are of one."""
    return tuple(dict.fromkeys(column.read_from for column in schema.metadata))


def with_columns(dataset: Dataset, names: Container[str]) -> Dataset:
    """The columns of metadata that are read from those of these names, with all that is made of them."""
    schema = dataset.schema
    kept = [column.read_from in names for column in schema.metadata]
    if dataset.tasks.metadata is None or not any(kept):
        return dataset.without_metadata()
    numeric = [keep for keep, column in zip(kept, schema.metadata, strict=True) if column.numeric]
    codes = [keep for keep, column in zip(kept, schema.metadata, strict=True) if not column.numeric]
    columns = tuple(column for keep, column in zip(kept, schema.metadata, strict=True) if keep)
    table = Table(dataset.tasks.metadata.numeric[:, numeric], dataset.tasks.metadata.codes[:, codes])
    return _described(dataset, columns, table)


def with_noise(dataset: Dataset, seed: int) -> Dataset:
    """One more column of metadata, of standard normal numbers that say nothing."""
    count, names = len(dataset.tasks), {column.name for column in dataset.schema.metadata}
    name = "noise"
    while name in names:
        name += "_"
    drawn = np.random.default_rng(seed).standard_normal((count, 1))
    known = dataset.tasks.metadata or Table(np.zeros((count, 0)), np.zeros((count, 0), dtype=np.int64))
    table = Table(np.concatenate([known.numeric, drawn], axis=1), known.codes)
    return _described(dataset, (*dataset.schema.metadata, Column(name)), table)


def _described(dataset: Dataset, columns: tuple[Column, ...], table: Table) -> Dataset:
    """Tasks without rows are left out: nothing is known of their noise, and nobody asks for them."""
    return replace(
        dataset,
        schema=replace(dataset.schema, metadata=columns),
        tasks=TaskTable(dataset.tasks.names, table),
        spare=TaskTable((), None),
    )
