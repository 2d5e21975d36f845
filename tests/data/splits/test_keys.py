"""What splits go by, from columns of the data and the metadata, and from a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.asked import AUTO
from mthn_automl.data.dataset import Dataset, Part
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError, UsageError

ROWS = 36


def read(meta: dict[str, Any] | None = None, asked: dict[str, Any] | None = None, **columns: Any) -> Dataset:
    """Three tasks of twelve rows, with these columns besides."""
    data, described = planted(tasks=3, rows=12)
    return read_dataset(data.assign(**columns), described.assign(**(meta or {})), **(asked or {}))


def names_of(dataset: Dataset) -> set[str]:
    return {column.read_from for column in dataset.schema.features}


def roles_of(dataset: Dataset) -> dict[str, str]:
    return {each.name: each.role for each in dataset.account}


def noted(dataset: Dataset, sentence: str) -> bool:
    return any(sentence in note for note in dataset.notes)


def test_a_column_of_groups_is_no_feature_unless_it_is_named_as_one() -> None:
    person = [f"p{row // 4}" for row in range(ROWS)]
    dataset = read(asked={"group": "person"}, person=person)
    assert dataset.group is not None
    assert (dataset.group == np.arange(ROWS) // 4).all()
    assert "person" not in names_of(dataset)
    assert roles_of(dataset)["person"] == "group"
    assert noted(dataset, "Rows of the same 'person' are kept together, 9 groups; it is no feature")
    both = read(asked={"group": "person", "features": ("x1", "person")}, person=person)
    assert names_of(both) == {"x1", "person"}
    assert roles_of(both)["person"] == "group, feature"


def test_a_row_without_a_group_is_one_of_its_own() -> None:
    dataset = read(asked={"group": "person"}, person=["a"] * 10 + [None] * 26)
    assert dataset.group is not None
    assert len(np.unique(dataset.group)) == 27


def test_a_column_of_the_metadata_groups_the_rows_of_its_tasks() -> None:
    dataset = read({"region": ["u", "v", "u"]}, {"group": "region"})
    assert dataset.group is not None
    assert (dataset.group == np.array([0, 1, 0])[dataset.task]).all()


def test_rows_of_identical_features_are_a_group_whatever_their_task() -> None:
    data, meta = planted(tasks=3, rows=12)
    data.loc[12:, ["x1", "x2"]] = np.tile(data.loc[:11, ["x1", "x2"]].to_numpy(), (2, 1))
    dataset = read_dataset(data, meta, group=AUTO)
    assert dataset.group is not None
    first = dataset.group[:12]
    assert (dataset.group == np.tile(first, 3)).all()
    assert len(set(first)) == 12
    assert noted(dataset, "identical in all features are kept together: 12 groups with 36 rows")


def test_times_are_dates_or_numbers_and_stay_features() -> None:
    days = [str(np.datetime64("2020-01-01") + row) for row in range(ROWS)]
    for column, dated, last in ((days, True, 35 * 86_400), (np.arange(ROWS), False, 35)):
        dataset = read(asked={"time": "when"}, when=column)
        assert dataset.keys.time is not None
        assert (dataset.keys.dated, np.ptp(dataset.keys.time)) == (dated, last)
        assert "when" in names_of(dataset)
        assert roles_of(dataset)["when"] == "time, feature"
    assert "when" not in names_of(read(asked={"time": "when", "ignore": ("when",)}, when=days))
    gaps = read(asked={"time": "when"}, when=[None, *days[1:]])
    assert noted(gaps, "1 row without a time in 'when': always in training")


def test_a_column_says_which_rows_are_what_and_others_are_not_used() -> None:
    use = np.array(["Train", "train", "vali", "test", "validation", None], dtype=object)[np.arange(ROWS) % 6]
    dataset = read(asked={"split": "use"}, use=use)
    assert len(dataset) == 30
    assert dataset.keys.part is not None
    expected = [Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST, Part.VALIDATION]
    assert dataset.keys.part.tolist() == expected * 6
    assert (names_of(dataset), roles_of(dataset)["use"]) == ({"x1", "x2"}, "split")
    assert noted(dataset, "6 rows of the data not used: the split does not name them")


def write_split(folder: Path, **columns: Any) -> str:
    path = folder / "split.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return str(path)


def test_a_file_says_the_same_by_the_positions_of_rows_in_the_input(tmp_path: Path) -> None:
    """Rows without a target are counted, too."""
    split = write_split(tmp_path, row=[5, 0, 1, 35], split=["test", "train", "train", "vali"])
    target = planted(tasks=3, rows=12)[0]["target"].where(np.arange(ROWS) != 1)
    dataset = read(asked={"split": split}, target=target)
    assert dataset.row.tolist() == [0, 5, 35]
    assert dataset.keys.part is not None
    assert dataset.keys.part.tolist() == [Part.TRAIN, Part.TEST, Part.VALIDATION]


def write_joined(folder: Path, places: tuple[int, ...] = (10, 21), **columns: Any) -> Path:
    """The data as files joined by `cat` are: lines of names between the rows, at these positions."""
    lines = planted(tasks=3, rows=12)[0].assign(**columns).to_csv(index=False).splitlines()
    names, rows = lines[0], lines[1:]
    for place in places:
        rows.insert(place, names)
    path = folder / "joined.csv"
    path.write_text("\n".join([names, *rows]) + "\n")
    return path


def test_lines_of_names_between_the_rows_move_no_row_to_the_other_side(tmp_path: Path) -> None:
    """Positions are those in the file, and the part of each row is its own, by a column as by a file."""
    words = np.where(np.arange(ROWS) % 4 == 0, "test", "train")
    target = planted(tasks=3, rows=12)[0]["target"].where(np.arange(ROWS) < 33)
    path = write_joined(tmp_path, split=words, target=target)
    raw = pd.read_csv(path)
    by_column = read_dataset(path, split="split")
    rows = raw[raw["split"] != "split"]
    by_file = read_dataset(path, split=write_split(tmp_path, row=rows.index, split=rows["split"]), ignore=("split",))
    for dataset in (by_column, by_file):
        assert dataset.row.tolist() == [row for row in range(35) if row not in (10, 21)]
        assert dataset.keys.part is not None
        said = raw["split"].to_numpy()[dataset.row]
        np.testing.assert_array_equal(dataset.keys.part == Part.TEST, said == "test")
        np.testing.assert_allclose(dataset.target[:, 0], raw["target"].to_numpy()[dataset.row].astype(float))


def test_a_file_that_counts_without_the_lines_of_names_is_refused(tmp_path: Path) -> None:
    path = write_joined(tmp_path)
    split = write_split(tmp_path, row=range(ROWS), split=["train", "test"] * 18)
    with pytest.raises(DataError, match=r"split.csv must name rows of joined.csv by .* row 10 \(line 12\) is such a"):
        read_dataset(path, split=split)


WRONG = {
    "a row beyond the data": ({"row": [0, 36], "split": ["train"] * 2}, "some of the 36 of the data, counted from 0"),
    "a row twice": ({"row": [0, 0], "split": ["train"] * 2}, "name a row once, however it names row 0 again"),
    "half a row": ({"row": [0, 0.5], "split": ["train"] * 2}, "'row' of split.csv must count the rows"),
    "another word": ({"row": [0, 1], "split": ["train", "exam"]}, "line 3 of split.csv says 'exam'"),
    "no training row": ({"row": [0, 1], "split": ["test", "vali"]}, "must name training rows by the word train"),
    "no column of rows": ({"line": [0], "split": ["train"]}, "must have a column 'row'"),
}


@pytest.mark.parametrize(("columns", "sentence"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_wrong_is_refused_with_its_place(columns: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        read(asked={"split": write_split(tmp_path, **columns)})


def test_what_is_neither_column_nor_file_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        UsageError, match="--split must name a column or a file, however there is no 'x3'; did you mean"
    ):
        read(asked={"split": "x3"})
