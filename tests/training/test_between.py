"""Rows that are drawn between others."""

import numpy as np
import pandas as pd

from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.training.between import between


def test_a_row_lies_between_two_of_its_task_and_marks_categories_and_gaps_are_of_either() -> None:
    data, meta = planted(3, 8)
    data["x1"] += 10 * data["task"].astype(int)
    data["mark"] = np.where(np.arange(len(data)) % 2, 1.0, 7.0)
    data["word"] = np.where(np.arange(len(data)) % 3, "p", "q")
    data.loc[4, "x2"] = np.nan
    rows = read_dataset(data, meta)
    drawn = between(rows, 500, seed=0)
    assert len(drawn) == 500
    assert drawn.target.shape == (500, 0)
    assert set(drawn.features.codes[:, 0]) == {0, 1}
    numeric = pd.DataFrame(drawn.features.numeric, columns=["x1", "x2", "mark"])
    assert set(numeric["mark"]) == {1.0, 7.0}
    assert 0 < numeric["x2"].isna().mean() < 0.2
    for task, values in numeric["x1"].groupby(drawn.task):
        given = rows.features.numeric[rows.task == task, 0]
        assert given.min() <= values.min() < values.max() <= given.max()
        assert len(set(values.round(6))) > len(given)
    np.testing.assert_array_equal(drawn.features.numeric, between(rows, 500, seed=0).features.numeric)


def test_a_task_of_one_row_gives_that_row_and_exposures_are_mixed() -> None:
    data = pd.DataFrame(
        {"task": list("abbbb"), "x": [5.0, 1, 2, 3, 4], "target": [1, 2, 0, 3, 1], "h": [1.0, 2, 3, 4, 5]}
    )
    rows = read_dataset(data, offset="h")
    drawn = between(rows, 200, seed=1)
    assert set(drawn.features.numeric[drawn.task == 0, 0]) == {5.0}
    assert drawn.exposure is not None
    assert len(set(drawn.exposure[drawn.task == 1])) > 10
    assert drawn.exposure.min() >= 1
    assert drawn.exposure.max() <= 5
