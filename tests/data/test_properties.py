"""What holds for all data, tried on data that Hypothesis makes up: formats change nothing, nor does any order of rows
and columns, and test rows teach nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mthn_automl.data.columns.rule import Cells, read_cells
from mthn_automl.data.columns.text import tidy
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.read import read_dataset
from mthn_automl.models.ridge import Ridge, RidgeSettings
from mthn_automl.run.options import Options
from mthn_automl.run.prepare import Inputs, prepare
from mthn_automl.tuning.arrays import to_parts
from tests.data.formats.kinds import KINDS, to_pandas

every_kind = pytest.mark.parametrize("kind", KINDS)


def few(examples: int) -> Any:
    """So many made-up examples, the same in every run; `tmp_path` is one folder for all of them, which does no harm."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


LETTERS = st.characters(exclude_categories=["C", "Z"])
WORDS = st.text(LETTERS, max_size=8).map(lambda word: f"w {word}")
"""Words that nobody takes for a number, a date or a gap."""
FLOATS = st.floats(-1e99, 1e99)
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "real": FLOATS,
    "whole": st.integers(-(2**53), 2**53),
    "text": WORDS,
    "truth": st.booleans(),
    "day": st.dates(date(1904, 1, 2), date(2200, 1, 1)),
    "moment": st.datetimes(datetime(1904, 1, 2), datetime(2200, 1, 1)).map(lambda each: each.replace(microsecond=0)),
}
"""Excel's calendar begins in 1904, or a little before with a day that there was not; it has no microseconds."""


@st.composite
def tables(draw: Any) -> pa.Table:
    """Columns of all types, with gaps, but not in the first row."""
    rows = draw(st.integers(1, 6))
    columns = {
        name: [draw(cells), *(draw(st.none() | cells) for _ in range(rows - 1))] for name, cells in CELLS.items()
    }
    types = {"day": pa.date32(), "moment": pa.timestamp("us")}
    return pa.table({name: pa.array(cells, types.get(name)) for name, cells in columns.items()})


def kept(kind: str, table: pa.Table) -> pa.Table:
    """What a format can hold: in a workbook no row that is empty, no zero below zero, and numbers of 15 digits."""
    if kind != "workbook":
        return table
    for place, column in enumerate(table.columns):
        if pa.types.is_floating(column.type):
            numbers = [None if each is None else float(f"{each:.15g}") + 0.0 for each in column.to_pylist()]
            table = table.set_column(place, table.column_names[place], pa.array(numbers, pa.float64()))
    return table.filter(pa.array([any(cell is not None for cell in row.values()) for row in table.to_pylist()]))


@every_kind
@few(8)
@given(table=tables())
def test_what_is_written_is_read_in_every_format(kind: str, tmp_path: Path, table: pa.Table) -> None:
    table = kept(kind, table)
    found = open_table(KINDS[kind].write(table, tmp_path / "data"), "the data").read()
    for name, column in zip(table.column_names, table.columns, strict=True):
        cells, wanted = read_cells(found[name]), column.to_pylist()
        if name == "text":
            assert called(cells) == [None if each is None else tidy(each) for each in wanted]
        elif name in ("day", "moment"):
            assert cells.dates is not None
            dates = [np.datetime64("NaT" if each is None else each, "us") for each in wanted]
            np.testing.assert_array_equal(cells.dates, dates)
        else:
            assert cells.numbers is not None
            numbers = np.array([np.nan if each is None else float(each) for each in wanted])
            np.testing.assert_array_equal(cells.numbers, numbers)


def called(cells: Cells) -> list[str | None]:
    names = cells.names()
    return [None if code < 0 else names.names[code] for code in names.codes]


@st.composite
def tasks(draw: Any, rows: int = 18) -> pa.Table:
    """Rows of three tasks, numbers, words and dates, with gaps; the target varies."""
    cells = {name: CELLS[name] for name in ("whole", "truth", "day")}
    cells |= {"real": st.floats(-1e6, 1e6), "text": st.sampled_from(["w a", "w \u00fc", "w x\u00a0y"])}
    columns = {name: draw(st.lists(st.none() | each, min_size=rows, max_size=rows)) for name, each in cells.items()}
    names = draw(st.lists(st.sampled_from(["a", "01", "\u00e9"]), min_size=rows - 6, max_size=rows - 6))
    target = draw(st.lists(st.floats(-1e6, 1e6), min_size=rows - 3, max_size=rows - 3))
    return pa.table(
        {
            "task": ["a", "01", "\u00e9"] * 2 + names,
            **{name: pa.array(each, pa.date32() if name == "day" else None) for name, each in columns.items()},
            "target": [0.5, 1.5, 2.5, *target],
        }
    )


def same(one: Dataset, other: Dataset) -> None:
    """To the bit, but for how dates are written."""
    assert plain(one) == plain(other)
    for a, b in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(a.view(np.uint8), b.view(np.uint8))


def plain(dataset: Dataset) -> Any:
    columns = [
        replace(each, form=None if each.form is None else replace(each.form, date=""))
        for each in (*dataset.schema.features, *dataset.schema.metadata)
    ]
    return replace(dataset.schema, features=(), metadata=()), columns, dataset.tasks.names


def arrays(dataset: Dataset) -> list[Any]:
    tables = [dataset.features, *([] if dataset.tasks.metadata is None else [dataset.tasks.metadata])]
    return [np.ascontiguousarray(each) for table in tables for each in (table.numeric, table.codes)] + [
        dataset.task,
        dataset.target,
        dataset.row,
    ]


def learnt(rows: Dataset) -> dict[str, Any]:
    """What ridge learns of these rows, by name."""
    return to_parts(fitted(rows).state())[1]


def fitted(rows: Dataset) -> Ridge:
    model = Ridge(RidgeSettings())
    model.fit(rows, flags=Flags.of(rows), seed=0)
    return model


def assert_equal_to_the_bit(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@every_kind
@few(3)
@given(table=tasks())
def test_the_same_data_give_the_same_dataset_and_model_from_every_format(
    kind: str, tmp_path: Path, table: pa.Table
) -> None:
    table = kept(kind, table)
    wanted = read_dataset(to_pandas(table, tmp_path))
    found = read_dataset(KINDS[kind].write(table, tmp_path / "data"))
    same(found, wanted)
    assert_equal_to_the_bit(learnt(found), learnt(wanted))


@few(15)
@given(table=tasks(), data=st.data())
def test_rows_and_columns_in_another_order_change_nothing_but_rounding(table: pa.Table, data: st.DataObject) -> None:
    rows = np.array(data.draw(st.permutations(range(len(table)))))
    names = data.draw(st.permutations(table.column_names))
    one, other = read_dataset(table), read_dataset(table.select(names).take(pa.array(rows)))
    assert columns_of(other) == {name: each[rows].tolist() for name, each in named(one).items()}
    np.testing.assert_allclose(
        fitted(other).predict(other), fitted(one).predict(one)[rows], rtol=1e-4, atol=1e-5 * np.std(one.target)
    )


def columns_of(dataset: Dataset) -> dict[str, list[Any]]:
    return {name: each.tolist() for name, each in named(dataset).items()}


def named(dataset: Dataset) -> dict[str, Any]:
    """Arrays by the names of columns; those of tasks hold names. Gaps are None, which is equal to itself."""
    found = {"task": np.array(dataset.tasks.names)[dataset.task], "target": dataset.target}
    metadata = dataset.tasks.metadata
    tables = [(dataset.schema.features, dataset.features)]
    if metadata is not None:
        tables.append((dataset.schema.metadata, metadata.take(dataset.task)))
    for columns, table in tables:
        numeric, codes = iter(table.numeric.T), iter(table.codes.T)
        for column in columns:
            values = next(numeric if column.numeric else codes)
            found[column.name] = np.where(np.isnan(values), None, values.astype(object))
    return found


@few(15)
@given(table=tasks(rows=30), data=st.data())
def test_what_test_rows_hold_teaches_nothing(table: pa.Table, data: st.DataObject) -> None:
    """Their targets and features are others, though none that training has not."""
    options = Options.parsed(data=table, architectures="ridge")
    one = prepare(Inputs(table, None, None), options)
    sealed = np.isin(np.arange(len(table)), one.all_rows.row[one.test_mask])
    other = prepare(Inputs(exchanged(table, sealed, data), None, None), options)
    np.testing.assert_array_equal(other.test_mask, one.test_mask)
    rows = [each.all_rows.take(np.flatnonzero(~each.test_mask)) for each in (one, other)]
    assert_equal_to_the_bit(learnt(rows[0]), learnt(rows[1]))


def exchanged(table: pa.Table, sealed: Any, data: st.DataObject) -> pa.Table:
    """Cells of the sealed rows change places, each column for itself; numbers become others."""
    places = np.flatnonzero(sealed)
    columns: dict[str, Sequence[Any]] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        cells = column.to_pylist()
        if name != "task":
            moved = data.draw(st.permutations([cells[place] for place in places]))
            for place, cell in zip(places, moved, strict=True):
                cells[place] = 3.0 * cell + 1.0 if isinstance(cell, float) else cell
        columns[name] = pa.array(cells, column.type)
    return pa.table(columns)
