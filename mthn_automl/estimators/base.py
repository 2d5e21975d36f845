"""What all estimators do alike: rows, tasks and metadata in, predictions out, by the conventions of scikit-learn."""

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, validate_data

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.asked import Asked
from mthn_automl.data.names import counted, listed
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnknownWarning
from mthn_automl.estimators.labels import Labels, checked_labels
from mthn_automl.estimators.layout import Layout, target_names, weights_of


class MultiTaskEstimator(BaseEstimator):  # type: ignore[misc]
    """Rows of many tasks; abstract. A subclass says how a table is learnt, and has its parameters.

    Attributes:
        model_: what predicts.
        n_features_in_: columns of X.
        feature_names_in_: their names, where X had names.
        classes_: of a classifier, the labels in the order of `predict_proba`.
    """

    model_: Predictor
    _layout: Layout
    _labels: Labels | None
    _columns_of_y: int

    @abstractmethod
    def _learn(self, table: pd.DataFrame, metadata: pd.DataFrame | None, asked: Asked) -> Predictor:
        """Fit, and keep what else is to be kept."""

    def _fit_classes(self, X: Any, y: Any, task: Any, metadata: Any, sample_weight: Any, problem: str) -> Self:
        """problem: as the data reader has it; auto: by the number of classes."""
        frame, y = self._checked(X, y, reset=True)
        labels, weight = checked_labels(y), weights_of(sample_weight, frame)
        check_consistent_length(frame, labels)
        self._labels = Labels.of(labels if weight is None else labels[weight > 0], ordered=problem == "ordinal")
        self.classes_ = self._labels.classes
        kinds = {"auto": "binary" if len(self.classes_) == 2 else "multiclass"}
        counts = np.ones(len(labels), bool) if weight is None else weight > 0
        named = np.full(len(labels), self._labels.names[0], dtype=object)
        named[counts] = self._labels.written(labels[counts])
        self._columns_of_y = 1
        return self._fit(frame, y, named[:, None], task, metadata, weight, kinds.get(problem, problem))

    def _fit_numbers(self, X: Any, y: Any, task: Any, metadata: Any, sample_weight: Any, problem: str) -> Self:
        frame, y = self._checked(X, y, reset=True)
        numbers = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y")
        if numbers.ndim == 1 or numbers.shape[1] == 1:  # of several targets some may be missing
            check_array(numbers, ensure_2d=False, input_name="y")
        check_consistent_length(frame, numbers)
        weight = weights_of(sample_weight, frame)
        self._labels, self._columns_of_y = None, 0 if numbers.ndim == 1 else numbers.shape[1]
        return self._fit(frame, y, numbers.reshape(len(numbers), -1), task, metadata, weight, problem)

    def _fit(
        self,
        frame: pd.DataFrame,
        y: Any,
        targets: NDArray[Any],
        task: Any,
        metadata: Any,
        weight: FloatArray | None,
        problem: str,
    ) -> Self:
        layout = Layout.of(list(frame.columns), task, self._task_columns())
        layout = layout.with_targets(target_names(y, targets.shape[1]), weighted=weight is not None)
        added = dict(zip(layout.targets, targets.T, strict=True))
        if layout.weight is not None:
            added[layout.weight] = weight
        table = pd.concat([layout.rows(frame, task), pd.DataFrame(added)], axis=1)
        classes = layout.targets if self._labels is not None else ()
        asked = Asked(layout.task, layout.targets, problem, weight=layout.weight, categorical=classes)
        self._layout = layout
        self.model_ = self._learn(table, layout.metadata(metadata), asked)
        return self

    @abstractmethod
    def _task_columns(self) -> str | Sequence[str] | None:
        """The columns of X that name tasks, where fit is not told."""

    def _outputs(self, X: Any, task: Any, metadata: Any) -> FloatArray:
        """(rows, targets or classes), of classes in the order of `classes_`."""
        check_is_fitted(self)
        frame, _ = self._checked(X, None, reset=False)
        rows = self.model_.read(self._layout.rows(frame, task), self._layout.metadata(metadata), allow_unknown=True)
        new = rows.tasks.names[len(self.model_.tasks) :]
        if new:
            count = int((rows.task >= len(self.model_.tasks)).sum())
            warnings.warn(
                f"{counted(count, 'row')} of {counted(len(new), 'task')} that fit has not seen, {listed(new)}: "
                "predicted from the metadata where there are any, else as an average task.",
                UnknownWarning,
                stacklevel=3,
            )
        table = self.model_.predict_rows(rows)
        names = self.model_.schema.classes
        if self._labels is None:
            return np.asarray(table.filter(regex=r"^prediction(_|$)").to_numpy(np.float64))
        probability = table[[f"probability_{name}" for name in names]].to_numpy(np.float64)
        return self._labels.aligned(probability, names)

    def _fitted_labels(self) -> Labels | None:
        """None where fit learnt numbers. Raises NotFittedError."""
        check_is_fitted(self)
        return self._labels

    def _numbers(self, X: Any, task: Any, metadata: Any) -> FloatArray:
        """(rows,) where y had one dimension, else (rows, targets)."""
        found = self._outputs(X, task, metadata)
        return found if self._columns_of_y else found[:, 0]

    def _chosen(self, X: Any, task: Any, metadata: Any) -> NDArray[Any]:
        """(rows,) the most probable label."""
        chosen = self._outputs(X, task, metadata).argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[pd.DataFrame, Any]:
        """X as a DataFrame whose columns are called as those of fit, and y as it is."""
        if isinstance(X, pd.DataFrame):
            given = (X,) if not reset else (X, y)
            validate_data(self, *given, reset=reset, skip_check_array=True)
            frame = X.set_axis([str(name) for name in X.columns], axis=1)
        else:
            rows = validate_data(
                self, X, reset=reset, dtype=None, ensure_all_finite=False, ensure_min_samples=2 if reset else 1
            )
            if reset:
                validate_data(self, X, y, reset=False, skip_check_array=True)
            frame = pd.DataFrame(rows, columns=[f"x{index}" for index in range(rows.shape[1])])
        return frame, y

    def _seed(self, random_state: Any) -> int:
        """A whole number is the seed of a search."""
        if isinstance(random_state, int | np.integer) and random_state >= 0:
            return int(random_state)
        return int(check_random_state(random_state).randint(2**31 - 1))
