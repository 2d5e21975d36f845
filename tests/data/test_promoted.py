"""Columns that never vary within a task are its metadata: of each column the first known cell of a task."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.stream import RowStream
from tests.data.again import again

SIZE, KIND = {"a": 1.0, "b": 2.0, "c": 3.0}, {"a": "p", "b": "q", "c": "p"}


def rows(**columns: Any) -> pd.DataFrame:
    """Four rows of each task, whose size and kind stand in each of them."""
    task = pd.Series(list("abc") * 4)
    x = np.arange(12) / 7
    given = {"task": task, "size": task.map(SIZE), "kind": task.map(KIND), "x": x, "target": x**2}
    return pd.DataFrame(given | columns)


def new(size: list[Any], kind: list[Any], task: str = "n") -> pd.DataFrame:
    return pd.DataFrame({"task": task, "size": size, "kind": kind, "x": 0.5})


def described(dataset: Dataset, task: str) -> tuple[float, int]:
    assert dataset.tasks.metadata is not None
    at = dataset.tasks.names.index(task)
    return float(dataset.tasks.metadata.numeric[at, 0]), int(dataset.tasks.metadata.codes[at, 0])


def test_of_each_column_the_first_known_cell_of_a_task_counts() -> None:
    data = rows()
    data.loc[:2, "size"] = np.nan
    data.loc[[0, 1, 3], "kind"] = None
    dataset = read_dataset(data)
    assert [column.name for column in dataset.schema.metadata] == ["size", "kind"]
    assert [described(dataset, name) for name in "abc"] == [(1, 0), (2, 1), (3, 0)]


def test_a_column_known_once_in_most_tasks_stays_a_feature_that_its_rows_tell() -> None:
    """A measurement taken at one row of each patient: nothing shows that it is the patient's."""
    cells = {0: 1.5, 4: 2.5, 8: 4.5}
    once = read_dataset(rows(laboratory=[cells.get(row) for row in range(12)]))
    assert "laboratory" in [column.name for column in once.schema.features]


@pytest.mark.parametrize(("tasks", "promoted"), [(4, False), (5, True)])
def test_half_of_the_tasks_that_have_a_cell_must_have_two_to_show_it_and_are_counted(
    tasks: int, promoted: bool
) -> None:
    task, row = np.repeat(np.arange(10), 4), np.tile(np.arange(4), 10)
    known = (row == 0) | ((row == 1) & (task < tasks))
    data = pd.DataFrame({"task": task, "x": np.sin(np.arange(40)), "site": np.where(known, task % 7, np.nan)})
    dataset = read_dataset(data.assign(target=data["x"] ** 2))
    assert ("site" in [column.name for column in dataset.schema.metadata]) == promoted
    said = "since they never vary within a task, as 5 tasks or more with several known cells show: 'site'; --no"
    assert any(said in note for note in dataset.notes) == promoted


def test_so_it_does_for_new_tasks_and_what_no_row_says_is_as_the_metadata_say() -> None:
    known = read_dataset(rows())
    assert described(again(known, new([None, 7, 7], ["q", None, None])), "n") == (7, 1)
    meta = pd.DataFrame({"task": ["n"], "size": [9.0], "kind": ["p"]})
    assert described(again(known, new([None, None], ["q", "q"]), meta), "n") == (9, 1)
    assert described(again(known, new([5, 5], ["q", "q"]).drop(columns="kind")), "n") == (5, -1)
    bare = again(known, new([None, None], [None, None]))
    assert bare.notes == (
        "the data: 2 rows of 1 task not seen in training, 0 of these rows with metadata: 'n' (2 rows).",
    )


def test_of_several_values_the_first_is_taken_and_that_is_said() -> None:
    found = again(read_dataset(rows()), new([None, 3, 2], ["q", "q", "z"]))
    assert described(found, "n") == (3, 1)
    assert found.notes[:2] == (
        "the data: metadata column 'size' of task 'n' is 3 in an earlier row, which is kept, and 2 in row 2 of the "
        "data.",
        "the data: metadata column 'kind' of task 'n' is 'q' in an earlier row, which is kept, and 'z' in row 2 of the "
        "data.",
    )


def test_known_tasks_keep_what_training_had_and_that_is_said() -> None:
    data = rows().assign(size=lambda table: table["size"] + 5)
    found = again(read_dataset(rows()), data)
    assert [described(found, name) for name in "abc"] == [(1, 0), (2, 1), (3, 0)]
    assert found.notes == (
        "the data: metadata column 'size' of task 'a' is 1 in training, which is kept, and 6 in row 0 of the data; so "
        "it is with 2 tasks more.",
    )
    assert again(read_dataset(rows()), rows()).notes == ()


def test_dates_are_promoted_by_their_parts() -> None:
    opened = pd.Series(pd.to_datetime(["2001-03-04", "2005-03-04", "2009-03-04"] * 4))
    data = rows(opened=opened.mask(opened.index < 3))
    known = read_dataset(data)
    assert again(known, rows(opened=opened)).notes == ()
    assert "'opened (year)' of task 'a' is 2001 in training, which is kept, and 2011 in row 0" in " ".join(
        again(known, rows(opened=opened + pd.Timedelta(days=3653))).notes
    )


@pytest.mark.parametrize("rows_at_once", [1, 2, 9])
def test_pieces_of_a_file_say_it_too(rows_at_once: int, tmp_path: Path) -> None:
    known, path = read_dataset(rows()), tmp_path / "new.csv"
    new([4, None, 3], ["q", None, "q"]).to_csv(path, index=False)
    stream = RowStream(
        path, schema=known.schema, tasks=known.tasks, spare=known.spare, rows_at_once=rows_at_once, allow_unknown=True
    )
    assert [described(piece, "n") for piece in stream][-1] == (4, 1)
    assert "'size' of task 'n' is 4 in an earlier row, which is kept, and 3 in line 4 of new.csv" in stream.notes[0]
