"""Models in closed form: a row that counts twice is the row twice."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Classical
from mthn_automl.models.kernel_ridge import KernelRidge, KernelRidgeSettings
from mthn_automl.models.mixed_effects import MixedEffects, MixedEffectsSettings
from mthn_automl.models.parts import kernel_machine
from mthn_automl.models.ridge import Ridge, RidgeSettings
from tests.contracts import zoo

EXACT = {"ridge": Ridge(RidgeSettings()), "mixed effects": MixedEffects(MixedEffectsSettings())}
KERNEL = {"kernel ridge": KernelRidge(KernelRidgeSettings())}


def counted(dataset: Dataset, twice: np.ndarray, *, repeated: np.ndarray) -> Dataset:
    """Rows of which some count twice, either by their weight or, where `repeated`, by being there twice.

    As many rows count twice in the one way as in the other, so that the mean weight is the same.
    """
    assert repeated.sum() * 2 == twice.sum()
    rows = np.concatenate([np.arange(len(dataset)), np.flatnonzero(repeated)])
    weight = np.where(twice & ~repeated, 2.0, 1.0)[rows]
    return replace(dataset.take(rows), weight=weight)


@pytest.mark.parametrize("model", [*EXACT.values(), *KERNEL.values()], ids=[*EXACT, *KERNEL])
@pytest.mark.parametrize("animal", [zoo.several_targets, zoo.gaps_and_weights], ids=lambda each: each.__name__)
def test_a_row_of_weight_2_is_the_row_twice(model: Classical, animal: zoo.Animal) -> None:
    dataset = replace(animal(), weight=None)
    twice = np.arange(len(dataset)) % 4 < 2
    found = []
    for part in (0, 1):
        given = counted(dataset, twice, repeated=np.arange(len(dataset)) % 4 == part)
        model.fit(given, flags=Flags.of(dataset), seed=0)
        found.append(model.predict(dataset) / np.nanstd(dataset.target, axis=0))
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_a_binary_row_of_weight_2_is_the_row_twice() -> None:
    dataset, found = zoo.binary().take(np.arange(44)), []
    twice = np.arange(44) % 4 < 2
    for part in (0, 1):
        given = counted(dataset, twice, repeated=np.arange(44) % 4 == part)
        for model in EXACT.values():
            model.fit(given, flags=Flags.of(dataset), seed=0)
            found.append(model.predict(dataset))
    np.testing.assert_allclose(found[:2], found[2:], atol=1e-3)


def test_landmarks_weigh_rows_and_bear_gaps_as_all_rows_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every row a landmark the approximation is exact."""
    dataset, found = zoo.gaps_and_weights(), []
    for exact_rows in (4000, 1):
        monkeypatch.setattr(kernel_machine, "EXACT_ROWS", exact_rows)
        monkeypatch.setattr(kernel_machine, "REGRESSION_LANDMARKS", len(dataset))
        model = KernelRidge(KernelRidgeSettings(alpha=0.1))
        model.fit(dataset, flags=Flags.of(dataset), seed=0)
        found.append(model.predict(dataset) / np.nanstd(dataset.target, axis=0))
    np.testing.assert_allclose(*found, rtol=1e-5)
