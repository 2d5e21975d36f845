"""The task that makes most of the test error is named with its share, and where that cannot be told nothing is."""

from dataclasses import replace
from typing import Any

import pytest

from mthn_automl.report.page.heaviest import heaviest
from mthn_automl.report.page.section import Found
from mthn_automl.report.page.sections import answer, tasks
from tests.report.page import planted

ERRORS = (1.0, 1.0, 10.0)
ROWS = (6, 2, 2)


def told(metric: str, error: float, *, rows: tuple[int, ...] = ROWS, average: str = "rows", **more: Any) -> Found:
    """error: on all test rows."""
    found = planted.found()
    table = found.table("tasks").assign(test_rows=rows, test_error=ERRORS)
    best = {**found.summary["best"], "test_error": error, "test_error_tasks": error, "test_low": 0.1, "test_high": 99.0}
    best |= {"test_low_tasks": 0.1, "test_high_tasks": 99.0}
    usual = {"usual": None, "average": average, "metric": metric, "best": best}
    return replace(found, summary={**found.summary, **usual, **more}, tables={**found.tables, "tasks": table})


@pytest.mark.parametrize(
    ("found", "share", "loss"),
    [
        pytest.param(told("rmse", 20.8**0.5), 200 / 208, "squared error", id="rmse"),
        pytest.param(told("mse", 2.8), 20 / 28, "squared error", id="mse"),
        pytest.param(told("mae", 2.8), 20 / 28, "absolute error", id="mae"),
        pytest.param(told("log_loss", 2.8, problem="binary"), 20 / 28, "log loss", id="log loss"),
        pytest.param(told("accuracy", 2.8, problem="binary"), 20 / 28, "count of wrong predictions", id="accuracy"),
        pytest.param(told("rmse", 4.0, average="tasks"), 10 / 12, "sum of the errors of tasks", id="over tasks"),
    ],
)
def test_it_is_named_with_its_share_of_the_loss_and_the_error_without_it(found: Found, share: float, loss: str) -> None:
    made = heaviest(found)
    assert made is not None
    assert (made.task, made.rows, made.of_rows, made.loss) == ("c", 2, 10, loss)
    assert made.share == pytest.approx(share)
    assert made.without == pytest.approx(1.0)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(told("rmse", 2.0), id="the test error is of other rows, or rows have weights"),
        pytest.param(told("roc_auc", 2.8, problem="binary"), id="no mean over rows"),
        pytest.param(told("mae", 7.3, rows=(2, 2, 8)), id="the task has most of the rows"),
        pytest.param(told("mae", 22 / 13, rows=(9, 3, 1)), id="half or less"),
        pytest.param(planted.found(), id="the planted run"),
    ],
)
def test_nothing_is_told_where_no_task_stands_out_or_shares_are_not_known(found: Found) -> None:
    assert heaviest(found) is None
    section = tasks.section(found)
    assert section is not None
    assert not [each for each in section.sentences if each.startswith("On the test rows one task")]


def test_it_is_said_with_the_tasks_and_takes_the_place_of_the_advice_to_hold_out_more_rows() -> None:
    found = told("rmse", 20.8**0.5)
    section = tasks.section(found)
    assert section is not None
    assert (
        "On the test rows one task, c, with 2 of 10 rows, makes 96 % of the squared error: the RMSE of all test "
        "rows is 4.561, and 1.000 without this task." in section.sentences
    )
    advice = " ".join(answer.section(found).advice)
    assert "Look at the 2 test rows of c: 96 % of the squared error" in advice
    assert "the test RMSE is 1.000 and not 4.561" in advice
    assert "more test rows" not in advice
    other = " ".join(answer.section(told("rmse", 2.0)).advice)
    assert "more test rows (--test-fraction, --test) would narrow it" in other
