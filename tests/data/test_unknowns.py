"""What new rows hold that training has not seen is counted and said; a column of nothing known is refused."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.ranges import with_ranges
from mthn_automl.data.read import read_dataset
from mthn_automl.data.stream import RowStream
from mthn_automl.errors import DataError
from tests.data.again import again

ROWS = 24


def frame(**columns: Any) -> pd.DataFrame:
    """Rows as those of training but for these columns."""
    usual = {
        "task": [f"t{row % 3}" for row in range(ROWS)],
        "sex": ["female", "male"] * (ROWS // 2),
        "age": [float(18 + 3 * row) for row in range(ROWS)],
        "target": [0.1 * row for row in range(ROWS)],
    }
    return pd.DataFrame({**usual, **columns})


def metadata(tasks: list[str], **columns: Any) -> pd.DataFrame:
    usual = {"kind": ["lake", "river", "lake"][: len(tasks)], "depth": [1.0, 2.0, 5.0][: len(tasks)]}
    return pd.DataFrame({"task": tasks, **usual, **columns})


@pytest.fixture(scope="module")
def known() -> Dataset:
    rows = read_dataset(frame(), metadata(["t0", "t1", "t2"]))
    return Dataset(**{**vars(rows), "schema": with_ranges(rows)})


def test_of_rows_like_those_of_training_there_is_nothing_to_say(known: Dataset) -> None:
    assert again(known, frame()).notes == ()


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"sex": ["Male", "male", "Male", "males", "female", "male"] * 4},
            "feature 'sex' holds what training has not seen in 12 of 24 cells ('Male', 'males'), which count as "
            "missing.",
        ),
        (
            {"age": [-3.0, 20.0, 120.0, 30.0] * 6},
            "feature 'age' lies outside of what training has seen (18 to 87) in 12 of 24 cells, from -3 to 120.",
        ),
    ],
)
def test_each_column_says_what_is_not_known_of_it_in_one_piece_or_many(
    known: Dataset, columns: dict[str, Any], said: str, tmp_path: Path
) -> None:
    rows = frame(**columns)
    assert again(known, rows).notes == (f"the data: {said}",)
    rows.to_csv(tmp_path / "new.csv", index=False)
    given = {"schema": known.schema, "tasks": known.tasks, "spare": known.spare}
    stream = RowStream(tmp_path / "new.csv", **given, rows_at_once=5)
    assert sum(map(len, stream)) == ROWS
    assert stream.notes == (f"new.csv: {said}",)


UNKNOWN = {
    "another case": ["Male", "Female"] * (ROWS // 2),
    "numbers": [1, 2] * (ROWS // 2),
    "some empty": ["Male", None] * (ROWS // 2),
}


@pytest.mark.parametrize("cells", UNKNOWN.values(), ids=UNKNOWN)
def test_a_column_of_nothing_known_is_refused_unless_that_is_allowed(
    known: Dataset, cells: list[Any], tmp_path: Path
) -> None:
    rows = frame(sex=cells)
    must = r"^Feature 'sex' of (the data|new\.csv) must hold categories of training, such as 'female', 'male', however "
    with pytest.raises(DataError, match=must + r"none of its (24|12) cells does \(.*\); .* --allow-unknown"):
        again(known, rows, allow_unknown=False)
    assert "which count as missing" in again(known, rows).notes[0]
    rows.to_csv(tmp_path / "new.csv", index=False)
    given = {"schema": known.schema, "tasks": known.tasks, "spare": known.spare}
    with pytest.raises(DataError, match=must):
        list(RowStream(tmp_path / "new.csv", **given, rows_at_once=5))


def test_a_column_that_is_empty_throughout_is_refused_too(known: Dataset) -> None:
    for name in ("sex", "age"):
        rows = frame(**{name: [None] * ROWS})
        with pytest.raises(
            DataError, match=f"^Feature '{name}' of the data must not be empty throughout, .* all its 24"
        ):
            again(known, rows, allow_unknown=False)
        assert again(known, rows).notes == (f"the data: feature '{name}' is empty in all 24 rows.",)


def test_metadata_of_new_tasks_are_looked_at_alike(known: Dataset) -> None:
    rows, kind = frame(task=["t3", "t4"] * (ROWS // 2)), ["Lake", "lake"]
    some = again(known, rows, metadata(["t3", "t4"], kind=kind), allow_unknown=False)
    assert some.notes == (
        "the metadata: metadata column 'kind' holds what training has not seen in 1 of 2 cells ('Lake'), which count "
        "as missing.",
        "the data: 24 rows of 2 tasks not seen in training, 24 of these rows with metadata: 't3' (12 rows), 't4' (12 "
        "rows).",
    )
    many = [f"t{number}" for number in range(3, 9)]
    must = r"^Metadata column 'kind' of the metadata must hold .* 'lake', 'river', however"
    with pytest.raises(DataError, match=must):
        again(known, frame(task=many * 4), metadata(many, kind=["Lake"] * 6, depth=[1.0] * 6), allow_unknown=False)


def test_a_few_rows_may_be_of_new_categories(known: Dataset) -> None:
    few = frame().head(4).assign(sex="diverse")
    assert "which count as missing" in again(known, few, allow_unknown=False).notes[0]
