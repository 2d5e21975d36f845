"""Refits and ablation fits."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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


def test_the_stopping_epoch_is_the_median_over_folds_and_seeds_and_at_least_one() -> None:
    epochs = [((3, 9), (5, 100)), ((3,), (4,), (1000,)), ((0,), (0,)), ((2,), (3,))]
    assert [stopping_epoch(best_epochs) for best_epochs in epochs] == [7, 4, 1, 2]


def test_a_refit_trains_on_all_rows_for_the_median_epochs(data: SearchData, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has nothing to be compared with at a rung, and its epochs have been found."""
    given, train_in_steps = dict[str, Any](), final.train_in_steps

    def watched(configuration: Configuration, data: Any, members: Any, plan: Plan, *rest: Any) -> Any:
        given.update(data=data, members=members, schedule=plan.schedule, deadline=rest[0])
        return train_in_steps(configuration, data, members, plan, *rest)

    monkeypatch.setattr(final, "train_in_steps", watched)
    objective = Objective(data, toys.plan_with_rungs(1, 2, epochs=4))
    fitted = Refit(HYPER, ((3, 9), (5, 100)), 3, None)(objective)
    assert (given["schedule"].max_epochs, given["schedule"].rungs, given["deadline"]) == (7, (), None)
    np.testing.assert_array_equal(given["data"].training[0], np.arange(48))
    assert len(given["data"].validation[0]) == 0
    assert len({member.seed for member in given["members"]}) == 3
    assert isinstance(fitted.model, Networks)
    assert not fitted.stopped_by_time
    begun = time.time()
    Refit(HYPER, ((2,),), 1, begun - 5, expected=3.0)(objective)
    assert given["deadline"] > begun + 5  # it begins late and gets the time it needs all the same


def test_a_refit_keeps_the_last_weights_and_the_same_twice_predicts_the_same(objective: Objective) -> None:
    one, five, again = (Refit(HYPER, ((epochs,),), 2, None)(objective) for epochs in (1, 5, 5))
    rows = objective.data.dataset
    assert not np.allclose(one.predict(rows), five.predict(rows))
    np.testing.assert_array_equal(five.predict(rows), again.predict(rows))


def test_a_classical_refit_is_the_model_fitted_on_all_rows(objective: Objective) -> None:
    fitted, again = (Refit(RIDGE, (), 3, None)(objective) for _ in range(2))
    alone = Ridge(Ridge.Settings(alpha=1.0, task="slopes"))
    alone.fit(objective.data.dataset, flags=objective.flags, seed=0)
    assert isinstance(fitted.model, Classical)
    for refitted in (fitted, again):
        rows = objective.data.dataset
        np.testing.assert_array_equal(refitted.predict(rows), alone.predict(rows))
    assert (fitted.architecture, fitted.size(), fitted.stopped_by_time) == ("ridge", alone.size(), False)


def test_a_refit_out_of_time_returns_its_weights_and_says_so(objective: Objective) -> None:
    started = time.time()
    fitted = Refit(HYPER, ((100_000,),), 1, time.time() + 0.3)(objective)
    assert fitted.stopped_by_time
    assert time.time() - started < 10
    assert np.isfinite(fitted.predict(objective.data.dataset)).all()


def test_in_a_permutation_no_task_keeps_its_place_unless_there_is_but_one() -> None:
    for tasks, seed in ((2, 0), (3, 1), (40, 2)):
        order = permutation(tasks, seed)
        assert sorted(order) == list(range(tasks))
        assert all(new != old for old, new in enumerate(order))
        assert order == permutation(tasks, seed)
    assert (permutation(0, 0), permutation(1, 0)) == ([], [0])


VARIED = {
    "both": {"task_input": "both"},
    "metadata_only": {"task_input": "metadata", "task_bias": False},  # no task has a bias of its own
    "embedding_only": {"task_input": "embedding", "embedding_start": "distinct"},
    "permuted": {"task_input": "both"},
}


@pytest.mark.parametrize("tuned", ["both", "embedding"])
def test_a_variant_changes_the_task_input_alone(objective: Objective, tuned: str) -> None:
    assert tuple(VARIED) == VARIANTS
    configuration = replace(HYPER, settings={**HYPER.settings, "task_input": tuned, "task_bias": True})
    for variant, varied in VARIED.items():
        result = AblationFit(variant, configuration, PLAN, None)(objective)
        assert result.settings == {**configuration.all_settings(), **varied}, variant


def test_only_the_permuted_variant_sees_other_metadata(data: SearchData) -> None:
    made = list[Objective]()

    class Noted(Objective):
        def variant(self, plan: Plan, order: Sequence[int] | None = None) -> Objective:
            made.append(super().variant(plan, order))
            return made[-1]

    noted = Noted(data, PLAN)
    for variant in VARIANTS:
        AblationFit(variant, HYPER, PLAN, None)(noted)
    *same, permuted = made
    assert all(each.data is data for each in same)
    before, moved = data.dataset.tasks.metadata, permuted.data.dataset.tasks.metadata
    assert moved is not None
    assert before is not None
    encoded, other = noted.encoded(), permuted.encoded()
    for old, new in ((encoded.whole, other.whole), (encoded.folds, other.folds)):
        np.testing.assert_allclose(np.sort(new.metadata[0], 0), np.sort(old.metadata[0], 0), rtol=1e-5)
    assert other.whole.features.values is encoded.whole.features.values
    assert not (moved.numeric == before.numeric).all(axis=1).any()
    assert sorted(moved.numeric[:, 0]) == sorted(before.numeric[:, 0])


def test_variants_train_from_the_same_seeds(objective: Objective) -> None:
    """Without metadata to look at, `both` and `embedding_only` are one and the same but for the start."""
    bare = Objective(toys.search_data(toys.cubic_dataset(metadata=False)), PLAN)
    configuration = replace(HYPER, settings={**HYPER.settings, "embedding_start": "distinct"})
    both, alone = (AblationFit(each, configuration, PLAN, None)(bare) for each in ("both", "embedding_only"))
    assert both.member_errors == alone.member_errors


def test_rungs_stop_no_ablation_fit_and_its_seconds_do(data: SearchData) -> None:
    plans = toys.plan_with_rungs(1, 2, epochs=4), toys.plan_with_rungs(epochs=4)
    one, other = (AblationFit("both", HYPER, each, None)(Objective(data, each)) for each in plans)
    assert (one.epochs, one.member_errors) == (4, other.member_errors)
    assert AblationFit("both", HYPER, toys.endless_plan(), 0.3)(Objective(data, PLAN)).stopped_by_time
