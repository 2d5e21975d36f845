"""Refits and ablation fits."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from mthn_automl.models.base import Classical
from mthn_automl.models.ridge import Ridge
from mthn_automl.training.networks import Networks
from mthn_automl.tuning import final
from mthn_automl.tuning.final import VARIANTS, AblationFit, Refit, permutation, stopping_epoch
from mthn_automl.tuning.objective import Configuration, Objective, SearchData
from mthn_automl.tuning.plan import Plan
from tests.tuning import toys

RIDGE = toys.configuration("ridge", {"alpha": 1.0, "task": "slopes"})
HYPER = toys.configuration(
    "hypernetwork", {"width": 16, "depth": 1, "embedding_size": 2, "embedding_start": "zero"}, {"learning_rate": 0.01}
)
PLAN = toys.plan(epochs=4)


@pytest.fixture(scope="module")
def data() -> SearchData:
    return toys.search_data()


@pytest.fixture(scope="module")
def objective(data: SearchData) -> Objective:
    return Objective(data, PLAN)


@pytest.mark.parametrize(
    ("best_epochs", "expected"),
    [
        (((3, 9), (5, 100)), 7),
        (((3,), (4,), (1000,)), 4),
        (((0,), (0,)), 1),
        (((2,), (3,)), 2),
    ],
)
def test_the_stopping_epoch_is_the_median_over_folds_and_seeds_and_at_least_one(
    best_epochs: tuple[tuple[int, ...], ...], expected: int
) -> None:
    assert stopping_epoch(best_epochs) == expected


class Watched:
    """Stands in for `train_in_steps` and keeps what it was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: dict[str, Any] = {}
        self.train_in_steps = final.train_in_steps
        monkeypatch.setattr(final, "train_in_steps", self)

    def __call__(self, configuration: Configuration, data: Any, members: Any, plan: Any, *rest: Any) -> Any:
        self.given = {"data": data, "members": members, "plan": plan, "deadline": rest[0]}
        return self.train_in_steps(configuration, data, members, plan, *rest)


def test_a_refit_trains_on_all_rows_for_the_median_epochs(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    fitted = Refit(HYPER, ((3, 9), (5, 100)), 3, None)(objective)
    schedule = watched.given["plan"].schedule
    assert (schedule.max_epochs, watched.given["deadline"]) == (7, None)
    np.testing.assert_array_equal(watched.given["data"].training[0], np.arange(48))
    assert len(watched.given["data"].validation[0]) == 0
    assert len({member.seed for member in watched.given["members"]}) == 3
    assert isinstance(fitted.model, Networks)
    assert not fitted.stopped_by_time


def test_a_refit_pauses_at_no_rung(data: SearchData, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has nothing to be compared with, and its epochs have been found."""
    watched = Watched(monkeypatch)
    objective = Objective(data, toys.plan_with_rungs(1, 2, epochs=4))
    Refit(HYPER, ((3,),), 1, None)(objective)
    schedule = watched.given["plan"].schedule
    assert (schedule.rungs, schedule.max_epochs) == ((), 3)


def test_a_refit_keeps_the_last_weights(objective: Objective) -> None:
    one, two = (Refit(HYPER, ((epochs,),), 1, None)(objective) for epochs in (1, 5))
    rows = objective.data.dataset
    assert not np.allclose(one.predict(rows), two.predict(rows))


def test_a_classical_refit_is_the_model_fitted_on_all_rows(objective: Objective) -> None:
    fitted = Refit(RIDGE, (), 3, None)(objective)
    alone = Ridge(Ridge.Settings(alpha=1.0, task="slopes"))
    alone.fit(objective.data.dataset, flags=objective.flags, seed=0)
    assert isinstance(fitted.model, Classical)
    rows = objective.data.dataset
    np.testing.assert_array_equal(fitted.predict(rows), alone.predict(rows))
    assert (fitted.architecture, fitted.size(), fitted.stopped_by_time) == ("ridge", alone.size(), False)


@pytest.mark.parametrize("configuration", [RIDGE, HYPER], ids=["ridge", "hypernetwork"])
def test_the_same_refit_twice_predicts_the_same(objective: Objective, configuration: Configuration) -> None:
    job = Refit(configuration, ((3,),), 2, None)
    rows = objective.data.dataset
    np.testing.assert_array_equal(job(objective).predict(rows), job(objective).predict(rows))


def test_a_refit_out_of_time_returns_its_weights_and_says_so(objective: Objective) -> None:
    started = time.time()
    fitted = Refit(HYPER, ((100_000,),), 1, time.time() + 0.3)(objective)
    assert fitted.stopped_by_time
    assert time.time() - started < 10
    assert np.isfinite(fitted.predict(objective.data.dataset)).all()


@pytest.mark.parametrize(("tasks", "seed"), [(2, 0), (3, 1), (40, 2)])
def test_in_a_permutation_no_task_keeps_its_place(tasks: int, seed: int) -> None:
    order = permutation(tasks, seed)
    assert sorted(order) == list(range(tasks))
    assert all(place != task for place, task in enumerate(order))
    assert order == permutation(tasks, seed)


@pytest.mark.parametrize("tasks", [0, 1])
def test_without_two_tasks_there_is_nothing_to_permute(tasks: int) -> None:
    assert permutation(tasks, 0) == list(range(tasks))


@pytest.mark.parametrize(
    ("variant", "task_input", "start"),
    [
        ("both", "both", "zero"),
        ("metadata_only", "metadata", "zero"),
        ("embedding_only", "embedding", "distinct"),
        ("permuted", "both", "zero"),
    ],
)
@pytest.mark.parametrize("tuned", ["both", "embedding"])
def test_a_variant_changes_the_task_input_alone(
    objective: Objective, variant: str, task_input: str, start: str, tuned: str
) -> None:
    configuration = replace(HYPER, settings={**HYPER.settings, "task_input": tuned})
    result = AblationFit(variant, configuration, PLAN, None)(objective)
    assert result.settings == {**HYPER.all_settings(), "task_input": task_input, "embedding_start": start}


def test_with_metadata_only_no_task_has_a_bias_of_its_own(objective: Objective) -> None:
    configuration = replace(HYPER, settings={**HYPER.settings, "task_bias": True})
    alone, both = (AblationFit(each, configuration, PLAN, None)(objective) for each in ("metadata_only", "both"))
    assert (alone.settings["task_bias"], both.settings["task_bias"]) == (False, True)


def test_the_variants_are_those_of_the_table() -> None:
    assert VARIANTS == ("both", "metadata_only", "embedding_only", "permuted")


class Noted(Objective):
    """Keeps the objectives that variants are evaluated by."""

    made: ClassVar[list[Objective]] = []

    def variant(self, plan: Plan, order: Sequence[int] | None = None) -> Objective:
        Noted.made.append(super().variant(plan, order))
        return Noted.made[-1]


def test_only_the_permuted_variant_sees_other_metadata(data: SearchData) -> None:
    noted = Noted(data, PLAN)
    for variant in VARIANTS:
        AblationFit(variant, HYPER, PLAN, None)(noted)
    *same, permuted = Noted.made
    assert all(each.data is data for each in same)
    before, moved = data.dataset.tasks.metadata, permuted.data.dataset.tasks.metadata
    assert moved is not None
    assert before is not None
    encoded, other = noted.encoded(), permuted.encoded()
    for place in range(4):
        for old, new in ((encoded.whole, other.whole), (encoded.folds, other.folds)):
            np.testing.assert_allclose(sorted(new.metadata[0, :, place]), sorted(old.metadata[0, :, place]), rtol=1e-5)
    assert other.whole.features.values is encoded.whole.features.values
    assert not (moved.numeric == before.numeric).all(axis=1).any()
    assert sorted(moved.numeric[:, 0]) == sorted(before.numeric[:, 0])


def test_variants_train_from_the_same_seeds(objective: Objective) -> None:
    """Without metadata to look at, `both` and `embedding_only` are one and the same but for the start."""
    bare = Objective(toys.search_data(toys.cubic_dataset(metadata=False)), PLAN)
    configuration = replace(HYPER, settings={**HYPER.settings, "embedding_start": "distinct"})
    both, alone = (AblationFit(each, configuration, PLAN, None)(bare) for each in ("both", "embedding_only"))
    assert both.member_errors == alone.member_errors


def test_rungs_stop_no_ablation_fit(data: SearchData) -> None:
    plans = toys.plan_with_rungs(1, 2, epochs=4), toys.plan_with_rungs(epochs=4)
    one, other = (AblationFit("both", HYPER, each, None)(Objective(data, each)) for each in plans)
    assert one.epochs == 4
    assert one.member_errors == other.member_errors


def test_an_ablation_fit_keeps_to_its_seconds(objective: Objective) -> None:
    result = AblationFit("both", HYPER, toys.endless_plan(), 0.3)(objective)
    assert result.stopped_by_time


def test_a_refit_that_begins_late_still_gets_the_time_it_needs(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, begun = Watched(monkeypatch), time.time()
    Refit(HYPER, ((2,),), 1, begun - 5, expected=3.0)(objective)
    assert watched.given["deadline"] > begun + 5
