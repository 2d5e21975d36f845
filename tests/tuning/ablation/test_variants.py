"""Variants are found by what settings look at, whatever the architecture is called."""

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.metadata_columns import metadata_names
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.tuning.ablation.names import BOTH, EMBEDDING_ONLY, METADATA_ONLY, of_columns
from mthn_automl.tuning.ablation.variants import configured, dataset_of, permutation, takes_metadata
from mthn_automl.tuning.space import build_space, make_settings
from tests.tuning import toys

SHAPE = ProblemShape(features=3, outputs=1, tasks=5, metadata=2)
NONE = ProblemShape(features=3, outputs=1, tasks=5)


def looks(name: str, settings: object, shape: ProblemShape = SHAPE) -> tuple[bool, bool]:
    architecture = catalogue.read(name).load_class()
    traits = architecture.traits(shape, make_settings(architecture.Settings, settings))  # type: ignore[attr-defined]
    return traits.uses_task, traits.uses_metadata


@pytest.mark.parametrize("name", catalogue.usable())
def test_each_variant_looks_at_what_it_is_about(name: str) -> None:
    file = catalogue.read(name)
    space = build_space(file, has_metadata=True)
    for start in space.starts:
        tuned = toys.configuration(file, *space.split(start))
        if not takes_metadata(tuned, SHAPE):
            assert not looks(name, tuned.settings)[1]
            continue
        both = configured(tuned, BOTH, SHAPE)
        assert both is not None
        assert looks(name, both.settings) == (True, True)
        alone, without = configured(tuned, METADATA_ONLY, SHAPE), configured(tuned, EMBEDDING_ONLY, SHAPE)
        assert without is not None
        assert looks(name, without.settings, NONE) == (True, False)
        assert alone is None or looks(name, alone.settings) == (False, True)
        if looks(name, tuned.settings) == (True, True):
            assert both == tuned


def test_without_metadata_nothing_can_be_ablated() -> None:
    assert not takes_metadata(toys.configuration("hypernetwork"), NONE)


def test_in_a_permutation_no_task_keeps_its_place_unless_there_is_but_one() -> None:
    for tasks, seed in ((2, 0), (3, 1), (40, 2)):
        order = permutation(tasks, seed)
        assert sorted(order) == list(range(tasks))
        assert all(new != old for old, new in enumerate(order))
        assert order == permutation(tasks, seed)
    assert (permutation(0, 0), permutation(1, 0)) == ([], [0])


def test_a_variant_changes_the_metadata_alone() -> None:
    dataset = toys.cubic_dataset(tasks=6)
    names = metadata_names(dataset.schema)
    first, *rest = names
    assert dataset_of(dataset, BOTH, 0) is dataset
    assert metadata_names(dataset_of(dataset, f"without:{first}", 0).schema) == tuple(rest)
    assert metadata_names(dataset_of(dataset, f"only:{first}", 0).schema) == (first,)
    assert dataset_of(dataset, EMBEDDING_ONLY, 0).tasks.metadata is None
    noisy = dataset_of(dataset, "noise", 0)
    assert metadata_names(noisy.schema) == (*names, "noise")
    for variant in (f"without:{first}", "noise", "permuted"):
        changed = dataset_of(dataset, variant, 0)
        assert changed.features is dataset.features
        assert changed.tasks.names == dataset.tasks.names
        again, other = dataset_of(dataset, "noise", 0), dataset_of(dataset, "noise", 1)
    assert noisy.tasks.metadata is not None
    assert again.tasks.metadata is not None
    assert other.tasks.metadata is not None
    np.testing.assert_array_equal(noisy.tasks.metadata.numeric, again.tasks.metadata.numeric)
    assert not np.array_equal(noisy.tasks.metadata.numeric, other.tasks.metadata.numeric)


def test_a_single_column_is_all_the_metadata_and_no_variant() -> None:
    assert of_columns(("age",)) == ()
    assert of_columns(("age", "dose")) == ("without:age", "without:dose", "only:age", "only:dose")
