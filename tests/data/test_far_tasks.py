"""A new task whose metadata lie outside of those of training is said to, with its distance and the columns to blame."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.far_tasks import far_note
from mthn_automl.data.read import read_dataset
from mthn_automl.data.schema import Column
from tests.contracts.zoo import table
from tests.data.again import again

COLUMNS = (Column("depth"), Column("width"), Column("kind", ("lake", "river")))


def tasks(numbers: np.ndarray, kinds: list[int] | None = None, letter: str = "t") -> TaskTable:
    codes = np.zeros(len(numbers), dtype=np.int64) if kinds is None else np.array(kinds)
    return TaskTable(tuple(f"{letter}{index}" for index in range(len(numbers))), table(numbers, codes[:, None]))


def known(count: int, seed: int = 0) -> TaskTable:
    return tasks(np.random.default_rng(seed).normal(size=(count, 2)))


def test_a_task_far_away_is_named_with_the_column_that_makes_it_so() -> None:
    (said,) = far_note(COLUMNS, known(40), tasks(np.array([[0.0, 0.1], [0.1, 30.0]]), letter="n"), "new.csv")
    assert said.startswith("new.csv: the metadata of 1 task lie outside of what training has seen")
    assert "'n1' is" in said
    assert "by 'width'" in said
    assert "'n0'" not in said


def test_a_combination_that_no_task_has_is_outside_though_each_number_is_within_its_range() -> None:
    line = np.linspace(-2.0, 2.0, 50)
    trained = tasks(np.stack([line, line], axis=1))
    (said,) = far_note(COLUMNS, trained, tasks(np.array([[1.5, -1.5], [0.41, 0.41]])), "new.csv")
    assert "'t0' is" in said
    assert "'t1'" not in said


def test_a_kind_that_no_task_of_training_has_is_outside() -> None:
    numbers = np.stack([np.arange(30) / 10.0, np.zeros(30)], axis=1)
    (said,) = far_note(COLUMNS, tasks(numbers), tasks(numbers[:2], [0, 1], "n"), "new.csv")
    assert "'n1' is 1 from it, by 'kind'" in said
    assert "'n0'" not in said


def test_tasks_like_those_of_training_are_seldom_outside() -> None:
    outside = [
        bool(far_note(COLUMNS, known(60, seed), tasks(np.random.default_rng(1000 + seed).normal(size=(1, 2))), "new"))
        for seed in range(400)
    ]
    assert np.mean(outside) < 0.05


@pytest.mark.parametrize(
    "new",
    [
        tasks(np.full((1, 2), np.nan), [-1]),
        TaskTable(("n",), None),
        TaskTable((), table(np.zeros((0, 2)), np.zeros((0, 1), dtype=np.int64))),
    ],
)
def test_of_a_task_that_nothing_is_known_of_nothing_is_said(new: TaskTable) -> None:
    assert far_note(COLUMNS, known(20), new, "new.csv") == ()


def test_two_descriptions_tell_no_usual_distance() -> None:
    two = tasks(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]))
    assert far_note(COLUMNS, two, tasks(np.array([[9.0, 9.0]])), "new.csv") == ()


@pytest.fixture(scope="module")
def read() -> Dataset:
    data = pd.DataFrame({"task": [f"t{row % 8}" for row in range(32)], "x": np.arange(32.0), "target": np.arange(32.0)})
    return read_dataset(data, pd.DataFrame({"task": [f"t{each}" for each in range(8)], "depth": np.arange(8.0)}))


def test_rows_of_such_a_task_are_read_with_the_sentence_in_one_piece_or_many(read: Dataset, tmp_path: Path) -> None:
    from mthn_automl.data.stream import RowStream

    rows = pd.DataFrame({"task": ["new", "near", "t1"], "x": [1.0, 2.0, 3.0]})
    meta = pd.DataFrame({"task": ["new", "near"], "depth": [40.0, 3.4]})
    notes = again(read, rows, meta).notes
    assert any("'new' is" in note and "'near'" not in note for note in notes)
    path = tmp_path / "new.csv"
    rows.to_csv(path, index=False)
    stream = RowStream(path, schema=read.schema, tasks=read.tasks, spare=read.spare, meta=meta, rows_at_once=1)
    list(stream)
    assert any("lie outside of what training has seen: tasks" in note for note in stream.notes)
