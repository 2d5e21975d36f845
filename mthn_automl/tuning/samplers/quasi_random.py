"""Points that fill a space evenly, for parameters that are asked one by one and not in every trial."""

from collections.abc import Iterable
from typing import Any

import torch
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from mthn_automl.tuning.samplers.unit_cube import from_unit

MOST_PARAMETERS = 64  # coordinates of a point; a space with more would use them again


class QuasiRandomSampler(BaseSampler):
    """Sobol' points (1967), scrambled (Owen 1998) by the seed, which all trials of a study share.

    The n-th trial that is not enqueued takes the n-th point; a parameter takes the coordinate of its first appearance
    in the study. Nothing is stored, and a parameter that is seldom asked has a coordinate like any other: Optuna's own
    sampler keeps to the parameters of the first finished trial, and begins anew while that is not yet known.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._point: tuple[int, list[float]] | None = None

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        trials = study.get_trials(deepcopy=False)
        if self._point is None or self._point[0] != trial.number:
            self._point = (trial.number, self._draw(_sampled_before(trials, trial)))
        coordinate = _names_in_order([*trials[: trial.number], trial], param_name).index(param_name)
        return from_unit(param_distribution, self._point[1][coordinate % MOST_PARAMETERS])

    def _draw(self, index: int) -> list[float]:
        engine = torch.quasirandom.SobolEngine(MOST_PARAMETERS, scramble=True, seed=self._seed)  # type: ignore[no-untyped-call]
        engine.fast_forward(index)  # type: ignore[no-untyped-call]
        return [float(value) for value in engine.draw(1, dtype=torch.float64)[0]]


def _sampled_before(trials: Iterable[FrozenTrial], trial: FrozenTrial) -> int:
    """A trial that repeats a lost one is enqueued, so that the point of the lost one counts once."""
    return sum(
        each.number < trial.number and each.state is not TrialState.WAITING and "fixed_params" not in each.system_attrs
        for each in trials
    )


def _names_in_order(trials: Iterable[FrozenTrial], asked: str) -> list[str]:
    return list(dict.fromkeys([*(name for trial in trials for name in trial.params), asked]))
