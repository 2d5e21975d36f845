"""Every finished trial is in the table, and the front is over error and parameters."""

import pytest

from mthn_automl.analysis.tradeoff import COLUMNS, tradeoff
from mthn_automl.models.base import Size
from mthn_automl.tuning.results import TrialResult

INTERFACE = [
    "architecture",
    "trial",
    "cv_error",
    "parameters",
    "parameters_per_task_network",
    "marginal_parameters",
    "train_seconds",
    "predict_us_per_row",
    "on_front",
]


def result(architecture: str, error: float, total: int) -> TrialResult:
    return TrialResult(architecture, {}, error, error, error, (), (), (), Size(total, 10, 3), 1.5, 0.5)


def test_the_front_is_over_all_architectures() -> None:
    table = tradeoff([(3, result("b", 0.1, 500)), (0, result("b", 0.3, 50)), (1, result("a", 0.2, 500))])
    assert table[["architecture", "trial", "on_front"]].to_numpy().tolist() == [
        ["a", 1, False],
        ["b", 0, True],
        ["b", 3, True],
    ]


def test_a_row_holds_the_trials_numbers() -> None:
    assert tradeoff([(4, result("a", 0.2, 500))]).iloc[0].tolist() == ["a", 4, 0.2, 500, 10, 3, 1.5, 0.5, True]


def test_the_order_in_which_trials_ended_does_not_matter() -> None:
    trials = [(number, result("a", 0.1 * number, 10)) for number in range(4)]
    assert tradeoff(trials).equals(tradeoff(trials[::-1]))


@pytest.mark.parametrize(
    "trials", [pytest.param([], id="no trial"), pytest.param([(0, result("a", 0.2, 5))], id="a trial")]
)
def test_the_columns_are_the_interfaces(trials: list[tuple[int, TrialResult]]) -> None:
    table = tradeoff(trials)
    assert list(table.columns) == INTERFACE
    assert table.dtypes.astype(str).to_dict() == COLUMNS
