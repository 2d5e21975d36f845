"""Errors of two runs are paired where they are of the same rows, and nowhere else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.comparison import OUT_OF_FOLD, TEST, Side, differences, same_of, task_gains
from mthn_automl.data.schema import Problem

TASKS, ROWS = 12, 20
INPUTS = {"data": "a", "meta": "b", "test": None, "split": None}


def side(noise: float, seed: int, *, answer: str = "ridge", of_a_task: float = 0.0) -> Side:
    """Predictions that miss by so much; the targets are the same whatever the seed. of_a_task: shared by its rows."""
    rng, count = np.random.default_rng(seed), TASKS * ROWS
    row, target = np.arange(count), np.random.default_rng(99).normal(size=count)
    task = row // ROWS
    missed = noise * rng.normal(size=count) + of_a_task * rng.normal(size=TASKS)[task]
    table = pd.DataFrame({"architecture": answer, "row": row, "task": task.astype(str), "target": target})
    table["role"] = np.where(row % 4 == 0, "test", "out_of_fold")
    table["prediction"] = target + missed
    split = table.assign(role=np.where(row % 4 == 0, "test", "train"), fold=np.where(row % 4 == 0, -1, row % 3))
    return Side(answer, table, split[["row", "task", "role", "fold"]], INPUTS)


def compared(one: Side, other: Side, average: str = "rows") -> pd.DataFrame:
    return differences(one, other, same_of(one, other), metric="rmse", average=average)  # type: ignore[arg-type]


def test_errors_are_those_of_the_same_rows_and_the_difference_has_an_interval_over_tasks() -> None:
    found = compared(side(1.0, 0), side(0.5, 1))
    assert found["architecture"].tolist() == ["the answer", "the answer", "ridge", "ridge"]
    test = found.iloc[0]
    assert (test["role"], test["rows"], test["tasks"]) == ("test", TASKS * ROWS // 4, TASKS)
    assert test["difference"] == pytest.approx(test["error_b"] - test["error_a"])
    assert test["low"] < test["difference"] < test["high"] < 0


def test_a_difference_over_tasks_is_of_the_means_of_their_errors() -> None:
    one, other = side(1.0, 0), side(0.5, 1)
    kept = one.of("the answer", "test")
    by_task = (kept["prediction"] - kept["target"]).pow(2).groupby(kept["task"]).mean().pow(0.5).mean()
    assert compared(one, other, "tasks")["error_a"].iloc[0] == pytest.approx(by_task)


def test_answers_of_other_names_are_compared_and_architectures_only_with_themselves() -> None:
    found = compared(side(1.0, 0), side(0.5, 1, answer="pooled"))
    assert found["architecture"].tolist() == ["the answer", "the answer"]


def test_other_folds_leave_the_test_rows_alone_to_be_paired() -> None:
    one, other = side(1.0, 0), side(0.5, 1)
    dealt = replace(other, split=other.split.assign(fold=other.split["fold"] + 1))
    same = same_of(one, dealt)
    assert (same.folds, same.paired) == (False, (TEST,))
    assert compared(one, dealt)["role"].tolist() == ["test", "test"]
    assert task_gains(one, dealt, same, metric="rmse", problem=Problem.REGRESSION).empty


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda table: table.assign(target=table["target"] + 1), id="other targets"),
        pytest.param(lambda table: table.assign(task="a" + table["task"]), id="other tasks"),
        pytest.param(lambda table: table[table["row"] != 1], id="a row less"),
        pytest.param(lambda table: table[table["role"] == "none"], id="no rows"),
    ],
)
def test_other_rows_are_not_paired(change: object) -> None:
    one, other = side(1.0, 0), side(0.5, 1)
    changed = replace(other, predictions=change(other.predictions))  # type: ignore[operator]
    assert OUT_OF_FOLD not in same_of(one, changed).paired


def test_whether_files_are_the_same_is_told_by_their_hashes_and_does_not_forbid_a_comparison_of_the_same_rows() -> None:
    one, other = side(1.0, 0), side(0.5, 1)
    same = same_of(one, replace(other, inputs={**INPUTS, "data": "other", "meta": None}))
    assert (same.data, same.metadata, same.folds) == (False, False, True)
    assert same.paired == (TEST, OUT_OF_FOLD)


def test_a_task_gains_where_its_rows_are_predicted_better() -> None:
    one, other = side(1.0, 0), side(0.2, 1)
    found = task_gains(one, other, same_of(one, other), metric="rmse", problem=Problem.REGRESSION)
    assert len(found) == TASKS
    assert found["gain"].mean() == pytest.approx(1.0 - 0.04, abs=0.2)
    assert found["helped"].sum() > TASKS / 2
    assert not found["harmed"].any()
    assert (found["rows"] == ROWS * 3 // 4).all()


def test_runs_that_are_equally_good_are_seldom_told_apart_though_rows_of_a_task_err_together() -> None:
    """At most as often as a percentile bootstrap of twelve tasks errs, about one in ten; rows alone would err often."""
    wrong = 0
    for seed in range(60):
        test = compared(side(0.3, 2 * seed, of_a_task=1.0), side(0.3, 2 * seed + 1, of_a_task=1.0)).iloc[0]
        wrong += not test["low"] <= 0 <= test["high"]
    assert wrong <= 12
