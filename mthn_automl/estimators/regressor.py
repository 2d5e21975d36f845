"""`MultiTaskRegressor`."""

from typing import Any, Self

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import UsageError
from mthn_automl.estimators.one_architecture import OneArchitecture

PROBLEMS = {"auto": "regression", "regression": "regression", "count": "count"}


class MultiTaskRegressor(RegressorMixin, OneArchitecture):  # type: ignore[misc]
    """One architecture as a regressor of many related small tasks, by the conventions of scikit-learn.

    It is fitted as a trial of `mthn_automl.search` is: cross-validated within the tasks, and the mean of the folds'
    models predicts. Tasks are named by an array that is given to `fit` and `predict`, or by columns of X, so that
    pipelines and cross-validation need not pass anything on; without either all rows are one task. X may hold text and
    gaps, and the columns of a DataFrame are read as those of a file are. y may have several columns, with gaps.

    An estimator can be stored by joblib or pickle, as scikit-learn says: whoever loads such a file runs what is in it.

    Args:
        architecture: a name of `mthn-automl architectures`, or a search space file (TOML) of your own.
        settings: of the architecture and of its training, by the names of its search space file, in the ranges there;
            those that are left out are as in the first trial of a search.
        task: the column of X that names each row's task, or several; None: `task`, where X has such a column.
        problem: auto, regression, or count for numbers of events.
        metric: of `cv_error_`; None: rmse, of counts poisson_deviance.
        folds: of the cross-validation, whose models are averaged; 1 is a hold-out.
        seeds: networks a fold.
        refit: predict with one model of all rows, trained for as long as the last fold was; smaller and quicker than
            the mean of the folds.
        time_limit: seconds, or text like 30s, after which networks stop at their best so far; None: no limit.
        device: auto, cpu, cuda or mps.
        random_state: of folds and networks.

    Attributes:
        model_: what predicts, as `mthn_automl.load_model` gives it.
        cv_error_: cross-validated error.
        out_of_fold_: (rows, targets) predicted for each row of fit by models that have not seen it.
        n_parameters_: of the model.
        notes_: sentences on what was found in the data.
        n_features_in_: columns of X.
        feature_names_in_: their names, where X had names.

    Example:
        >>> from mthn_automl.data.problems import planted
        >>> data, metadata = planted(tasks=6, rows=20)
        >>> X, y = data[["task", "x1", "x2"]], data["target"]
        >>> model = MultiTaskRegressor("kernel_ridge", random_state=0).fit(X, y, metadata=metadata)
        >>> model.predict(X.head(3)).shape
        (3,)
        >>> model.score(X, y) > 0.9
        True
    """

    def fit(self, X: Any, y: Any, task: Any = None, metadata: Any = None, sample_weight: Any = None) -> Self:
        """Cross-validate and train.

        Args:
            X: (rows, features) a DataFrame or an array.
            y: (rows,) or (rows, targets).
            task: (rows,) names of tasks, or the name of a column of X.
            metadata: a DataFrame, a row a task, named by its index or by the task column.
            sample_weight: (rows,) what each row counts.

        Raises:
            UsageError: a parameter that cannot be. DataError, ValueError: data that cannot be trained on.
        """
        if self.problem not in PROBLEMS:
            raise UsageError(f"problem must be one of {', '.join(PROBLEMS)}, however it is {self.problem!r}.")
        return self._fit_numbers(X, y, task, metadata, sample_weight, PROBLEMS[self.problem])

    def predict(self, X: Any, task: Any = None, metadata: Any = None) -> FloatArray:
        """(rows,) or (rows, targets), as y was. metadata: of tasks that fit has not seen."""
        return self._numbers(X, task, metadata)

    def score(self, X: Any, y: Any, sample_weight: Any = None, task: Any = None, metadata: Any = None) -> float:
        """R² of the predictions, over all rows."""
        return float(r2_score(y, self.predict(X, task, metadata), sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return with_any_columns(tags)


def with_any_columns(tags: Any) -> Any:
    """Tags of an estimator that takes text, categories and gaps."""
    tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
    return tags
