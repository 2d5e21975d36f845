"""Task by task: errors, what sharing is worth, and how often chance is taken for it."""

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.tasks import FALSE_DISCOVERIES, sharing, tasks_table
from mthn_automl.data.schema import Problem


def predictions(errors: dict[str, np.ndarray], tasks: int) -> pd.DataFrame:
    """Targets of zero, which each architecture misses by its errors, (tasks, rows)."""
    parts = []
    for name, missed in errors.items():
        task = np.repeat([f"t{number:03}" for number in range(tasks)], missed.shape[1])
        row = np.arange(missed.size)
        parts.append(
            pd.DataFrame(
                {
                    "architecture": name,
                    "role": "out_of_fold",
                    "row": row,
                    "task": task,
                    "target": 0.0,
                    "prediction": missed.ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def table(errors: dict[str, np.ndarray]) -> pd.DataFrame:
    tasks, rows = next(iter(errors.values())).shape
    given = {f"t{number:03}": rows for number in range(tasks)}
    return tasks_table(
        predictions(errors, tasks),
        given,
        answer="ensemble",
        metric="rmse",
        problem=Problem.REGRESSION,
        classical="ridge",
    )


def test_errors_are_those_of_each_task_and_gains_are_differences_of_squared_errors() -> None:
    ours, alone = np.array([[1.0, -1.0], [2.0, 2.0]]), np.array([[3.0, 3.0], [2.0, 2.0]])
    found = table({"ensemble": ours, "single_task": alone, "ridge": 2 * ours})
    assert found["error"].tolist() == [1.0, 2.0]
    assert found["own_error"].tolist() == [3.0, 2.0]
    assert found["classical_error"].tolist() == [2.0, 4.0]
    assert found["gain"].tolist() == [8.0, 0.0]
    assert found["p_value"].isna().all(), "two rows are too few to test"


def test_tasks_of_which_there_are_test_rows_alone_have_a_row_too() -> None:
    known = predictions({"ensemble": np.ones((2, 3))}, 2)
    sealed = known[known["task"] == "t001"].assign(role="test", task="new", prediction=2.0)
    given = {"t000": 3, "t001": 3}
    found = tasks_table(
        pd.concat([known, sealed]), given, answer="ensemble", metric="rmse", problem=Problem.REGRESSION
    ).set_index("task")
    assert found.index.tolist() == ["t000", "t001", "new"]
    assert (found.loc["new", "rows"], found.loc["new", "test_rows"], found.loc["new", "test_error"]) == (0, 3, 2.0)
    assert found["error"].isna().tolist() == [False, False, True]


def test_a_harmed_task_is_found_among_many_that_gain() -> None:
    rng = np.random.default_rng(0)
    ours, alone = rng.normal(0, 1.0, (30, 40)), rng.normal(0, 2.0, (30, 40))
    ours[7] *= 5
    found = table({"ensemble": ours, "single_task": alone})
    assert found.loc[found["harmed"], "task"].tolist() == ["t007"]
    assert found["helped"].sum() > 15


def test_of_models_that_are_alike_hardly_any_task_is_called_helped_or_harmed() -> None:
    """Where nothing differs, the false discovery rate is the chance of a single false claim among all tasks."""
    runs, claims = 200, 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        found = table({name: rng.normal(size=(20, 10)) for name in ("ensemble", "single_task")})
        claims += bool(found["helped"].any() or found["harmed"].any())
    assert claims / runs <= FALSE_DISCOVERIES + 2 * np.sqrt(FALSE_DISCOVERIES * (1 - FALSE_DISCOVERIES) / runs)


def test_without_a_model_of_each_task_nothing_is_compared() -> None:
    found = table({"ensemble": np.ones((3, 6))})
    assert found[["own_error", "gain", "p_value"]].isna().all(axis=None)
    assert not found[["helped", "harmed"]].any(axis=None)


def test_classes_are_told_by_their_probabilities() -> None:
    given = pd.DataFrame(
        {
            "architecture": "ensemble",
            "role": "out_of_fold",
            "row": [0, 1],
            "task": ["a", "b"],
            "target": ["no", "yes"],
            "prediction": ["no", "no"],
            "probability_no": [0.5, 0.75],
            "probability_yes": [0.5, 0.25],
        }
    )
    found = tasks_table(given, {"a": 1, "b": 1}, answer="ensemble", metric="log_loss", problem=Problem.BINARY)
    assert found["error"].tolist() == pytest.approx([np.log(2), np.log(4)])


def test_all_tasks_together_say_whether_sharing_helps_whatever_their_scales() -> None:
    scale = 10.0 ** np.arange(8)[:, None]
    ours = table({"ensemble": scale * np.ones((8, 3)), "single_task": 1.1 * scale * np.ones((8, 3))})
    found = sharing(ours)
    assert (found.gain, found.tasks, found.shown, found.helps) == (8, 8, True, True)
    few = sharing(ours.head(4))
    assert (few.gain, few.tasks, few.shown) == (4, 4, False)
    assert sharing(table({"ensemble": np.ones((3, 6))})).tasks == 0
