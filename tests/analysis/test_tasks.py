"""Task by task: errors, what sharing is worth, and how often chance is taken for it."""

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.predicted import compared_by
from mthn_automl.analysis.tasks import FALSE_DISCOVERIES, Sharing, sharing, tasks_table
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


def table(errors: dict[str, np.ndarray], **more: object) -> pd.DataFrame:
    tasks, rows = next(iter(errors.values())).shape
    given = {f"t{number:03}": rows for number in range(tasks)}
    return tasks_table(
        predictions(errors, tasks),
        given,
        answer="ensemble",
        metric="rmse",
        problem=Problem.REGRESSION,
        classical="ridge",
        **more,  # type: ignore[arg-type]
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


def test_rows_of_a_group_are_one_observation_of_a_task() -> None:
    """Errors that are alike within groups of ten rows: some task was called helped or harmed in forty runs of forty."""
    runs, claims, group = 100, 0, {row: row // 10 for row in range(20 * 60)}
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        errors = {name: np.repeat(rng.normal(size=(20, 6)), 10, axis=1) for name in ("ensemble", "single_task")}
        found = table(errors, group=group)
        claims += bool(found["helped"].any() or found["harmed"].any())
    assert claims / runs <= FALSE_DISCOVERIES + 2 * np.sqrt(FALSE_DISCOVERIES * (1 - FALSE_DISCOVERIES) / runs)
    assert found["p_value"].notna().all()
    assert found["gain"].to_numpy() == pytest.approx(table(errors)["gain"].to_numpy())


def test_a_row_that_counts_twice_is_one_more_observation_of_the_mean_alone() -> None:
    rng = np.random.default_rng(0)
    given = predictions({"ensemble": rng.normal(0, 1, (1, 30)), "single_task": rng.normal(0, 2, (1, 30))}, 1)
    asked = {"answer": "ensemble", "metric": "rmse", "problem": Problem.REGRESSION}
    plain, alike, more = (
        tasks_table(given.assign(weight=weight), {"t000": 30}, **asked).iloc[0]
        for weight in (1.0, 3.0, np.tile(np.r_[np.full(15, 3.0), np.ones(15)], 2))
    )
    assert plain["p_value"] == pytest.approx(alike["p_value"])
    losses, counts = given["prediction"].to_numpy().reshape(2, 30) ** 2, np.r_[np.full(15, 3.0), np.ones(15)]
    assert more["gain"] == pytest.approx(np.average(losses[1] - losses[0], weights=counts))
    assert more["gain_high"] - more["gain_low"] > 0


def test_rows_that_all_differ_alike_are_no_more_than_coins_that_fall_alike() -> None:
    """As of the accuracy of five rows, which one model has all right and the other all wrong."""
    found = table({"ensemble": np.zeros((1, 5)), "single_task": np.ones((1, 5))}).iloc[0]
    assert (found["p_value"], found["helped"]) == (2 * 0.5**5, False)


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
    assert (found.loss, sharing(ours.rename(columns={"error": "own_error", "own_error": "error"})).helps) == (0, False)
    few = sharing(ours.head(4))
    assert (few.gain, few.tasks, few.shown) == (4, 4, False)
    assert sharing(table({"ensemble": np.ones((3, 6))})).tasks == 0


def shared(gains: list[float]) -> Sharing:
    return sharing(pd.DataFrame({"error": 1.0, "own_error": 1.0 + np.array(gains)}))


def test_ties_are_no_losses_and_where_count_and_sizes_disagree_nothing_is_claimed() -> None:
    """Ten of 25 tasks that gain and none that loses were called harmed; small gains with large losses, helped."""
    tied = shared([0.1] * 10 + [0.0] * 15)
    assert (tied.gain, tied.loss, tied.tasks, tied.shown, tied.helps) == (10, 0, 25, True, True)
    apart = shared([0.01 + 0.0001 * each for each in range(21)] + [-0.5 - 0.001 * each for each in range(20)])
    assert apart.p_value < 0.05
    assert (apart.gain, apart.loss, apart.shown) == (21, 20, False)


@pytest.mark.parametrize(
    ("metric", "problem", "expected"),
    [
        ("rmse", Problem.REGRESSION, "rmse"),
        ("r2", Problem.REGRESSION, "rmse"),
        ("accuracy", Problem.MULTICLASS, "accuracy"),
        ("roc_auc", Problem.BINARY, "log_loss"),
        ("quadratic_kappa", Problem.ORDINAL, "log_loss"),
        ("poisson_deviance", Problem.COUNT, "poisson_deviance"),
    ],
)
def test_rows_are_compared_by_the_metric_where_it_is_a_mean_over_them(
    metric: str, problem: Problem, expected: str
) -> None:
    assert compared_by(metric, problem) == expected
