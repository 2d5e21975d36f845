"""What stands behind `--preset`."""

from itertools import pairwise

import pytest

from mthn_automl import catalogue
from mthn_automl.run.options import Options
from mthn_automl.run.presets import PRESETS, Preset
from mthn_automl.tuning.allocation import FIRST_ROUNDS
from mthn_automl.tuning.plan import MOST_FOLDS, MOST_SEEDS, USUAL_SECONDS, Plan, make_plan


def planned(preset: Preset, rows: int, seconds: float | None) -> Plan:
    return make_plan(
        rows,
        catalogue.select("usual"),
        seconds=seconds,
        workers=2,
        most_folds=preset.folds,
        most_seeds=preset.seeds,
        rounds=preset.rounds,
        usual_seconds=preset.seconds,
    )


def test_a_plan_without_a_preset_is_the_default_ones() -> None:
    assert PRESETS[Options().preset] == Preset(USUAL_SECONDS, MOST_FOLDS, MOST_SEEDS, FIRST_ROUNDS)


@pytest.mark.parametrize("limited", [True, False], ids=["its own time limit", "trials alone"])
def test_on_the_same_data_a_costlier_preset_plans_no_less_work(limited: bool) -> None:
    for rows in (50, 1_000, 25_000, 1_000_000):
        plans = [planned(preset, rows, preset.seconds if limited else None) for preset in PRESETS.values()]
        for less, more in pairwise(plans):
            assert less.folds <= more.folds
            assert (less.folds, less.seeds) <= (more.folds, more.seeds)


def test_on_small_data_there_is_time_for_all_that_a_preset_allows() -> None:
    plans = {name: planned(each, 1_000, each.seconds) for name, each in PRESETS.items()}
    assert {name: (each.folds, each.seeds, each.rounds) for name, each in plans.items()} == {
        "quick": (5, 1, 2),
        "default": (5, 3, 4),
        "best": (5, 3, 6),
    }


def test_a_presets_time_is_said_as_people_write_it() -> None:
    assert [each.time for each in PRESETS.values()] == ["2m", "10m", "1h"]
