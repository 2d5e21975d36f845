from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.schema import Column
from mthn_automl.errors import DataError
from tests.data.again import again


def rows_of(*names: Any) -> pd.DataFrame:
    """Three rows of each task."""
    task = [name for name in names for _ in range(3)]
    return pd.DataFrame({"task": task, "x": np.arange(len(task)) / 7, "target": np.arange(len(task)) ** 2})


META = pd.DataFrame({"task": ["c", "b", "a"], "size": [3.0, 2.0, 1.0], "kind": ["p", "q", "p"]})


def described(dataset: Dataset) -> tuple[list[float], list[int]]:
    """Size and kind of each task of META-like metadata."""
    assert dataset.tasks.metadata is not None
    return dataset.tasks.metadata.numeric[:, 0].tolist(), dataset.tasks.metadata.codes[:, 0].tolist()


def test_metadata_are_joined_by_name_whatever_its_type_in_the_order_of_the_tasks() -> None:
    dataset = read_dataset(rows_of("a", "b", "c"), META)
    assert dataset.schema.metadata == (Column("size"), Column("kind", ("p", "q")))
    assert described(dataset) == ([1, 2, 3], [0, 1, 0])
    assert len(dataset.spare) == 0
    assert described(read_dataset(rows_of(1, 2, 3), META.assign(task=["3.0", "2.0", "1.0"])))[0] == [1, 2, 3]


def test_cells_of_metadata_or_all_of_a_task_may_be_missing() -> None:
    dataset = read_dataset(rows_of("a", "z"), META)
    np.testing.assert_equal(described(dataset), ([1, np.nan], [0, -1]))
    assert "1 task of the data not in the metadata: metadata missing of 'z' (3 rows)." in dataset.notes
    gappy = read_dataset(rows_of("a", "b", "c"), META.assign(size=[None, 2, 1], kind=[None, "q", "p"]))
    np.testing.assert_equal(described(gappy), ([1, 2, np.nan], [0, 1, -1]))


def test_metadata_of_tasks_without_rows_or_targets_are_kept_apart() -> None:
    dataset = read_dataset(rows_of("b"), META)
    assert (dataset.tasks.names, dataset.spare.names) == (("b",), ("c", "a"))
    assert dataset.spare.metadata is not None
    assert dataset.spare.metadata.numeric[:, 0].tolist() == [3, 1]
    assert "2 tasks of the metadata without rows: kept for predictions." in dataset.notes
    data = rows_of("a", "b", "c")
    data.loc[data["task"] == "b", "target"] = None
    assert read_dataset(data, META).spare.names == ("b",)


def test_a_metadata_column_of_no_use_is_ignored_and_noted_and_without_another_tasks_have_names_alone() -> None:
    dataset = read_dataset(rows_of("a", "b", "c"), META.assign(same=1))
    assert "same" not in [column.name for column in dataset.schema.metadata]
    assert "Ignored 1 metadata column, constant: 'same'." in dataset.notes
    useless = read_dataset(rows_of("a", "b", "c"), META[["task"]].assign(same=1))
    assert "There are no metadata: no column of the metadata is of use." in useless.notes
    for bare in (useless, read_dataset(rows_of("a", "b"))):
        assert (bare.schema.metadata, bare.tasks.metadata, bare.spare.names) == ((), None, ())


def test_a_new_task_is_described_by_new_metadata_then_by_those_kept_apart() -> None:
    rows = again(read_dataset(rows_of("b"), META), rows_of("a", "b"))
    assert (rows.tasks.names, rows.spare.names) == (("b", "a"), ("c",))
    assert described(rows) == ([2, 1], [1, 0])
    assert rows.notes == (
        "the data: 3 rows of 1 task not seen in training, 3 of these rows with metadata: 'a' (3 rows).",
    )
    meta = pd.DataFrame({"task": ["a", "z"], "kind": ["q", "new"], "size": [7, 9], "extra": [1, 2]})
    rows = again(read_dataset(rows_of("b"), META), rows_of("a", "z", "c"), meta)
    assert described(rows) == ([2, 7, 9, 3], [1, 1, -1, 0])


def test_a_known_task_keeps_the_metadata_of_training_and_a_new_one_without_any_misses_all() -> None:
    """Whether no metadata are given, or those of known tasks only."""
    rows = again(read_dataset(rows_of("a", "b"), META), rows_of("a"), META.assign(size=100.0))
    assert described(rows)[0] == [1, 2]
    assert rows.notes[-1] == (
        "the metadata: metadata column 'size' of task 'b' is 2 in training, which is kept, and 100 in row 1 of the "
        "metadata; so it is with 1 task more."
    )
    dataset = read_dataset(rows_of("a", "b", "c"), META)
    for meta in (None, META):
        rows = again(dataset, rows_of("z", "a"), meta)
        np.testing.assert_equal(described(rows), ([1, 2, 3, np.nan], [0, 1, 0, -1]))
        assert rows.notes == (
            "the data: 3 rows of 1 task not seen in training, 0 of these rows with metadata: 'z' (3 rows).",
        )


def test_single_precision_makes_no_other_metadata_of_them() -> None:
    exact = META.assign(size=[0.126, -2.133, 1.775])
    single = exact.assign(size=exact["size"].astype(np.float32))
    for given, then in ((exact, single), (single, exact)):
        assert again(read_dataset(rows_of("a", "b", "c"), given), rows_of("a"), then).notes == ()
    assert len(again(read_dataset(rows_of("a", "b", "c"), exact), rows_of("a"), exact.round(2)).notes) == 1
    seconds = META.assign(size=[1_700_000_000, 1_700_000_031, 1_700_000_062])
    later = seconds.assign(size=seconds["size"] + 1)
    (moved,) = again(read_dataset(rows_of("a", "b", "c"), seconds), rows_of("a"), later).notes
    assert "'size' of task 'c' is 1700000000 in training, which is kept, and 1700000001 in row 0" in moved


def test_metadata_for_a_model_without_any_are_ignored_and_noted() -> None:
    rows = again(read_dataset(rows_of("a", "b")), rows_of("z"), META)
    assert rows.tasks.metadata is None
    assert rows.notes[0] == "The metadata are ignored: there were none in training."


def test_new_metadata_of_other_columns_or_other_tasks_are_refused() -> None:
    known = read_dataset(rows_of("b"), META)
    with pytest.raises(DataError, match=r"column 'size' of metadata, as in training.* did you mean 'sizes'"):
        again(known, rows_of("a"), META.rename(columns={"size": "sizes"}))
    with pytest.raises(DataError, match=r"no task of the metadata \(such as 'p'\) is one of the data \(such as 'z'\)"):
        again(known, rows_of("z"), META.assign(task=["p", "q", "r"]))
