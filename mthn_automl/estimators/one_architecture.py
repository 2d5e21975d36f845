"""An estimator of one architecture with its settings."""

from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.asked import Asked
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UsageError
from mthn_automl.estimators.base import MultiTaskEstimator
from mthn_automl.estimators.fitting import Work, fit_one
from mthn_automl.run.parse import parse_duration


class OneArchitecture(MultiTaskEstimator):
    """Abstract; the parameters that regressor and classifier share.

    Attributes:
        cv_error_: cross-validated, by the metric.
        out_of_fold_: (rows, targets or classes) predicted for each row by models that have not seen it; NaN for rows
            that none could be trained without.
        n_parameters_: of the model.
        notes_: sentences on what was found in the data, or decided of them.
    """

    cv_error_: float
    out_of_fold_: FloatArray
    n_parameters_: int
    notes_: tuple[str, ...]

    def __init__(
        self,
        architecture: str | Path = "hypernetwork",
        *,
        settings: Mapping[str, Any] | None = None,
        task: str | Sequence[str] | None = None,
        problem: str = "auto",
        metric: str | None = None,
        folds: int = 5,
        seeds: int = 1,
        refit: bool = False,
        time_limit: str | float | None = None,
        device: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.architecture = architecture
        self.settings = settings
        self.task = task
        self.problem = problem
        self.metric = metric
        self.folds = folds
        self.seeds = seeds
        self.refit = refit
        self.time_limit = time_limit
        self.device = device
        self.random_state = random_state

    def _task_columns(self) -> str | Sequence[str] | None:
        return self.task

    def _learn(self, table: pd.DataFrame, metadata: pd.DataFrame | None, asked: Asked) -> Predictor:
        work = Work(
            architecture=self.architecture,
            settings=_settings(self.settings),
            metric=self.metric,
            folds=self.folds,
            seeds=self.seeds,
            refit=self.refit,
            time_limit=_seconds(self.time_limit),
            device=self.device,
            seed=self._seed(self.random_state),
        )
        fitted = fit_one(table, metadata, asked, work)
        self.cv_error_ = fitted.result.error
        self.out_of_fold_ = self._aligned(fitted.out_of_fold, fitted.predictor)
        self.n_parameters_ = fitted.result.size.total
        self.notes_ = fitted.notes
        return fitted.predictor

    def _aligned(self, outputs: FloatArray, predictor: Predictor) -> FloatArray:
        return outputs if self._labels is None else self._labels.aligned(outputs, predictor.schema.classes)


def _settings(given: Any) -> Mapping[str, Any]:
    """Raises UsageError: what is no mapping."""
    if given is not None and not isinstance(given, Mapping):
        raise UsageError(
            f"settings must be a mapping of names to values, such as {{'alpha': 1.0}}, however it is {given!r:.60}."
        )
    return given or {}


def _seconds(given: Any) -> float | None:
    """Of a number of them, or of text as `search` takes it. Raises UsageError: neither, or not above 0."""
    number = isinstance(given, Real) and not isinstance(given, bool)
    if given is None or (number and 0.0 < given < np.inf):
        return None if given is None else float(given)
    return parse_duration(given)
