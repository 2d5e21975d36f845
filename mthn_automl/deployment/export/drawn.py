"""Rows drawn from what a model knows of its columns: ranges, categories, tasks, what is missing and what is unknown."""

from collections.abc import Sequence

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.dates import MICROSECONDS_A_DAY, part_of
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column
from mthn_automl.deployment.export.meaning import marked_numbers
from mthn_automl.deployment.predictor import Predictor

ROWS = 200
NEW = 20
"""Tasks never seen, of which every second is described."""

MISSING = 0.1
"""Share of cells."""

BEYOND = 0.2
"""Of a range, that numbers are drawn from on either side of it."""

USUAL = (-2.0, 2.0)
"""A range where none is known."""


def drawn_rows(predictor: Predictor, task: int | None = None) -> Dataset:
    """Some rows. task: the number of the one task that all are of."""
    random, schema, tasks = np.random.default_rng(0), predictor.schema, predictor.tasks
    described = None
    if tasks.metadata is not None:
        described = _table(random, schema.metadata, NEW, schema.missing)
        described.numeric[::2], described.codes[::2] = np.nan, -1
    known = tasks.joined(TaskTable(tuple(f"a task never seen {number}" for number in range(NEW)), described))
    if schema.described == schema.task:
        known = known.joined(predictor.spare.take(np.arange(min(NEW, len(predictor.spare)))))
    number = random.integers(len(known), size=ROWS) if task is None else np.full(ROWS, task)
    return Dataset(
        schema,
        _table(random, schema.features, ROWS, schema.missing),
        number,
        np.empty((ROWS, 0)),
        np.arange(ROWS),
        known,
        predictor.spare,
        exposure=None if schema.offset is None else random.uniform(0.5, 5.0, ROWS),
    )


def _table(random: np.random.Generator, columns: Sequence[Column], rows: int, missing: Sequence[str]) -> Table:
    """missing: cells that count so; a number that is drawn and is one of them is missing, as where rows are read."""
    numeric, codes = [], []
    dates = {each.read_from: _dates(random, columns, each.read_from, rows) for each in columns if each.part}
    for column in columns:
        if column.categories is not None:
            codes.append(random.integers(-1, max(1, len(column.categories)), size=rows))
            continue
        values = _numbers(random, column.range or USUAL, rows)
        values[np.isin(values, marked_numbers(column.written, missing))] = np.nan
        numeric.append(values if column.part is None else part_of(column.part, dates[column.read_from]))
    shaped = [each.clip(-1, len(of) - 1) for each, of in zip(codes, _categories(columns), strict=True)]
    return Table(
        np.array(numeric, dtype=np.float64).reshape(len(numeric), rows).T.copy(),
        np.array(shaped, dtype=np.int64).reshape(len(shaped), rows).T.copy(),
    )


def _categories(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    return [each.categories for each in columns if each.categories is not None]


def _numbers(random: np.random.Generator, limits: tuple[float, float], rows: int) -> FloatArray:
    low, high = limits
    margin = BEYOND * (high - low)
    values = random.uniform(low - margin, high + margin, rows)
    whole = random.random(rows) < 0.5 if high - low >= 2.0 else np.zeros(rows, dtype=bool)
    values[whole] = np.round(values[whole])
    values[random.random(rows) < MISSING] = np.nan
    return values


def _dates(random: np.random.Generator, columns: Sequence[Column], name: str, rows: int) -> np.ndarray:
    """(rows,) of a column of the input, within the days of training."""
    parts = [each for each in columns if each.read_from == name and each.part is not None]
    days = next((each for each in parts if each.part is not None and each.part.name == "days"), None)
    limits = (days.range or (0.0, 1000.0)) if days is not None else (0.0, 1000.0)
    origin = days.part.origin if days is not None and days.part is not None else 0.0
    values = (_numbers(random, limits, rows) + origin) * MICROSECONDS_A_DAY
    exact = np.round(np.nan_to_num(values)).astype(np.int64).view("datetime64[us]")
    return np.where(np.isnan(values), np.datetime64("NaT"), exact)
