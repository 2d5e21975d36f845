"""What a data set's columns are: roles, kinds, categories, and the problem they pose."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Problem(StrEnum):
    """What is predicted: numbers, one of two classes, or one of more."""

    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"


@dataclass(frozen=True)
class Column:
    """A feature or metadata column.

    Attributes:
        name: as it stands in the input.
        categories: in the order of their codes; None for a numeric column.
        range: the lowest and the highest number of training; None of a category, and before a model is saved.
    """

    name: str
    categories: tuple[str, ...] | None = None
    range: tuple[float, float] | None = None

    @property
    def numeric(self) -> bool:
        return self.categories is None


@dataclass(frozen=True)
class Schema:
    """The columns a model was trained on.

    Attributes:
        task: the column that names each row's task.
        targets: the columns that are predicted.
        problem: what they pose.
        classes: their names in the order of their indices; none in regression.
        features: in the order of the input.
        metadata: in the order of the input.
    """

    task: str
    targets: tuple[str, ...]
    problem: Problem
    classes: tuple[str, ...]
    features: tuple[Column, ...]
    metadata: tuple[Column, ...] = ()

    @property
    def outputs(self) -> int:
        """Columns of a prediction: one a target, or one a class."""
        return len(self.classes) if self.classes else len(self.targets)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Schema":
        return cls(
            task=stored["task"],
            targets=tuple(stored["targets"]),
            problem=Problem(stored["problem"]),
            classes=tuple(stored["classes"]),
            features=_columns(stored["features"]),
            metadata=_columns(stored["metadata"]),
        )


def _columns(stored: list[dict[str, Any]]) -> tuple[Column, ...]:
    return tuple(Column(each["name"], _as_tuple(each["categories"]), _as_tuple(each["range"])) for each in stored)


def _as_tuple(stored: list[Any] | None) -> Any:
    return None if stored is None else tuple(stored)
