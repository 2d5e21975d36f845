"""`MultiTaskClassifier`."""

from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import UsageError
from mthn_automl.estimators.one_architecture import OneArchitecture
from mthn_automl.estimators.regressor import with_any_columns

PROBLEMS = ("auto", "binary", "multiclass", "ordinal")


class MultiTaskClassifier(ClassifierMixin, OneArchitecture):  # type: ignore[misc]
    """One architecture as a classifier of many related small tasks, by the conventions of scikit-learn.

    All that `MultiTaskRegressor` says of tasks, metadata and X holds here; labels may be text or numbers, of two
    classes or more. Classes of a single row are left out of training.

    Args:
        architecture, settings, task, folds, seeds, refit, time_limit, device, random_state: as of
            `MultiTaskRegressor`.
        problem: auto, binary, multiclass, or ordinal where the order of the labels is one.
        metric: of `cv_error_`; None: log_loss.

    Attributes:
        classes_: labels in the order of `predict_proba`.
        model_: what predicts; it knows classes by their names.
        cv_error_: cross-validated error.
        out_of_fold_: (rows, classes) probabilities for each row of fit by models that have not seen it.
        n_parameters_: of the model.
        notes_: sentences on what was found in the data.
        n_features_in_: columns of X.
        feature_names_in_: their names, where X had names.

    Example:
        >>> from mthn_automl.data.problems import planted
        >>> data, _ = planted(tasks=6, rows=20)
        >>> X, y = data[["x1", "x2"]], data["target"] > 0
        >>> model = MultiTaskClassifier("kernel_ridge", random_state=0).fit(X, y, task=data["task"])
        >>> model.predict_proba(X, task=data["task"]).shape
        (120, 2)
    """

    def fit(self, X: Any, y: Any, task: Any = None, metadata: Any = None, sample_weight: Any = None) -> Self:
        """Cross-validate and train; arguments as of `MultiTaskRegressor.fit`.

        y: (rows,) labels.
        """
        if self.problem not in PROBLEMS:
            raise UsageError(f"problem must be one of {', '.join(PROBLEMS)}, however it is {self.problem!r}.")
        return self._fit_classes(X, y, task, metadata, sample_weight, self.problem)

    def predict(self, X: Any, task: Any = None, metadata: Any = None) -> NDArray[Any]:
        """(rows,) the most probable label. metadata: of tasks that fit has not seen."""
        return self._chosen(X, task, metadata)

    def predict_proba(self, X: Any, task: Any = None, metadata: Any = None) -> FloatArray:
        """(rows, classes) in the order of `classes_`."""
        return self._outputs(X, task, metadata)

    def score(self, X: Any, y: Any, sample_weight: Any = None, task: Any = None, metadata: Any = None) -> float:
        """Share of the rows whose label is predicted."""
        return float(accuracy_score(y, self.predict(X, task, metadata), sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        return with_any_columns(super().__sklearn_tags__())
