"""Wide tables: each target column is a task on shared rows; they give what the long form gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data import memory
from mthn_automl.data.alarms import alarms
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.splits.parts.choice import Question, Sealed, development_of, seal
from mthn_automl.data.stream import RowStream
from mthn_automl.errors import DataError, UsageError
from tests.data.again import again

ITEMS = ("curse", "scold", "shout", "hit")
META = pd.DataFrame({"task": ITEMS, "situ": ["self", "other", "self", "other"], "hard": [0.1, 0.4, 0.5, 0.9]})


def people(classes: bool = False, rows: int = 30) -> pd.DataFrame:
    """Persons who answer items; a tenth of the answers are missing, and one person gave none."""
    random = np.random.default_rng(0)
    wide = pd.DataFrame({"person": [f"p{k:02d}" for k in range(rows)], "age": random.normal(size=rows)})
    wide["sex"] = random.choice(["m", "f"], size=rows)
    for item in ITEMS:
        answers: Any = random.choice(["yes", "no"], size=rows) if classes else random.normal(size=rows)
        wide[item] = pd.Series(answers, dtype=object if classes else float).where(random.random(rows) > 0.1)
    wide.loc[wide.index == 7, list(ITEMS)] = None
    return wide


def long_of(wide: pd.DataFrame) -> pd.DataFrame:
    """A row an answer, those of one person behind each other."""
    long = wide.melt(["person", "age", "sex"], list(ITEMS), "task", "target", ignore_index=False)
    return long.sort_index(kind="stable").dropna(subset="target")


def read(wide: pd.DataFrame | Path, meta: Any = META, **more: Any) -> Dataset:
    return read_dataset(wide, meta, wide=True, target=ITEMS, id="person", **more)


@pytest.mark.parametrize("ending", ["frame", ".csv", ".parquet"])
@pytest.mark.parametrize("classes", [False, True], ids=["numbers", "classes"])
def test_a_wide_table_gives_what_the_long_one_gives(classes: bool, ending: str, tmp_path: Path) -> None:
    given: Any = people(classes)
    if ending != "frame":
        path = tmp_path / f"data{ending}"
        given.to_csv(path, index=False) if ending == ".csv" else given.to_parquet(path)
        given = path
    wide, long = read(given), read_dataset(long_of(people(classes)), META, id="person")
    assert (wide.schema.features, wide.schema.classes, wide.schema.metadata) == (
        *(long.schema.features, long.schema.classes, long.schema.metadata),
    )
    assert (wide.tasks.names, wide.spare.names) == (long.tasks.names, long.spare.names)
    for one, other in (
        (wide.features.numeric, long.features.numeric),
        (wide.features.codes, long.features.codes),
        (wide.task, long.task),
        (wide.target, long.target),
        (wide.tasks.metadata.numeric, long.tasks.metadata.numeric),  # type: ignore[union-attr]
    ):
        np.testing.assert_array_equal(one, other)
    assert wide.id.to_pylist() == long.id.to_pylist()  # type: ignore[union-attr]


def test_the_column_that_names_tasks_may_be_called_as_the_targets_usually_are() -> None:
    meta = META.rename(columns={"task": "target"})
    found = read_dataset(people(), meta, target=ITEMS, wide=True, task="target")
    usual = read_dataset(people(), META, target=ITEMS, wide=True)
    assert (found.schema.task, found.tasks.names) == (("target",), usual.tasks.names)
    np.testing.assert_array_equal(found.target, usual.target)
    asked = people().drop(columns=[*ITEMS])
    assert len(again(found, asked, meta)) == len(again(usual, asked, META)) == 4 * len(asked)


def test_what_was_made_of_it_is_said_and_columns_are_those_of_the_table() -> None:
    dataset = read(people())
    cells = int(people()[list(ITEMS)].notna().sum().sum())
    assert any("wide: each of its 4 target columns is a task" in note for note in dataset.notes)
    assert any(f"; {cells} of 120 cells have a value" in note for note in dataset.notes)
    assert "the data: 1 row dropped because all targets are missing." in dataset.notes
    roles = {each.name: (each.role, each.cells) for each in dataset.account if each.role != "metadata"}
    assert roles == {
        "age": ("feature", 30),
        "sex": ("feature", 30),
        "person": ("id", 30),
        **dict.fromkeys(ITEMS, ("target", 30)),
    }


def sealed(dataset: Dataset, seed: int = 0, **asked: Any) -> Sealed:
    return seal(dataset, Question(**asked), seed)


def test_rows_that_were_one_are_one_group_and_are_split_together() -> None:
    dataset = read(people())
    assert dataset.group is not None
    assert dataset.group.tolist() == dataset.row.tolist()
    found = sealed(dataset)
    assert 0 < found.test.sum() < len(dataset)
    assert not set(dataset.row[found.test]) & set(dataset.row[~found.test])
    rest = dataset.take(np.flatnonzero(~found.test))
    folds = found.deal(rest, 3, seed=0)
    assert set(folds) - {-1} == {0, 1, 2}
    assert len(set(zip(rest.row, folds, strict=True))) == len(np.unique(rest.row))


def test_groups_that_are_asked_for_hold_whole_rows_and_a_row_without_one_is_its_own() -> None:
    ward = ["a", "b", None] * 10
    dataset = read(people().assign(ward=ward), group="ward")
    assert dataset.group is not None
    groups = {(row, group) for row, group in zip(dataset.row, dataset.group, strict=True)}
    assert len(groups) == len(np.unique(dataset.row)) == 29
    assert len({group for _, group in groups}) == 12


def test_rows_may_be_grouped_by_what_they_are_known_by() -> None:
    dataset = read(people().assign(person=["p", "q", "r"] * 10), group="person")
    assert len(np.unique(dataset.group)) == 3
    assert [each.role for each in dataset.account if each.name == "person"] == ["group, id"]
    assert [column.name for column in dataset.schema.features] == ["age", "sex"]
    assert dataset.id is not None


def test_the_last_rows_by_time_are_whole_ones_too() -> None:
    dataset = read(people().assign(day=np.arange(30) // 2), time="day")
    found = seal(dataset, Question(time="day"), seed=0)
    test, rest = dataset.take(np.flatnonzero(found.test)), dataset.take(np.flatnonzero(~found.test))
    assert test.row.min() > rest.row.max()
    assert test.row.min() % 2 == 0  # rows of one day stay together
    folds = found.deal(rest, 3, seed=0)
    assert len(set(zip(rest.row, folds, strict=True))) == len(np.unique(rest.row))
    assert all(rest.row[folds == fold].min() > rest.row[folds < fold].max() for fold in range(3))


def test_each_new_row_is_predicted_for_every_task_and_for_new_ones_that_are_described() -> None:
    known, new = read(people()), people(rows=5).drop(columns=list(ITEMS))
    rows = again(known, new)
    assert rows.row.tolist() == np.repeat(np.arange(5), 4).tolist()
    assert [rows.tasks.names[task] for task in rows.task[:4]] == list(ITEMS)
    assert rows.notes == ()
    described = again(known, new, pd.DataFrame({"task": ["spit", "curse"], "situ": "self", "hard": [0.7, 0.2]}))
    assert [described.tasks.names[task] for task in described.task[:5]] == [*ITEMS, "spit"]


@pytest.mark.parametrize("described", [True, False])
def test_target_columns_that_were_held_out_are_predicted_as_well(described: bool, tmp_path: Path) -> None:
    dataset, path = read(people(), META if described else None), tmp_path / "new.csv"
    known = development_of(dataset, np.isin(dataset.task, [1, 3]))
    people(rows=5).drop(columns=list(ITEMS)).to_csv(path, index=False)
    rows = again(known, path)
    assert set(known.tasks.names) == {"curse", "shout"}
    assert [rows.tasks.names[task] for task in rows.task] == list(ITEMS) * 5
    said = f"10 rows of 2 tasks not seen in training, {10 if described else 0} of these rows with metadata"
    assert said in rows.notes[0]
    pieces = list(RowStream(path, schema=known.schema, tasks=known.tasks, spare=known.spare, rows_at_once=8))
    assert [[piece.tasks.names[task] for task in piece.task] for piece in pieces][-1] == list(ITEMS)
    if described:
        assert rows.tasks.metadata is not None
        assert rows.tasks.metadata.numeric[:, 0].tolist() == [0.1, 0.5, 0.4, 0.9]


def test_pieces_of_a_file_are_what_the_whole_is(tmp_path: Path) -> None:
    known, path = read(people()), tmp_path / "new.csv"
    people().to_csv(path, index=False)
    whole = again(known, path)
    pieces = list(RowStream(path, schema=known.schema, tasks=known.tasks, spare=known.spare, rows_at_once=28))
    assert [len(piece) for piece in pieces] == [28, 28, 28, 28, 8]
    for name in ("row", "task"):
        np.testing.assert_array_equal(np.concatenate([getattr(each, name) for each in pieces]), getattr(whole, name))


def test_test_rows_may_lack_some_targets_and_have_others_that_are_not_known() -> None:
    rows = again(read(people()), people(rows=6).drop(columns="hit").assign(extra=1.0), need_target=True)
    assert {rows.tasks.names[task] for task in rows.task} == {"curse", "scold", "shout"}
    with pytest.raises(DataError, match="must have a column 'curse' to compare predictions with"):
        again(read(people()), people()[["person", "age", "sex"]], need_target=True)


@pytest.mark.parametrize("classes", [False, True], ids=["numbers", "classes"])
@pytest.mark.parametrize("empty", [None, np.nan, pd.NaT], ids=["nothing", "numbers", "dates"])
@pytest.mark.parametrize("as_file", [True, False], ids=["file", "frame"])
def test_a_target_of_which_no_cell_is_known_has_no_kind(
    classes: bool, empty: object, as_file: bool, tmp_path: Path
) -> None:
    given: Any = people(classes).assign(**{ITEMS[0]: empty})
    if as_file:
        given.to_csv(tmp_path / "data.csv", index=False)
        given = tmp_path / "data.csv"
    dataset = read(given, None)
    assert set(dataset.tasks.names) == set(ITEMS[1:])
    assert any(f"no cell of '{ITEMS[0]}' is known" in note for note in dataset.notes)
    rest = read_dataset(people(classes).drop(columns=ITEMS[0]), wide=True, target=ITEMS[1:], id="person")
    np.testing.assert_array_equal(dataset.target, rest.target)
    assert len(again(dataset, people(classes).drop(columns=list(ITEMS)))) == 30 * len(ITEMS)


def test_a_target_of_which_no_cell_is_known_is_no_task_but_is_described() -> None:
    dataset = read(people().assign(hit=None))
    assert dataset.tasks.names == ("curse", "scold", "shout")
    assert dataset.spare.names == ("hit",)


REFUSED = {
    "kinds": ({"hit": ["yes", "no"] * 15}, {}, DataError, "must all hold numbers or all hold classes, .* 'hit' holds"),
    "task": ({"task": "a"}, {}, UsageError, "has a column 'task', as a table with a row a task and target has"),
    "target": ({"target": 1.0}, {}, UsageError, "has a column 'target', as a table"),
    "tasks": ({}, {"task": ["sex", "age"]}, UsageError, r"several --task are given \('sex', 'age'\)"),
    "empty": (dict.fromkeys(ITEMS), {}, DataError, "no row of the data has one in 'curse', 'scold', 'shout', 'hit'"),
    "alike": ({"hit ": 1.0}, {"target": [*ITEMS, "hit "]}, DataError, "the data has 'hit' more than once"),
}


@pytest.mark.parametrize(("columns", "more", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_wide_table_is_refused(
    columns: dict[str, Any], more: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_dataset(people().assign(**columns), **{"target": ITEMS, "wide": True, **more})


def test_what_does_not_fit_in_memory_as_a_row_a_target_is_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = people()
    monkeypatch.setattr(memory, "free_bytes", lambda: 5_000)
    with pytest.raises(DataError, match=r"however the data with a row a target needs about .* fewer rows or targets"):
        read(given)


@pytest.mark.parametrize(("column", "kind"), [("place", "order"), ("number", "unique"), ("person", "unique")])
def test_a_column_is_an_identifier_by_the_rows_of_the_table_not_by_those_made_of_it(column: str, kind: str) -> None:
    """Whole rows are held out, so that what is another in each is of test rows or of training rows."""
    given = people(rows=40).assign(place=np.arange(40), number=np.random.default_rng(0).permutation(40))
    dataset = read_dataset(given[[column, "age", *ITEMS]], wide=True, target=ITEMS)
    for seed in range(5):
        found = [alarm for alarm in alarms(dataset, sealed(dataset, seed).test)[0] if alarm.columns == (column,)]
        assert [alarm.evidence["kind"] for alarm in found if alarm.name == "identifier"] == [kind]


def test_a_split_of_whole_rows_sets_no_alarm_off() -> None:
    dataset = read(people(classes=True, rows=300))
    for seed in range(5):
        assert alarms(dataset, sealed(dataset, seed).test)[0] == ()
