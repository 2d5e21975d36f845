"""What a search minimises, and what its answers may have at most."""

import pytest

from mthn_automl.models.base import Size
from mthn_automl.tuning.criteria import NO_LIMITS, OBJECTIVES, Limits, values_of
from tests.tuning import toys

SIZE = Size(1000, 40, 7)


def test_values_come_in_the_order_of_the_objectives() -> None:
    result = toys.result(0.5, size=SIZE, predict_us_per_row=2.5)
    assert list(OBJECTIVES) == ["error", "parameters", "latency"]
    assert values_of(result, ["error"]) == [0.5]
    assert values_of(result, ["error", "parameters"]) == [0.5, 1000.0]
    assert values_of(result, ["error", "latency", "parameters"]) == [0.5, 2.5, 1000.0]


def test_a_limit_is_one_and_no_limit_is_none_so_that_nothing_is_exceeded_or_broken() -> None:
    assert all((Limits(parameters=1), Limits(parameters_per_task=1), Limits(latency=0.5)))
    assert not NO_LIMITS
    unmeasured = Limits(latency=1e-9)
    assert (NO_LIMITS.excess(SIZE, 5.0), NO_LIMITS.broken(SIZE, 5.0)) == ({}, "")
    assert (unmeasured.excess(SIZE), unmeasured.broken(SIZE)) == ({}, "")


@pytest.mark.parametrize(
    ("limits", "excess"),
    [
        (Limits(parameters=500), {"parameters": 1.0}),
        (Limits(parameters=1000), {"parameters": 0.0}),
        (Limits(parameters=2000), {"parameters": -0.5}),
        (Limits(parameters=250, parameters_per_task=80), {"parameters": 3.0, "parameters_per_task": -0.5}),
        (Limits(latency=2.0), {"latency": 1.5}),
    ],
)
def test_the_excess_is_relative_to_the_limit(limits: Limits, excess: dict[str, float]) -> None:
    assert limits.excess(SIZE, 5.0) == pytest.approx(excess)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(parameters=999), "parameters must be at most 999, however there are 1,000"),
        (Limits(parameters_per_task=39), "parameters per task must be at most 39, however there are 40"),
        (Limits(latency=2.5), "predicting a row must take at most 2.5 us, however it takes 5"),
        (Limits(1000, 40, 5.0), ""),
        (
            Limits(1, 40, 1.0),
            "parameters must be at most 1, however there are 1,000; "
            "predicting a row must take at most 1 us, however it takes 5",
        ),
    ],
)
def test_limits_that_are_broken_are_named_with_their_numbers(limits: Limits, sentence: str) -> None:
    assert limits.broken(SIZE, 5.0) == sentence


@pytest.mark.parametrize(
    ("limits", "models"),
    [
        (NO_LIMITS, 4),
        (Limits(parameters=4000), 4),
        (Limits(parameters=2999), 2),
        (Limits(parameters=999), 1),
        (Limits(parameters=10**9, parameters_per_task=120), 3),
        (Limits(latency=12.5), 2),
    ],
)
def test_as_many_models_as_keep_the_limits_together_are_kept_and_one_at_least(limits: Limits, models: int) -> None:
    assert limits.models_within([SIZE] * 4, 5.0) == models
