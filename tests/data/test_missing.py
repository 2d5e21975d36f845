"""Values that stand for missing ones are asked about, and are missing where the user says so, in prediction too."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.new_rows import read_rows
from mthn_automl.data.read import read_dataset
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.rows import FeatureReader

ROWS = 144
RANDOM = np.random.default_rng(0)


def frame(**columns: object) -> pd.DataFrame:
    task = np.repeat([f"task {number}" for number in range(12)], ROWS // 12)
    return pd.DataFrame({"task": task, "x": RANDOM.normal(size=ROWS), "target": RANDOM.normal(size=ROWS), **columns})


def asked(**columns: object) -> str:
    return " ".join(each for column in read_dataset(frame(**columns)).account for each in column.questions)


def marked(value: float, count: int = 4, low: float = 0.0, high: float = 50.0) -> object:
    values = RANDOM.uniform(low, high, ROWS)
    values[:: ROWS // count][:count] = value
    return values


SENTINELS: dict[str, tuple[object, str]] = {
    "below all": (marked(-999), "-999 in 4 cells of 'z' lies far from all others, which are from"),
    "above all": (marked(9999), "--missing=9999"),
    "a small one": (marked(-1, high=0.5), "--missing=-1"),
    "near the others": (marked(-1), ""),
    "a rare one": (marked(-999, count=2), ""),
    "no code": (marked(1000), ""),
    "two values alone": (np.where(np.arange(ROWS) % 5 == 0, -999.0, 1.0), ""),
}


@pytest.mark.parametrize(("column", "said"), SENTINELS.values(), ids=SENTINELS)
@pytest.mark.parametrize("name", ["z", "target"])
def test_a_number_that_repeats_far_from_all_others_is_asked_about(column: object, said: str, name: str) -> None:
    found = asked(**{name: column})
    assert said.replace("'z'", f"'{name}'") in found
    assert bool(said) == ("--missing" in found)


def test_a_code_that_another_column_tells_is_not_asked_about() -> None:
    """It is as good as a missing value already, since the other column is a feature."""
    code = np.where(np.arange(ROWS) % 3 == 0, -1.0, RANDOM.uniform(0, 0.9, ROWS))
    assert "--missing" in asked(z=code)
    assert "--missing" not in asked(z=code, flag=(code == -1).astype(int))
    assert "--missing" not in asked(z=code, word=np.where(code == -1, "none", "some"))
    one_cell_less = (code == -1) & (np.arange(ROWS) > 0)
    assert "--missing" in asked(z=code, flag=one_cell_less.astype(int))


def odd() -> pd.DataFrame:
    """Columns of which a cell is missing, each written otherwise."""
    rows = np.arange(ROWS)
    return frame(
        number=np.where(rows == 2, -999.0, rows * 1.5),
        whole=np.where(rows == 2, -999, rows),
        text=np.where(rows == 2, "-999.0", [f"{row},5" for row in rows]),
        word=np.where(rows == 2, " n.d. ", [f"{row}.25" for row in rows]),
        name=np.where(rows == 2, "n.d.", [f"kind {row % 3}" for row in rows]),
        target=np.where(rows == 7, -999.0, rows / 7),
    )


@pytest.mark.parametrize("as_file", [True, False], ids=["file", "frame"])
def test_what_the_user_says_is_missing_is_so_in_every_column_and_when_read_again(tmp_path: Path, as_file: bool) -> None:
    rows = odd()
    given: object = rows
    if as_file:
        given = tmp_path / "data.csv"
        rows.to_csv(given, index=False)
    found = read_dataset(given, missing=["-999", "n.d."])
    missing = {each.name: each.missing for each in found.account}
    assert missing == {"task": 0, "x": 0, "number": 1, "whole": 1, "text": 1, "word": 1, "name": 1, "target": 0}
    assert len(found) == ROWS - 1
    again = read_rows(given, schema=found.schema, tasks=found.tasks, spare=found.spare, need_target=False)
    assert np.isnan(again.features.numeric[2, 1:]).all()
    assert not np.isnan(np.delete(again.features.numeric, 2, 0)).any()
    assert np.flatnonzero(again.features.codes[:, 0] < 0).tolist() == [2]


def typed_columns(folder: Path, rows: pd.DataFrame) -> dict[str, object]:
    rows.to_csv(folder / "data.csv", index=False)
    rows.to_parquet(folder / "data.parquet", index=False)
    return {"csv": folder / "data.csv", "parquet": folder / "data.parquet", "frame": rows}


def test_dates_and_numbers_of_a_type_are_missing_as_those_of_a_text_file_are(tmp_path: Path) -> None:
    rows = np.arange(ROWS)
    first, days = pd.Timestamp("1900-01-01"), pd.Timestamp("2020-01-01") + pd.to_timedelta(rows, unit="D")
    data = frame(
        day=pd.Series(np.where(rows % 9 == 0, first, days)),
        moment=pd.Series(np.where(rows % 9 == 1, first, days + pd.Timedelta(hours=5))),
        number=np.where(rows % 9 == 2, -999.5, rows / 4),
        flag=rows % 9 == 3,
    )
    for kind, given in typed_columns(tmp_path, data).items():
        found = read_dataset(given, missing=["1900-01-01", "-999,5", "True"])
        missing = {each.name: each.missing for each in found.account}
        assert [missing[name] for name in ("day", "moment", "number", "flag")] == [16] * 4, kind
        again = read_rows(given, schema=found.schema, tasks=found.tasks, spare=found.spare, need_target=False)
        np.testing.assert_array_equal(again.features.numeric, found.features.numeric)
    reader = FeatureReader(found.schema.features, found.schema.missing)
    one = reader.of_mapping({"x": 1.0, "day": first, "moment": first, "number": -999.5, "flag": False})
    assert np.isnan(one.numeric[0, 1:-1]).all()


def test_a_mark_that_no_cell_is_is_said() -> None:
    meta = pd.DataFrame({"task": [f"task {number}" for number in range(12)], "size": [-1.0, *range(1, 12)]})
    notes = read_dataset(odd(), meta, missing=["-999", "-1", "refused", "-9999"]).notes
    said = "--missing names what no cell of the data or the metadata is, and nothing is changed by: 'refused', '-9999'."
    assert said in notes
    assert not any("--missing names" in note for note in read_dataset(odd(), missing=["-999"]).notes)


def test_one_row_and_arrays_are_read_as_tables_are() -> None:
    rows = odd()
    schema: Schema = read_dataset(rows, missing=["-999", "n.d."]).schema
    reader = FeatureReader(schema.features, schema.missing)
    row = reader.of_mapping(rows.drop(columns=["task", "target"]).iloc[2].to_dict())
    assert np.isnan(row.numeric[0, 1:]).all()
    assert row.codes.tolist() == [[-1]]
    array = reader.of_array(np.array([[0.5, -999, 3, 4, 5, 0]]))
    assert np.isnan(array.numeric[0]).tolist() == [False, True, False, False, False]


def test_a_part_of_a_date_in_an_array_is_not_taken_for_a_cell_that_says_it_is_missing() -> None:
    """12 is what says that a number is missing; December is none."""
    days = pd.date_range("2024-01-05", periods=40, freq="17D").strftime("%Y-%m-%d")
    frame = pd.DataFrame({"task": ["a", "b"] * 20, "when": days, "x": range(40), "target": np.arange(40.0)})
    schema = read_dataset(frame, missing=["12"]).schema
    columns = [column.name for column in schema.features]
    month = columns.index(next(each for each in columns if each.startswith("when") and "month" in each))
    found = FeatureReader(schema.features, schema.missing).of_array(np.full((1, len(columns)), 12.0)).numeric[0]
    assert found[month] == 12.0
    assert np.isnan(found[columns.index("x")])
