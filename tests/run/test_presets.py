"""What stands behind `--preset`."""

from itertools import pairwise

import pytest

from mthn_automl.errors import UsageError
from mthn_automl.run.options import DEFAULT_TIME_LIMIT, Options
from mthn_automl.run.presets import PRESETS, Preset, preset_of
from mthn_automl.tuning.allocation import FIRST_ROUNDS
from mthn_automl.tuning.plan import MOST_FOLDS, MOST_NETWORKS, MOST_SEEDS, USUAL_SECONDS, Plan, make_plan


def planned(preset: Preset, rows: int, seconds: float | None) -> Plan:
    return make_plan(
        rows,
        neural=5,
        classical=6,
        seconds=seconds,
        workers=2,
        most_folds=preset.folds,
        most_seeds=preset.seeds,
        most_networks=preset.networks,
        rounds=preset.rounds,
        usual_seconds=preset.seconds,
    )


def test_a_plan_without_a_preset_is_the_default_ones() -> None:
    assert preset_of(Options().preset) == Preset(USUAL_SECONDS, MOST_FOLDS, MOST_SEEDS, FIRST_ROUNDS, MOST_NETWORKS)
    assert Options().time_limit == DEFAULT_TIME_LIMIT == preset_of("default").seconds == 600


@pytest.mark.parametrize("field", ["seconds", "folds", "seeds", "rounds", "networks"])
def test_each_preset_spends_no_less_than_the_one_before(field: str) -> None:
    spent = [getattr(PRESETS[name], field) for name in ("quick", "default", "best")]
    assert all(less <= more for less, more in pairwise(spent))


@pytest.mark.parametrize("rows", [50, 200, 1_000, 5_000, 25_000, 250_000, 1_000_000])
@pytest.mark.parametrize("limited", [True, False], ids=["its own time limit", "trials alone"])
def test_on_the_same_data_a_costlier_preset_plans_no_less_work(rows: int, limited: bool) -> None:
    plans = [planned(preset, rows, preset.seconds if limited else None) for preset in PRESETS.values()]
    for less, more in pairwise(plans):
        assert (less.folds, less.seeds, less.networks, less.rounds) <= (
            more.folds,
            more.seeds,
            more.networks,
            more.rounds,
        )
        assert less.folds <= more.folds
        assert less.networks <= more.networks


@pytest.mark.parametrize(
    ("name", "folds", "networks", "rounds"), [("quick", 3, 3, 2), ("default", 5, 3, 4), ("best", 5, 5, 6)]
)
def test_on_small_data_there_is_time_for_all_that_a_preset_allows(
    name: str, folds: int, networks: int, rounds: int
) -> None:
    plan = planned(PRESETS[name], 1_000, PRESETS[name].seconds)
    assert (plan.folds, plan.networks, plan.rounds) == (folds, networks, rounds)


def test_an_unknown_preset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        UsageError, match=r"--preset must be one of quick, default, best; found 'bset', did you mean 'best'\?"
    ):
        preset_of("bset")
