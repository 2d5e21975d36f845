"""Labels of any type, and the names of classes under which they stand in a table."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.missing import ALWAYS
from mthn_automl.data.columns.text import tidy
from mthn_automl.errors import DataError

PLAIN = re.compile(r"[^\W\d].*")
"""A word, which no reader takes for a number."""


@dataclass(frozen=True)
class Labels:
    """The labels that there are.

    Attributes:
        classes: in the order of `predict_proba`.
        names: of each, as text that is read back as it is written.
    """

    classes: NDArray[Any]
    names: tuple[str, ...]

    @classmethod
    def of(cls, labels: NDArray[Any], *, ordered: bool) -> "Labels":
        """ordered: whether the names must be numbers in the order of the labels.

        Raises:
            DataError: a single class.
        """
        classes = np.unique(labels)
        if len(classes) < 2:
            raise DataError(f"A classifier must learn two classes or more, however there is one class, {classes[0]!r}.")
        numbers = tuple(map(str, range(len(classes))))
        return cls(classes, numbers if ordered else _names(classes) or numbers)

    def written(self, labels: NDArray[Any]) -> NDArray[Any]:
        """(rows,) the name of each label."""
        return np.array(self.names, dtype=object)[np.searchsorted(self.classes, labels)]

    def aligned(self, probability: FloatArray, names: tuple[str, ...]) -> FloatArray:
        """(rows, classes) in the order of `classes`, from columns in the order of `names`; 0 for what is not there."""
        places = [self.names.index(name) for name in names]
        found = np.zeros((len(probability), len(self.classes)))
        found[:, places] = probability
        return found


def checked_labels(y: Any) -> NDArray[Any]:
    """(rows,) labels.

    Raises:
        ValueError: numbers that are no classes, a missing one, or several targets.
    """
    labels = column_or_1d(y, warn=True)
    if labels.dtype.kind == "f":
        check_array(labels, ensure_2d=False, input_name="y")
    check_classification_targets(labels)
    missing = labels.dtype == object and any(each is None or each != each for each in labels.tolist())
    if missing:
        raise DataError("Every row must have a label, however one in y is missing; leave its row out.")
    return np.asarray(labels)


def _names(classes: NDArray[Any]) -> tuple[str, ...]:
    """The labels as people read them; none where they would not be read back."""
    names = tuple(f"{each:g}" if isinstance(each, float) else str(each) for each in classes.tolist())
    numbers = classes.dtype.kind in "iuf"
    plain = all(numbers or (PLAIN.fullmatch(name) and tidy(name) == name and name not in ALWAYS) for name in names)
    return names if plain and len(set(names)) == len(names) else ()
