"""Columns are what training rows show: test rows have no say, and what only they hold is unknown."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.training_columns import shown_by
from mthn_automl.run.options import Options
from mthn_automl.run.prepare import Inputs, Prepared, build_spaces, prepare

ROWS = 48
TEST = np.arange(ROWS) % 4 == 3


def frame(**of_test: Any) -> pd.DataFrame:
    """Four tasks; test rows hold what is given in place of what training rows hold."""
    number = np.arange(ROWS)
    columns = {
        "task": [f"t{k // 12}" for k in number],
        "x": number % 7 + 0.5,
        "word": np.array(["p", "q", "r"])[number % 3],
        "day": np.datetime_as_string(np.datetime64("2020-03-02") + 7 * number, unit="D"),
        "same": 1.0,
        "split": np.where(TEST, "test", "train"),
        "target": 1.0 + number % 5 + 0.1 * (number % 7) ** 2,
    }
    table = pd.DataFrame(columns)
    for name, cells in of_test.items():
        table[name] = np.where(TEST, cells, table[name])
    return table


def meta(**of_last: Any) -> pd.DataFrame:
    """The last task is a test task."""
    table = pd.DataFrame({"task": [f"t{k}" for k in range(4)], "m": [1.0, 2.0, 4.0, 3.0], "kind": list("abab")})
    for name, cell in of_last.items():
        table.loc[3, name] = cell
    return table


def training_part(dataset: Dataset, test: np.ndarray) -> list[Any]:
    rows = np.flatnonzero(~test)
    table = dataset.features.take(rows)
    return [dataset.schema.features, dataset.schema.metadata, table.numeric.tolist(), table.codes.tolist()]


def test_what_test_rows_hold_changes_nothing_of_the_training_rows() -> None:
    wanted = training_part(shown_by(read_dataset(frame(), ignore=["split"]), ~TEST), TEST)
    for other in ({"word": "new"}, {"word": "p"}, {"x": 99.0}, {"day": "1999-12-31"}, {"same": 2.0}):
        found = shown_by(read_dataset(frame(**other), ignore=["split"]), ~TEST)
        assert training_part(found, TEST) == wanted, other
    assert [column.name for column in wanted[0]] == ["x", "word", "day (year)", "day (month)", "day (days)"]


def test_a_category_of_test_rows_alone_is_unknown_and_columns_of_no_use_are_said() -> None:
    found = shown_by(read_dataset(frame(word="new", same=2.0), ignore=["split"]), ~TEST)
    assert found.schema.features[1].categories == ("p", "q", "r")
    assert (found.features.codes[TEST] == -1).all()
    assert found.notes[-1] == "Ignored, since the training rows tell nothing of them: 'same'."
    assert {each.role for each in found.account if each.name == "same"} == {"ignored"}
    assert shown_by(found, np.ones(ROWS, dtype=bool)) is found


def test_metadata_are_those_that_tasks_of_training_show() -> None:
    rows = frame()
    test = (rows["task"] == "t3").to_numpy()
    wanted = shown_by(read_dataset(rows, meta()), ~test)
    assert [column.name for column in wanted.schema.metadata] == ["m", "kind"]
    found = shown_by(read_dataset(rows, meta(kind="new", m=1e6)), ~test)
    assert found.schema.metadata == wanted.schema.metadata
    assert found.tasks.metadata is not None
    assert found.tasks.metadata.codes[:, 0].tolist() == [0, 1, 0, -1]
    alike = pd.DataFrame({"task": ["t0", "t1", "t2", "t3"], "m": [1.0, 1.0, 1.0, 2.0]})
    assert shown_by(read_dataset(rows, alike), ~test).tasks.metadata is None


def prepared(folder: Path, **of_test: Any) -> Prepared:
    frame(**of_test).to_csv(folder / "data.csv", index=False)
    options = Options(data=str(folder / "data.csv"), split="split", metric="rmsle", architectures="ridge")
    return prepare(Inputs(folder / "data.csv", None, None), options)


def test_a_search_is_prepared_from_training_rows_alone(tmp_path: Path) -> None:
    usual, other = prepared(tmp_path), prepared(tmp_path, word="new", target=1e5)
    assert usual.all_rows.schema == other.all_rows.schema
    spaces = [build_spaces(each.files, each)["ridge"] for each in (usual, other)]
    assert spaces[0].parameters == spaces[1].parameters
