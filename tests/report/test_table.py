"""The leaderboard as text says what the table says, in the width there is."""

import pandas as pd
import pytest

from mthn_automl.analysis.leaderboard import Finalist, leaderboard
from mthn_automl.models.base import Size
from mthn_automl.report.table import leaderboard_text, number
from mthn_automl.tuning.results import TrialResult


def finalist(name: str, folds: tuple[float, ...]) -> Finalist:
    error = sum(folds) / len(folds)
    size = Size(12_345, 10, 3)
    best = TrialResult(name, {}, error, error, error, folds, (), (), size, 9.0, 2.0)
    return Finalist(name, best, 7, error, error - 0.01, error + 0.02, None, None, None, 4.25, 1.5, size)


def table() -> pd.DataFrame:
    failed = Finalist(
        "mrn", None, 0, None, None, None, None, None, None, None, None, None, "the loss [x] is not finite"
    )
    return leaderboard(
        [finalist("hypernetwork", (0.5, 0.6)), finalist("pooled", (0.62, 0.5)), finalist("ridge", (0.9, 1.0)), failed],
        1.0,
    )


def test_a_line_holds_rank_name_errors_size_trials_and_seconds() -> None:
    line = next(each for each in leaderboard_text(table(), "rmse", None).splitlines() if "hypernetwork" in each)
    assert line.split() == [
        "1",
        "hypernetwork",
        "0.5500",
        "±",
        "0.050",
        "0.5500",
        "[0.5400,",
        "0.5700]",
        "12,345",
        "7",
        "4.2",
    ]


def test_a_tie_is_marked_and_the_mark_explained() -> None:
    text = leaderboard_text(table(), "rmse", None)
    assert [mark in text for mark in ("1=", "2=", "3=")] == [False, True, False]
    assert "= not shown to differ from the best" in text


def test_without_ties_nothing_is_explained() -> None:
    assert "not shown" not in leaderboard_text(leaderboard([finalist("ridge", (0.9, 1.0))], 1.0), "rmse", None)


def test_what_did_not_finish_is_named_with_its_reason() -> None:
    assert "no finished trial: mrn (the loss [x] is not finite)" in leaderboard_text(table(), "rmse", None)


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        pytest.param(None, ["parameters", "trials", "seconds"], id="all where it may be wide"),
        pytest.param(200, ["parameters", "trials", "seconds"], id="all on a wide terminal"),
        pytest.param(80, ["parameters"], id="fewer on a terminal of 80"),
        pytest.param(30, [], id="errors only where it is very narrow"),
    ],
)
def test_columns_give_way_where_it_is_narrow(width: int | None, headings: list[str]) -> None:
    text = leaderboard_text(table(), "rmse", width)
    assert [heading for heading in ("parameters", "trials", "seconds") if heading in text] == headings
    assert "cv rmse" in text
    assert "test rmse" in text
    assert "…" not in text


def test_the_text_is_plain() -> None:
    assert "\x1b" not in leaderboard_text(table(), "accuracy", 100)


def test_a_score_is_called_one_minus_it() -> None:
    assert "cv 1 - accuracy" in leaderboard_text(table(), "accuracy", None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0231, "0.02310"),
        (1234.5, "1234"),
        (float("nan"), "-"),
        (None, "-"),
        (float("inf"), "inf"),
        (2e-9, "2.000e-09"),
    ],
)
def test_numbers_have_four_digits(value: float | None, text: str) -> None:
    assert number(value) == text
