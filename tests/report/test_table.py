"""The leaderboard as text says what the table says, in the width there is."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mthn_automl.analysis.leaderboard import Finalist, leaderboard
from mthn_automl.analysis.sealed import SealedErrors
from mthn_automl.models.base import Size
from mthn_automl.report.table import leaderboard_text
from mthn_automl.tuning.results import TrialResult


def finalist(name: str, folds: tuple[float, ...]) -> Finalist:
    error = sum(folds) / len(folds)
    size = Size(12_345, 10, 3)
    best = TrialResult(name, {}, error, error, error, folds, (), (), size, 4.25, 2.0)
    sealed = SealedErrors(error, error - 0.01, error + 0.02, error, error, error, 0, 1.5, np.zeros((0, 1)))
    return Finalist(name, best, 7, sealed=sealed)


def table() -> pd.DataFrame:
    failed = Finalist("mrn", None, note="the loss [x] is not finite")
    return leaderboard(
        [finalist("hypernetwork", (0.5, 0.6)), finalist("pooled", (0.62, 0.5)), finalist("ridge", (0.9, 1.01)), failed],
        1.0,
    )


def test_a_line_holds_rank_name_errors_size_trials_and_seconds() -> None:
    line = next(each for each in leaderboard_text(table(), "rmse", None).splitlines() if "hypernetwork" in each)
    shown = "1 hypernetwork 0.5500 ± 0.050 0.5500 [0.5400, 0.5700] 12,345 7 4.2"
    assert line.split() == shown.split()


def test_where_models_are_ranked_by_an_error_over_tasks_the_test_error_is_over_tasks_too() -> None:
    best = finalist("ridge", (0.5, 0.6))
    assert best.sealed is not None
    sealed = replace(best.sealed, error=9.0, error_tasks=0.4, low_tasks=0.3, high_tasks=0.7)
    text = leaderboard_text(leaderboard([replace(best, sealed=sealed)], 1.0), "rmse", None, "tasks")
    assert "cv rmse over tasks" in text
    assert "test rmse over tasks [95 %]" in text
    assert "0.4000 [0.3000, 0.7000]" in text
    assert "9.000" not in text


def test_a_tie_is_marked_and_the_mark_explained() -> None:
    text = leaderboard_text(table(), "rmse", None)
    assert [mark in text for mark in ("1=", "2=", "3=")] == [False, True, False]
    assert "= not shown to differ from the best" in text


def test_without_ties_nothing_is_explained() -> None:
    assert "not shown" not in leaderboard_text(leaderboard([finalist("ridge", (0.9, 1.0))], 1.0), "rmse", None)


def test_what_did_not_finish_is_named_with_its_reason() -> None:
    assert "no finished trial: mrn (the loss [x] is not finite)" in leaderboard_text(table(), "rmse", None)


def test_columns_give_way_where_it_is_narrow() -> None:
    every = ["parameters", "trials", "seconds"]
    for width, headings in {None: every, 200: every, 80: ["parameters"], 30: []}.items():
        text = leaderboard_text(table(), "rmse", width)
        assert [heading for heading in every if heading in text] == headings
        assert [heading for heading in ("cv rmse", "test rmse", "…") if heading in text] == ["cv rmse", "test rmse"]


def test_the_text_is_plain() -> None:
    assert "\x1b" not in leaderboard_text(table(), "accuracy", 100)


def test_a_score_is_called_one_minus_it() -> None:
    assert "cv 1 - accuracy" in leaderboard_text(table(), "accuracy", None)


def test_a_first_with_a_higher_error_than_another_is_explained_in_one_line() -> None:
    """Only what ranks first for another reason can have one."""
    others = [finalist("pooled", (0.62, 0.5)), finalist("ridge", (0.9, 1.0))]
    for error, first, explained in ((0.6, True, True), (0.5, True, False), (0.6, False, False)):
        together = replace(finalist("ensemble", (error, error)), first=first)
        lines = leaderboard_text(leaderboard([together, *others], 1.0), "rmse", None).splitlines()
        assert [line for line in lines if "flatters" in line] == explained * [
            "ensemble is first although others have a lower cv rmse: the lowest of many trials flatters, and the "
            "weights of the ensemble were chosen on other folds"
        ]
