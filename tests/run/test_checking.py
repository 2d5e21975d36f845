"""What `check` says of test rows in a file of their own; the log and the summary say the same."""

from pathlib import Path

import numpy as np
import pandas as pd

from mthn_automl.data.description import Description
from mthn_automl.report.description import description_text
from mthn_automl.run.checking import check
from mthn_automl.run.options import Options
from mthn_automl.run.prepare import Inputs, prepare

ROWS = 112


def data() -> pd.DataFrame:
    random, row = np.random.default_rng(0), np.arange(ROWS)
    made = {"task": [f"t{each}" for each in row // 14], "x": random.uniform(size=ROWS), "key": [f"k{k}" for k in row]}
    return pd.DataFrame(made).assign(sex=np.array(["male", "female"])[row % 2], target=random.normal(size=ROWS))


def checked(test: pd.DataFrame, folder: Path) -> tuple[Description, list[str]]:
    """And the sentences of the log."""
    paths = [folder / "data.csv", folder / "new.csv"]
    for path, table in zip(paths, (data()[:56], test), strict=True):
        table.to_csv(path, index=False)
    options = Options.parsed(data=paths[0], test=paths[1], id="key")
    prepared = prepare(Inputs.of(options, paths[0], None, paths[1]), options)
    return check(paths[0], test=paths[1], id="key"), prepared.sentences()


def test_what_is_wrong_with_test_rows_in_a_file_is_said_on_the_screen_and_in_the_log(tmp_path: Path) -> None:
    new = data()[:28].drop(columns="key")
    new = new.assign(task=new["task"].str.upper(), sex=new["sex"].str.title(), x=1_000 * new["x"])
    new["target"] *= 1_000
    description, log = checked(new, tmp_path)
    screen = description_text(description)
    for said in (
        "new.csv: there is no column 'key', so that predictions are without it.",
        "new.csv: feature 'sex' holds what training has not seen in 28 of 28 cells ('Male', 'Female'), which count",
        "new.csv: feature 'x' lies outside of what training has seen (",
        "new.csv: 28 rows of 2 tasks not seen in training, 0 of these rows with metadata: 'T0' (14 rows), 'T1' (14 ",
        "did you mean 't0' by 'T0'",
        "new.csv: target 'target' lies outside of what training has seen (",
    ):
        assert said in screen
        assert sum(said in sentence for sentence in log) == 1


def test_of_test_rows_like_those_of_training_nothing_is_said(tmp_path: Path) -> None:
    rows = data()[10:40]
    rows.loc[20, "x"] = 2.0  # alone, and not far outside of what training has
    description, log = checked(rows, tmp_path)
    assert [note for note in description.notes if note.startswith("new.csv")] == []
    assert "30 test rows are sealed until the search is over; 56 are left." in log
