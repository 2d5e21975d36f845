"""The prediction task by task equals the one from the whole covariance, and fixed effects are all but free."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models import mixed_effects
from mthn_automl.models.mixed_effects import FIXED_VARIANCE, MixedEffects, MixedEffectsSettings, best_prediction
from tests.contracts import zoo


def test_it_is_the_best_linear_unbiased_prediction() -> None:
    """Also with more effects than rows of a task, more fixed columns than rows, and sparse ones."""
    for width, columns in itertools.product((1, 3, 12), (4, 60)):
        random = np.random.default_rng(0)
        task = random.permutation(np.repeat([0, 1, 3, 4], 10))
        fixed, design, target = (random.normal(size=(40, each)) for each in (columns, width, 2))
        spread = np.zeros((40, 5 * width))
        for row, one in enumerate(task):
            spread[row, one * width : (one + 1) * width] = design[row]
        covariance = FIXED_VARIANCE * fixed @ fixed.T + spread @ spread.T + np.eye(40)
        dual = np.linalg.solve(covariance, target)
        for given, tolerance in ((fixed, 1e-8), (csr_array(fixed), 1e-6)):
            shared, own = best_prediction(given, design, target, task, 5)
            np.testing.assert_allclose(shared, FIXED_VARIANCE * fixed.T @ dual, atol=tolerance)
            np.testing.assert_allclose(own.reshape(-1, 2), spread.T @ dual, atol=tolerance)


def test_a_task_without_rows_and_a_task_never_seen_get_the_fixed_effects() -> None:
    dataset = zoo.task_without_rows()
    model = MixedEffects(MixedEffectsSettings())
    model.encoder, model.classes, model.counting = Encoder.fit(dataset, Flags.of(dataset)), None, False
    model.learn(dataset, seed=0)  # which a fit gives no tasks without rows
    assert not model.columns.of(zoo.of_new_tasks(dataset)).toarray()[:, -5 * 3 :].any()
    own = model.linear.coefficients[-5 * 3 :]
    assert not own[3].any()
    assert not own[5 + 2 * 3 : 5 + 2 * 4].any()
    assert own[0].any()


def test_fixed_effects_are_hardly_penalised() -> None:
    dataset = zoo.planted()
    model = MixedEffects(MixedEffectsSettings(intercept_variance=1e-3, random_slopes=False, use_metadata=False))
    model.fit(dataset, flags=Flags.of(dataset), seed=0)
    features = np.pad(model.columns.features(dataset), ((0, 0), (1, 0)), constant_values=1.0)
    free = np.linalg.lstsq(features, model.encoder.encode_target(dataset.target), rcond=None)[0]
    np.testing.assert_allclose(model.linear.coefficients[:2], free[1:], atol=0.01)


def test_more_fixed_effects_than_memory_is_wanted_for_are_solved_for_where_they_are_not_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Products of a category for each of 1,000 hybrids with 27 columns of metadata took 5 GB, of which 99 % were 0."""
    dataset, settings, kinds = zoo.missing_values(), MixedEffectsSettings(interactions=True), list[type]()

    def solved(fixed: Any, *given: Any) -> Any:
        kinds.append(type(fixed))
        return best_prediction(fixed, *given)

    monkeypatch.setattr(mixed_effects, "best_prediction", solved)
    found = []
    for cells, share in ((mixed_effects.DENSE_CELLS, 1.0), (0, mixed_effects.SPARSE_SHARE), (0, 1.0)):
        monkeypatch.setattr(mixed_effects, "DENSE_CELLS", cells)
        monkeypatch.setattr(mixed_effects, "SPARSE_SHARE", share)
        model = MixedEffects(settings)
        model.fit(dataset, flags=Flags.of(dataset), seed=0)
        found.append(model.predict(dataset))
    of_each = len(kinds) // 3
    assert [set(kinds[one * of_each : (one + 1) * of_each]) for one in range(3)] == [
        {np.ndarray},
        {np.ndarray},
        {csr_array},
    ]
    np.testing.assert_array_equal(found[0], found[1])  # few cells, and many that are not zero
    np.testing.assert_allclose(found[0], found[2], rtol=1e-5, atol=1e-5)
