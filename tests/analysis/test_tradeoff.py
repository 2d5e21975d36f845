"""Every finished trial is in the table, and the front is over error and parameters."""

from dataclasses import replace

from mthn_automl.analysis.tradeoff import COLUMNS, tradeoff
from mthn_automl.models.base import Size
from mthn_automl.tuning.results import TrialResult

ALL = [
    *("architecture", "trial", "cv_error", "parameters", "parameters_per_task_network", "marginal_parameters"),
    *("train_seconds", "predict_us_per_row", "on_front", "within_limits", "stopped_by_time"),
]


def result(architecture: str, error: float, total: int, latency: float = 0.5) -> TrialResult:
    return TrialResult(architecture, {}, error, error, error, (), (), (), Size(total, 10, 3), 1.5, latency)


def test_the_front_is_over_all_architectures() -> None:
    table = tradeoff([(3, result("b", 0.1, 500)), (0, result("b", 0.3, 50)), (1, result("a", 0.2, 500))])
    assert table[["architecture", "trial", "on_front"]].to_numpy().tolist() == [
        ["a", 1, False],
        ["b", 0, True],
        ["b", 3, True],
    ]


def test_the_time_of_a_prediction_is_on_the_front_where_it_is_an_objective() -> None:
    trials = [(0, result("a", 0.1, 10, latency=9.0)), (1, result("a", 0.2, 10, latency=1.0))]
    assert tradeoff(trials)["on_front"].tolist() == [True, False]
    assert tradeoff(trials, latency=True)["on_front"].tolist() == [True, True]


def test_a_trial_beyond_a_limit_is_not_on_the_front_and_puts_nobody_off_it() -> None:
    trials = [(0, result("a", 0.1, 10)), (1, result("a", 0.2, 20)), (0, result("b", 0.3, 30))]
    table = tradeoff(trials, beyond={("a", 0)})
    assert table["within_limits"].tolist() == [False, True, True]
    assert table["on_front"].tolist() == [False, True, False]


def test_a_trial_that_was_not_trained_to_its_end_is_not_on_the_front() -> None:
    cut = replace(result("a", 0.1, 10), stopped_by_time=True)
    table = tradeoff([(0, cut), (1, result("a", 0.2, 20))])
    assert table["stopped_by_time"].tolist() == [True, False]
    assert table["on_front"].tolist() == [False, True]


def test_a_row_holds_the_trials_numbers() -> None:
    assert tradeoff([(4, result("a", 0.2, 500))]).iloc[0].tolist() == [
        *("a", 4, 0.2, 500, 10, 3, 1.5, 0.5),
        *(True, True, False),
    ]


def test_the_order_in_which_trials_ended_does_not_matter() -> None:
    trials = [(number, result("a", 0.1 * number, 10)) for number in range(4)]
    assert tradeoff(trials).equals(tradeoff(trials[::-1]))


def test_the_columns_are_the_interfaces() -> None:
    for trials in ([], [(0, result("a", 0.2, 5))]):
        table = tradeoff(trials)
        assert list(table.columns) == ALL
        assert table.dtypes.astype(str).to_dict() == COLUMNS
