"""A column by which the user knows a row: kept as it stands, given back with predictions, and no feature."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.read import read_dataset
from mthn_automl.data.stream import RowStream
from mthn_automl.errors import UsageError
from tests.data.again import again

IDS = [f"00{k}" for k in range(12)]


def frame(**columns: object) -> pd.DataFrame:
    number = np.arange(12)
    made = {"task": [f"t{k % 3}" for k in number], "patient": IDS, "x": number / 7, "target": number**2 / 3}
    return pd.DataFrame({**made, **columns})


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_it_is_kept_with_its_zeros_and_is_no_feature(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"data{ending}"
    frame().to_csv(path, index=False) if ending == ".csv" else frame().to_parquet(path)
    dataset = read_dataset(path, id="patient")
    assert dataset.id is not None
    assert dataset.id.to_pylist() == IDS
    assert [column.name for column in dataset.schema.features] == ["x"]
    assert [each.role for each in dataset.account if each.name == "patient"] == ["id"]
    assert dataset.take(np.array([3, 1])).id.to_pylist() == ["003", "001"]  # type: ignore[union-attr]


def test_rows_without_a_target_leave_it_in_line() -> None:
    dataset = read_dataset(frame(target=[None, *range(11)]), id="patient")
    assert dataset.id is not None
    assert dataset.id.to_pylist() == IDS[1:]


def test_new_rows_bring_theirs_in_one_piece_or_many_and_those_without_any_are_said(tmp_path: Path) -> None:
    known = read_dataset(frame(), id="patient")
    assert again(known, frame()).id.to_pylist() == IDS  # type: ignore[union-attr]
    frame().to_csv(tmp_path / "new.csv", index=False)
    parts = {"schema": known.schema, "tasks": known.tasks, "spare": known.spare}
    pieces = list(RowStream(tmp_path / "new.csv", **parts, rows_at_once=5))
    assert [each for piece in pieces for each in piece.id.to_pylist()] == IDS  # type: ignore[union-attr]
    without = again(known, frame().drop(columns="patient"))
    assert without.id is None
    assert without.notes == ("the data: there is no column 'patient', so that predictions are without it.",)


REFUSED = {
    "no such column": ("patiens", {}, "--id must name a column, however there is no 'patiens'; did you mean 'patient'"),
    "the task": ("task", {}, "--id must name a column that is nothing else, however 'task' is asked for twice"),
    "a feature": ("x", {"features": ["x"]}, "however 'x' is asked for twice"),
    "the target": ("y", {"target": ["y"]}, "however 'y' is asked for twice"),
}


@pytest.mark.parametrize(("name", "more", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_something_else_is_refused(name: str, more: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_dataset(frame(y=range(12)), id=name, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["row", "prediction", "probability_yes"])
def test_the_name_of_a_column_of_predictions_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"called as a column of predictions is, however it is '{name}'; rename"):
        read_dataset(frame().rename(columns={"patient": name}), id=name)
