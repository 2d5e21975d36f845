"""Points that fill a space evenly, for parameters that are asked one by one and not in every trial."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from mthn_automl.tuning.samplers.parts.unit_cube import from_unit

MOST_PARAMETERS = 64  # coordinates of a point; a space with more would use them again


class QuasiRandomSampler(BaseSampler):
    """Sobol' points (1967), scrambled (Owen 1998) by the seed, which all trials of a study share.

    A parameter takes the coordinate of its first appearance in the study. Nothing is stored, and a parameter that is
    seldom asked has a coordinate like any other: Optuna's own sampler keeps to the parameters of the first finished
    trial, and begins anew while that is not yet known.
    """

    def __init__(self, seed: int, *, index: int, parameters: Sequence[str]) -> None:
        """index: which point, from 0. parameters: names in the order of their coordinates; new ones follow."""
        self._seed, self._index, self._parameters = seed, index, parameters

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        coordinate = list(dict.fromkeys([*self._parameters, *trial.params, param_name])).index(param_name)
        return from_unit(param_distribution, self._point[coordinate % MOST_PARAMETERS])

    @cached_property
    def _point(self) -> list[float]:
        engine = torch.quasirandom.SobolEngine(MOST_PARAMETERS, scramble=True, seed=self._seed)  # type: ignore[no-untyped-call]
        engine.fast_forward(self._index)  # type: ignore[no-untyped-call]
        return [float(value) for value in engine.draw(1, dtype=torch.float64)[0]]
