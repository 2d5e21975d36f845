"""An estimator of one architecture with its settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.asked import Asked
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.estimators.base import MultiTaskEstimator
from mthn_automl.estimators.fitting import Work, fit_one


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
        time_limit: float | None = None,
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
            settings=self.settings or {},
            metric=self.metric,
            folds=self.folds,
            seeds=self.seeds,
            refit=self.refit,
            time_limit=self.time_limit,
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
