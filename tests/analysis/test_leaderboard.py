"""The leaderboard ranks by cross-validation, marks ties, and keeps the interface's columns."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.leaderboard import Finalist, fold_standard_error, leaderboard
from mthn_automl.models.base import Size
from mthn_automl.tuning.results import TrialResult

INTERFACE = [
    "rank",
    "architecture",
    "cv_error",
    "cv_error_se",
    "test_error",
    "test_low",
    "test_high",
    "tied_with_best",
    "parameters",
    "parameters_per_task_network",
    "marginal_parameters",
    "train_seconds",
    "predict_us_per_row",
    "trials",
    "settings",
]
OVER_TASKS = ["cv_error_tasks", "test_error_tasks", "test_low_tasks", "test_high_tasks", "undefined_tasks"]
OF_THE_SEARCH = ["pruned", "first_rounds"]
ALL = [*INTERFACE, *OVER_TASKS, *OF_THE_SEARCH, "note"]


def finalist(name: str, fold_errors: tuple[float, ...], *, test_error: float = 1.0, total: int = 100) -> Finalist:
    error = float(np.mean(fold_errors))
    size = Size(total, 10, 3)
    best = TrialResult(name, {"b": 1, "a": "x"}, error, error, error + 1, fold_errors, (), (), size, 9.0, 2.0)
    return Finalist(name, best, 7, test_error, 0.9, 1.1, 1.2, 1.1, 1.3, 4.0, 1.5, size, undefined_tasks=2)


FAILED = Finalist("mrn", None, 0, None, None, None, None, None, None, None, None, None, "The loss is not finite.")
BEST = finalist("hypernetwork", (0.50, 0.60, 0.55, 0.45), test_error=3.0)
TIED = finalist("pooled", (0.65, 0.52, 0.61, 0.40), test_error=1.0)
WORSE = finalist("ridge", (0.70, 0.80, 0.75, 0.66), test_error=2.0)


def test_the_columns_are_the_interfaces_then_those_over_tasks_and_of_the_search() -> None:
    assert list(leaderboard([BEST], 1 / 3).columns) == ALL


def test_the_rank_is_by_cross_validation_whatever_the_test_rows_say() -> None:
    table = leaderboard([WORSE, FAILED, TIED, BEST], 1 / 3)
    assert table["architecture"].tolist() == ["hypernetwork", "pooled", "ridge", "mrn"]
    assert table["rank"].tolist() == [1, 2, 3, pd.NA]


def test_a_rival_is_tied_unless_shown_to_be_worse() -> None:
    table = leaderboard([BEST, TIED, WORSE, FAILED], 1 / 3)
    assert table["tied_with_best"].tolist() == [True, True, False, pd.NA]


def test_a_rival_better_in_every_fold_is_not_called_worse() -> None:
    better = finalist("pooled", (0.3, 0.4, 0.35, 0.25))
    assert better.best is not None
    ranked_behind = replace(better, best=replace(better.best, error=0.9))
    assert leaderboard([BEST, ranked_behind], 1 / 3)["tied_with_best"].tolist() == [True, True]


def test_one_fold_leaves_ties_and_standard_errors_unknown() -> None:
    table = leaderboard([finalist("a", (0.5,)), finalist("b", (0.6,))], 0.25)
    assert table["tied_with_best"].tolist() == [True, pd.NA]
    assert table["cv_error_se"].isna().all()


def test_equal_errors_are_ranked_by_parameters() -> None:
    table = leaderboard([finalist("large", (0.5, 0.6), total=200), finalist("small", (0.5, 0.6), total=20)], 0.25)
    assert table["architecture"].tolist() == ["small", "large"]


def test_an_architecture_without_a_finished_trial_says_why() -> None:
    row = leaderboard([FAILED, BEST], 1 / 3).iloc[-1]
    assert row["note"] == "The loss is not finite."
    assert row[["rank", "cv_error", "test_error", "parameters"]].isna().all()


def test_a_row_holds_the_finalists_numbers() -> None:
    row = leaderboard([BEST], 1 / 3).iloc[0]
    assert json.loads(row["settings"]) == {"a": "x", "b": 1}
    assert row["settings"].startswith('{"a"')
    assert row[["cv_error", "cv_error_tasks", "test_error_tasks", "undefined_tasks"]].tolist() == [0.525, 1.525, 1.2, 2]
    assert row[["parameters", "parameters_per_task_network", "marginal_parameters", "trials"]].tolist() == [
        100,
        10,
        3,
        7,
    ]
    assert row["train_seconds"] == 4.0
    assert row["predict_us_per_row"] == 1.5


def test_what_the_search_gave_and_stopped_is_said_of_every_architecture() -> None:
    table = leaderboard([replace(BEST, pruned=5, first_rounds=4), replace(FAILED, pruned=3, first_rounds=4)], 1 / 3)
    assert table[OF_THE_SEARCH].to_numpy().tolist() == [[5, 4], [3, 4]]


def test_counts_stay_whole_in_the_file() -> None:
    text = leaderboard([BEST, FAILED], 1 / 3).to_csv(index=False)
    assert text.splitlines()[1].startswith("1,hypernetwork,")
    assert text.splitlines()[2].startswith(",mrn,,,,,,,")


def test_no_finalist_gives_a_header_only() -> None:
    assert list(leaderboard([], 0.25).columns) == ALL


@pytest.mark.parametrize(("folds", "error"), [((1.0, 3.0), 1.0), ((2.0, 2.0, 2.0), 0.0)])
def test_the_standard_error_is_over_folds(folds: tuple[float, ...], error: float) -> None:
    assert fold_standard_error(folds) == pytest.approx(error)
