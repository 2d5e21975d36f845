"""Classical models for contract tests, fitted once."""

from functools import cache
from typing import Any

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Classical
from tests.contracts.settings import Animal, Settings, class_of


def fit_classical(name: str, dataset: Dataset, chosen: Settings | None = None, *, seed: int = 0) -> Classical:
    model: Classical = class_of(name)(class_of(name).Settings(**(chosen or {})))
    model.fit(dataset, flags=Flags.of(dataset), seed=seed)
    return model


def fitted_classical(name: str, animal: Animal, chosen: Settings | None = None) -> Classical:
    return _fitted(name, animal, tuple((chosen or {}).items()))


@cache
def _fitted(name: str, animal: Animal, chosen: tuple[tuple[str, Any], ...]) -> Classical:
    return fit_classical(name, animal(), dict(chosen))
