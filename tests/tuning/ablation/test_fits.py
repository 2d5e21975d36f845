"""What an ablation fits: one kind of task input after another, all else as it was tuned."""

import time
from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits import whole_tasks
from mthn_automl.training.encode import problem_shape
from mthn_automl.tuning.ablation.fits import Ablated, AblationFit
from mthn_automl.tuning.ablation.names import VARIANTS
from mthn_automl.tuning.ablation.variants import configured
from mthn_automl.tuning.objective import Configuration, Objective, SearchData
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


def looking(variant: str, data: SearchData, configuration: Configuration = HYPER) -> Configuration:
    found = configured(configuration, variant, problem_shape(data.dataset))
    assert found is not None
    return found


def fit(variant: str, objective: Objective, **more: object) -> Ablated:
    job = AblationFit(variant, looking(variant, objective.data), PLAN, **more)  # type: ignore[arg-type]
    found = job(objective)
    assert found is not None
    return found


VARIED = {
    "both": {"task_input": "both"},
    "metadata_only": {"task_input": "metadata", "task_bias": False},  # no task has a bias of its own
    "embedding_only": {"task_input": "both", "embedding_start": "distinct"},
    "permuted": {"task_input": "both"},
    "noise": {"task_input": "both"},
}


@pytest.mark.parametrize("tuned", ["both", "embedding"])
def test_a_variant_changes_the_task_input_alone(data: SearchData, tuned: str) -> None:
    given = replace(HYPER, settings={**HYPER.settings, "task_input": tuned, "task_bias": True})
    for variant, varied in VARIED.items():
        assert looking(variant, data, given).settings == {**given.settings, **varied}, variant


def test_the_rows_of_all_variants_are_the_same_and_encoded_once(data: SearchData) -> None:
    made = dict[str, Objective]()

    class Noted(Objective):
        def variant(self, plan: Plan, dataset: Dataset | None = None, fold: IntArray | None = None) -> Objective:
            made[name] = super().variant(plan, dataset, fold)
            return made[name]

    noted = Noted(data, PLAN)
    encoded = noted.encoded()
    for name in (*VARIANTS, "noise"):
        fit(name, noted)
    assert all(each.encoded().features.values is encoded.features.values for each in made.values())
    widths = {name: each.encoded().shape.metadata for name, each in made.items()}
    whole = encoded.shape.metadata
    expected = {"both": whole, "metadata_only": whole, "embedding_only": 0, "permuted": whole, "noise": whole + 1}
    assert widths == expected
    assert all(each.encoded().metadata.shape[2] == widths[name] for name, each in made.items())
    moved = made["permuted"].encoded().metadata[0]
    np.testing.assert_allclose(np.sort(moved, 0), np.sort(encoded.metadata[0], 0), rtol=1e-5)


def test_variants_train_from_the_same_seeds(data: SearchData) -> None:
    """Without metadata to look at, `both` and `embedding_only` are one and the same but for the start."""
    bare = Objective(toys.search_data(toys.cubic_dataset(metadata=False)), PLAN)
    configuration = replace(HYPER, settings={**HYPER.settings, "embedding_start": "distinct"})
    both, alone = (AblationFit(each, configuration, PLAN)(bare) for each in ("both", "embedding_only"))
    assert both is not None
    assert alone is not None
    assert both.result.member_errors == alone.result.member_errors


def test_rungs_stop_no_ablation_fit_and_its_seconds_do(data: SearchData) -> None:
    plans = toys.plan_with_rungs(1, 2, epochs=4), toys.plan_with_rungs(epochs=4)
    one, other = (AblationFit("both", HYPER, each)(Objective(data, each)) for each in plans)
    assert one is not None
    assert other is not None
    assert (one.result.epochs, one.result.member_errors) == (4, other.result.member_errors)
    cut = AblationFit("both", HYPER, toys.endless_plan(), 0.3)(Objective(data, PLAN))
    assert cut is not None
    assert cut.result.stopped_by_time


def test_what_cannot_end_in_time_is_left_out_or_given_up(objective: Objective) -> None:
    late = AblationFit("noise", HYPER, PLAN, foreseen=5.0, ends=time.time() + 1.0)
    assert late(objective) is None
    cut = AblationFit("noise", HYPER, toys.endless_plan(), ends=time.time() + 0.3)
    assert cut(objective) is None


def test_in_folds_of_whole_tasks_no_network_has_seen_the_tasks_it_predicts(data: SearchData) -> None:
    fold = whole_tasks.deal(data.dataset, 2, 0)
    objective = Objective(data, PLAN)
    beside = fit("metadata_only", objective, fold=fold).result
    known = fit("metadata_only", objective).result
    assert np.array(beside.member_errors).shape == np.array(known.member_errors).shape
    assert beside.member_errors != known.member_errors
