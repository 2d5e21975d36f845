"""Errors target by target, over the rows that have each."""

import numpy as np
import pandas as pd

from mthn_automl.analysis.targets import COLUMNS, errors_by_target, target_errors


def predictions(weight: list[float] | None = None) -> pd.DataFrame:
    """Of two architectures: three rows out of fold, one of which misses the second target, and one test row."""
    rows = {
        "role": ["out_of_fold"] * 3 + ["test"],
        "target_a": [1.0, 2.0, 3.0, 4.0],
        "target_b": [1.0, np.nan, 3.0, np.nan],
        "prediction_a": [2.0, 2.0, 3.0, 6.0],
        "prediction_b": [1.0, 9.0, 6.0, 0.0],
    }
    one = pd.DataFrame(rows | ({} if weight is None else {"weight": weight}))
    return pd.concat([one.assign(architecture="ridge"), one.assign(architecture="pooled")], ignore_index=True)


def test_a_target_is_scored_by_the_rows_that_have_it() -> None:
    table = target_errors(predictions(), ("a", "b"), "mae")
    assert {name: str(each) for name, each in table.dtypes.items()} == COLUMNS
    assert table["architecture"].tolist() == ["ridge", "ridge", "pooled", "pooled"]
    assert table["cv_error"].tolist() == [1 / 3, 1.5] * 2
    assert table[["cv_rows", "test_rows"]].to_numpy().tolist() == [[3, 1], [2, 0]] * 2
    found = errors_by_target(table, "pooled")
    assert found == {"a": {"cv_error": 1 / 3, "test_error": 2.0}, "b": {"cv_error": 1.5, "test_error": None}}


def test_rows_count_as_they_are_weighted() -> None:
    table = target_errors(predictions([3.0, 1.0, 1.0, 5.0]), ("a", "b"), "mae")
    assert table["cv_error"].tolist() == [3 / 5, 3 / 4] * 2


def test_without_predictions_there_is_a_header() -> None:
    assert list(target_errors(predictions()[:0], ("a", "b"), "mae").columns) == list(COLUMNS)
