"""What an ablation fits: one kind of task input after another, all else as it was tuned."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.tuning.ablation import VARIANTS, AblationFit, permutation
from mthn_automl.tuning.objective import Objective, SearchData
from mthn_automl.tuning.plan import Plan
from tests.tuning import toys

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
        result = AblationFit(variant, configuration, PLAN, None)(objective).result
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
    np.testing.assert_allclose(np.sort(other.metadata[0], 0), np.sort(encoded.metadata[0], 0), rtol=1e-5)
    assert other.features.values is encoded.features.values
    assert not (moved.numeric == before.numeric).all(axis=1).any()
    assert sorted(moved.numeric[:, 0]) == sorted(before.numeric[:, 0])


def test_variants_train_from_the_same_seeds(objective: Objective) -> None:
    """Without metadata to look at, `both` and `embedding_only` are one and the same but for the start."""
    bare = Objective(toys.search_data(toys.cubic_dataset(metadata=False)), PLAN)
    configuration = replace(HYPER, settings={**HYPER.settings, "embedding_start": "distinct"})
    both, alone = (AblationFit(each, configuration, PLAN, None)(bare).result for each in ("both", "embedding_only"))
    assert both.member_errors == alone.member_errors


def test_rungs_stop_no_ablation_fit_and_its_seconds_do(data: SearchData) -> None:
    plans = toys.plan_with_rungs(1, 2, epochs=4), toys.plan_with_rungs(epochs=4)
    one, other = (AblationFit("both", HYPER, each, None)(Objective(data, each)).result for each in plans)
    assert (one.epochs, one.member_errors) == (4, other.member_errors)
    assert AblationFit("both", HYPER, toys.endless_plan(), 0.3)(Objective(data, PLAN)).result.stopped_by_time
