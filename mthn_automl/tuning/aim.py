"""How far each architecture is from improving the ensemble, so that the next trial goes where it most likely does."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metrics.parts.scores import Means
from mthn_automl.tuning.ensemble import Candidate, blended, greedy, target_of
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.results import TrialResult

MOST_ROWS = 2_000
"""Asked of after each trial, so it must be quick; ranks of architectures need no more."""

SHARE = 0.1
"""Of the ensemble that a newcomer is given on trial."""

STEPS_TO_TRUTH = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)


class EnsembleAim:
    """The best trial of each architecture, and what it lacks to improve the ensemble of them all.

    Attributes:
        shape: of predictions, all rows by outputs.
    """

    def __init__(self, data: SearchData) -> None:
        scored = np.flatnonzero(data.fold >= 0)
        if len(scored) > MOST_ROWS:
            scored = np.sort(np.random.default_rng(0).choice(scored, MOST_ROWS, replace=False))
        self.rows, self.target, self.limits = scored, target_of(data, scored), data.limits
        self.shape = len(data.dataset), data.dataset.schema.outputs
        some = np.full((len(scored), self.shape[1]), 1 / self.shape[1])
        if not isinstance(self.target.metric.prepare(self.target.values, some), Means):
            self.target = replace(self.target, average="rows")  # ranks within each task would take seconds a trial
        classes = data.dataset.schema.classes
        self.truth = self.target.values if not classes else _indicators(self.target.values, len(classes))
        self.best: dict[str, Candidate] = {}
        self._gaps: Mapping[str, float] | None = None

    def note(self, result: TrialResult, number: int, prediction: FloatArray) -> None:
        """A trial that is the best of its architecture; prediction: (all rows, outputs)."""
        self.best[result.architecture] = Candidate(result, number, prediction[self.rows])
        self._gaps = None

    def gaps(self) -> Mapping[str, float]:
        """By architecture: by how much its best error must fall for it to improve the ensemble.

        Its predictions are moved towards the truth until the ensemble, given a tenth of them, has a lower error.
        Members of the ensemble and those that complement it lack nothing, however large their own error is.
        """
        if self._gaps is None:
            candidates = sorted(self.best.values(), key=lambda each: each.result.error)
            self._gaps = self._found(candidates) if candidates else {}
        return self._gaps

    def _found(self, candidates: list[Candidate]) -> Mapping[str, float]:
        predictions = [each.prediction for each in candidates]
        weights = greedy(self.target, predictions, candidates, self.limits)[-1]
        together = blended(predictions, weights)
        error = self.target.error(together)
        return {
            each.result.architecture: 0.0 if index in weights else self._gap(each, together, error)
            for index, each in enumerate(candidates)
        }

    def _gap(self, candidate: Candidate, together: FloatArray, error: float) -> float:
        truth = np.where(np.isnan(self.truth), candidate.prediction, self.truth)
        for step in STEPS_TO_TRUTH:
            moved = (1 - step) * candidate.prediction + step * truth
            if self.target.error((1 - SHARE) * together + SHARE * moved) < error:
                return step * candidate.result.error
        return candidate.result.error


def _indicators(values: FloatArray, classes: int) -> FloatArray:
    return np.asarray(values == np.arange(classes), dtype=np.float64)
