"""`MultiTaskSearch`."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.asked import Asked
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UsageError
from mthn_automl.estimators import classifier, regressor
from mthn_automl.estimators.base import MultiTaskEstimator
from mthn_automl.estimators.regressor import with_any_columns
from mthn_automl.run.job import SearchResult, search
from mthn_automl.run.options import OPTIONS

CLASSES = classifier.PROBLEMS[1:]
NUMBERS = tuple(regressor.PROBLEMS)[1:]
OWN = ("task", "problem", "random_state", "output", "earlier_run")
"""Parameters that are no options of `search` by the same name and meaning."""


def _has_classes(estimator: "MultiTaskSearch") -> bool:
    if hasattr(estimator, "model_"):
        return estimator._labels is not None
    return estimator.problem in CLASSES


class MultiTaskSearch(MultiTaskEstimator):
    """The whole of `mthn_automl.search` as an estimator of many related small tasks, for numbers or classes.

    Tasks, metadata and X are given as to `MultiTaskRegressor`. All rows of fit are used: no test rows are held out,
    unless `test_fraction` or `holdout_tasks` asks for them.

    An estimator can be stored by joblib or pickle, as scikit-learn says: whoever loads such a file runs what is in it.
    The model folder in the run has no such danger, and `mthn_automl.load_model` loads it.

    Args:
        task: the column of X that names each row's task, or several; None: `task`, where X has such a column.
        problem: regression, count, binary, multiclass or ordinal; auto: text or two values are classes. Scikit-learn
            takes the estimator for a classifier or regressor, before it is fitted, only where this is said.
        output: folder of the run, new or empty; None: a temporary one, which is gone with the estimator.
        random_state: of everything random; None: another one in every fit.
        test_fraction: share of each task's rows that are sealed and scored once.
        earlier_run: folder of a run whose best settings are tried first; scikit-learn's `warm_start` is something else.
        others: options of `mthn-automl search`, whose help describes them.

    Attributes:
        result_: what `mthn_automl.search` gives.
        leaderboard_: a row an architecture, and one for the ensemble.
        model_: what predicts, as `mthn_automl.load_model` gives it.
        classes_: of classes, labels in the order of `predict_proba`.
        n_features_in_: columns of X.
        feature_names_in_: their names, where X had names.

    Example:
        >>> from mthn_automl.data.problems import planted
        >>> data, metadata = planted(tasks=6, rows=20)
        >>> X, y = data[["task", "x1", "x2"]], data["target"]
        >>> found = MultiTaskSearch(architectures="ridge,pooled", time_limit="5s", runner="local", random_state=0)
        >>> found.fit(X, y, metadata=metadata).leaderboard_["architecture"].tolist()  # doctest: +SKIP
        ['ridge', 'pooled']
    """

    result_: SearchResult
    leaderboard_: pd.DataFrame

    def __init__(
        self,
        *,
        task: str | Sequence[str] | None = None,
        problem: str = "auto",
        output: str | Path | None = None,
        random_state: Any = None,
        test_fraction: float = 0.0,
        holdout_tasks: float | None = None,
        preset: str = "default",
        time_limit: str | float | None = None,
        trials: int | None = None,
        architectures: str | Sequence[str] = "usual",
        space: Sequence[str | Path] | None = None,
        sampler: str = "tpe",
        scheduler: str = "asha",
        earlier_run: str | Path | None = None,
        objectives: str | Sequence[str] = "error",
        max_parameters: str | int | None = None,
        max_parameters_per_task: str | int | None = None,
        max_latency: float | None = None,
        metric: str | None = None,
        average: str = "rows",
        folds: int | None = None,
        seeds: int | None = None,
        no_ensemble: bool = False,
        no_stored_rows: bool = False,
        no_ablation: bool = False,
        runner: str = "ray",
        address: str | None = None,
        workers: int | None = None,
        cpus_per_trial: float = 1.0,
        device: str = "auto",
        gpus_per_trial: float | None = None,
        trial_timeout: str | float | None = None,
    ) -> None:
        self.task = task
        self.problem = problem
        self.output = output
        self.random_state = random_state
        self.test_fraction = test_fraction
        self.holdout_tasks = holdout_tasks
        self.preset = preset
        self.time_limit = time_limit
        self.trials = trials
        self.architectures = architectures
        self.space = space
        self.sampler = sampler
        self.scheduler = scheduler
        self.earlier_run = earlier_run
        self.objectives = objectives
        self.max_parameters = max_parameters
        self.max_parameters_per_task = max_parameters_per_task
        self.max_latency = max_latency
        self.metric = metric
        self.average = average
        self.folds = folds
        self.seeds = seeds
        self.no_ensemble = no_ensemble
        self.no_stored_rows = no_stored_rows
        self.no_ablation = no_ablation
        self.runner = runner
        self.address = address
        self.workers = workers
        self.cpus_per_trial = cpus_per_trial
        self.device = device
        self.gpus_per_trial = gpus_per_trial
        self.trial_timeout = trial_timeout

    def fit(self, X: Any, y: Any, task: Any = None, metadata: Any = None, sample_weight: Any = None) -> Self:
        """Search; arguments as of `MultiTaskRegressor.fit`, or labels in y.

        Raises:
            UsageError, DataError, ValueError: before anything is trained. NothingFinishedError: no trial finished
                within the budget.
        """
        known = ("auto", *NUMBERS, *CLASSES)
        if self.problem not in known:
            raise UsageError(f"problem must be one of {', '.join(known)}, however it is {self.problem!r}.")
        if self.problem in CLASSES or (self.problem == "auto" and _holds_classes(y)):
            return self._fit_classes(X, y, task, metadata, sample_weight, self.problem)
        self.__dict__.pop("classes_", None)
        problem = "regression" if self.problem == "auto" else self.problem
        return self._fit_numbers(X, y, task, metadata, sample_weight, problem)

    def predict(self, X: Any, task: Any = None, metadata: Any = None) -> NDArray[Any]:
        """(rows,) or (rows, targets) as y was; the most probable label of classes. metadata: of tasks that are new."""
        found = self._numbers if self._fitted_labels() is None else self._chosen
        return found(X, task, metadata)

    @available_if(_has_classes)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, task: Any = None, metadata: Any = None) -> FloatArray:
        """(rows, classes) in the order of `classes_`."""
        return self._outputs(X, task, metadata)

    def score(self, X: Any, y: Any, sample_weight: Any = None, task: Any = None, metadata: Any = None) -> float:
        """R² over all rows; of classes, the share of the rows whose label is predicted."""
        measure = r2_score if self._fitted_labels() is None else accuracy_score
        return float(measure(y, self.predict(X, task, metadata), sample_weight=sample_weight))

    def _task_columns(self) -> str | Sequence[str] | None:
        return self.task

    def _learn(self, table: pd.DataFrame, metadata: pd.DataFrame | None, asked: Asked) -> Predictor:
        self.result_ = search(
            table,
            metadata,
            task=asked.task,
            target=asked.target,
            problem=asked.problem,
            weight=asked.weight,
            categorical=asked.categorical,
            seed=self._seed(self.random_state),
            output=self._folder(),
            warm_start=self.earlier_run,
            **self._options(),
        )
        self.leaderboard_ = self.result_.leaderboard
        return self.result_.model

    def _options(self) -> Mapping[str, Any]:
        return {
            name: value for name, value in self.get_params(deep=False).items() if name in OPTIONS and name not in OWN
        }

    def _folder(self) -> str | Path:
        if self.output is not None:
            return self.output
        folder = tempfile.mkdtemp(prefix="mthn_automl_")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def __sklearn_tags__(self) -> Any:
        tags = with_any_columns(super().__sklearn_tags__())
        tags.target_tags.required = True
        if self.problem in CLASSES or (hasattr(self, "model_") and self._labels is not None):
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        elif self.problem in NUMBERS or hasattr(self, "model_"):
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
            tags.target_tags.multi_output = True
        return tags


def _holds_classes(y: Any) -> bool:
    """As the data reader takes a target of which nothing is said."""
    labels = np.asarray(y)
    if labels.ndim > 1 and labels.shape[1] > 1:
        return False
    return labels.dtype.kind not in "iuf" or len(np.unique(labels[~np.isnan(labels)])) == 2
