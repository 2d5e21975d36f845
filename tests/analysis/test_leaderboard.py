"""The leaderboard ranks by cross-validation, marks ties, and keeps the interface's columns."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.leaderboard import COLUMNS, Finalist, fold_standard_error, leaderboard
from mthn_automl.analysis.sealed import SealedErrors
from mthn_automl.models.base import Size
from mthn_automl.tuning.results import TrialResult

INTERFACE = [
    *("rank", "architecture", "cv_error", "cv_error_se", "test_error", "test_low", "test_high", "tied_with_best"),
    *("parameters", "parameters_per_task_network", "marginal_parameters", "train_seconds", "predict_us_per_row"),
    *("trials", "settings", "cv_error_tasks", "test_error_tasks", "test_low_tasks", "test_high_tasks"),
    *("undefined_tasks", "new_rows_error", "new_rows_low", "new_rows_high"),
    *("new_tasks_error", "new_tasks_low", "new_tasks_high", "pruned", "first_rounds", "stored_rows", "note"),
]


def finalist(name: str, fold_errors: tuple[float, ...], *, test_error: float = 1.0, total: int = 100) -> Finalist:
    error = float(np.mean(fold_errors))
    size = Size(total, 10, 3)
    best = TrialResult(name, {"b": 1, "a": "x"}, error, error, error + 1, fold_errors, (), (), size, 4.0, 2.0)
    sealed = SealedErrors(test_error, 0.9, 1.1, 1.2, 1.1, 1.3, 2, 1.5, np.zeros((0, 1)))
    return Finalist(name, best, 7, stopped=5, first_rounds=4, stored_rows=6, sealed=sealed)


FAILED = Finalist("mrn", None, stopped=3, first_rounds=4, note="The loss is not finite.")
BEST = finalist("hypernetwork", (0.50, 0.60, 0.55, 0.45), test_error=3.0)
TIED = finalist("pooled", (0.65, 0.52, 0.61, 0.40), test_error=1.0)
WORSE = finalist("ridge", (0.70, 0.80, 0.75, 0.66), test_error=2.0)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return leaderboard([WORSE, FAILED, TIED, BEST], 1 / 3)


def test_the_columns_are_the_interfaces_also_where_there_is_no_finalist(table: pd.DataFrame) -> None:
    for each in (table, leaderboard([], 0.25)):
        assert list(each.columns) == INTERFACE
        assert each.dtypes.astype(str).to_dict() == COLUMNS


def test_the_rank_is_by_cross_validation_whatever_the_test_rows_say(table: pd.DataFrame) -> None:
    assert table["architecture"].tolist() == ["hypernetwork", "pooled", "ridge", "mrn"]
    assert table["rank"].tolist() == [1, 2, 3, pd.NA]
    assert table["test_error"].tolist()[:3] == [3.0, 1.0, 2.0]


def test_what_is_better_than_the_others_by_an_honest_comparison_ranks_first_all_the_same() -> None:
    table = leaderboard([BEST, WORSE, replace(TIED, first=True)], 1 / 3)
    assert table["architecture"].tolist() == ["pooled", "hypernetwork", "ridge"]
    assert table["cv_error"].tolist()[0] > table["cv_error"].tolist()[1]


def test_a_rival_is_tied_unless_shown_to_be_worse(table: pd.DataFrame) -> None:
    assert table["tied_with_best"].tolist() == [True, True, False, pd.NA]


def test_a_rival_better_in_every_fold_is_not_called_worse() -> None:
    better = finalist("pooled", (0.3, 0.4, 0.35, 0.25))
    assert better.best is not None
    ranked_behind = replace(better, best=replace(better.best, error=0.9))
    assert leaderboard([BEST, ranked_behind], 1 / 3)["tied_with_best"].tolist() == [True, True]


def test_one_fold_leaves_ties_and_standard_errors_unknown() -> None:
    one = leaderboard([finalist("a", (0.5,)), finalist("b", (0.6,))], 0.25)
    assert one["tied_with_best"].tolist() == [True, pd.NA]
    assert one["cv_error_se"].isna().all()


def test_equal_errors_are_ranked_by_parameters() -> None:
    equal = leaderboard([finalist("large", (0.5, 0.6), total=200), finalist("small", (0.5, 0.6), total=20)], 0.25)
    assert equal["architecture"].tolist() == ["small", "large"]


def test_an_architecture_without_a_finished_trial_says_why(table: pd.DataFrame) -> None:
    row = table.iloc[-1]
    assert row["note"] == "The loss is not finite."
    assert row[["rank", "cv_error", "test_error", "parameters"]].isna().all()
    assert row[["trials", "pruned", "first_rounds"]].tolist() == [0, 3, 4]


def test_a_row_holds_what_is_known_of_the_finalist(table: pd.DataFrame) -> None:
    row = table.iloc[0].to_dict()
    assert row.pop("settings") == '{"a": "x", "b": 1}'
    assert np.isnan([row.pop(name) for name in list(row) if name.startswith("new_")]).all()
    assert row.pop("cv_error_se") == fold_standard_error((0.50, 0.60, 0.55, 0.45))
    assert list(row.values()) == [
        *(1, "hypernetwork", 0.525, 3.0, 0.9, 1.1, True, 100, 10, 3, 4.0, 1.5, 7),
        *(1.525, 1.2, 1.1, 1.3, 2, 5, 4, 6, ""),
    ]


def test_without_sealed_rows_the_time_of_a_prediction_is_that_of_the_trials() -> None:
    row = leaderboard([replace(BEST, sealed=None)], 1 / 3).iloc[0]
    assert row["predict_us_per_row"] == 2.0
    assert pd.isna(row["test_error"])


def test_counts_stay_whole_in_the_file(table: pd.DataFrame) -> None:
    lines = table.to_csv(index=False).splitlines()
    assert (lines[1][:15], lines[4][:12]) == ("1,hypernetwork,", ",mrn,,,,,,,,")


def test_the_standard_error_is_over_folds() -> None:
    assert [fold_standard_error(each) for each in ((1.0, 3.0), (2.0, 2.0, 2.0))] == [1.0, 0.0]
