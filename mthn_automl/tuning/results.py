"""What one trial reports: plain values that go to JSON and back."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mthn_automl.models.base import Size
from mthn_automl.received import typed


@dataclass(frozen=True)
class TrialResult:
    """The cross-validated outcome of one configuration.

    Attributes:
        architecture: its name.
        settings: of the architecture and of its training.
        error: what the search minimises, over all out-of-fold rows, by the chosen metric and average.
        error_rows: the same metric averaged over rows.
        error_tasks: the same metric averaged over tasks.
        fold_errors: (folds,) of the mean prediction over seeds.
        member_errors: (folds, seeds) of single networks.
        best_epochs: (folds, seeds) epochs at the restored weights, or rounds kept; empty for models without either.
        size: of the model that is saved: the mean of `models`.
        seconds: wall time of the whole trial.
        predict_us_per_row: microseconds that predicting a row takes with the model that is saved.
        stopped_by_time: whether a deadline ended the training of networks, or a model's rounds.
        notes: sentences about the fits, for the user.
        epochs: trained, or rounds, until the last member stopped; 0 of models without either.
        models: of how many folds the limits let the mean be; 1 of one fit on all rows.
    """

    architecture: str
    settings: dict[str, Any]
    error: float
    error_rows: float
    error_tasks: float
    fold_errors: tuple[float, ...]
    member_errors: tuple[tuple[float, ...], ...]
    best_epochs: tuple[tuple[int, ...], ...]
    size: Size
    seconds: float
    predict_us_per_row: float
    stopped_by_time: bool = False
    notes: tuple[str, ...] = field(default=())
    epochs: int = 0
    models: int = 1

    def to_json(self) -> dict[str, Any]:
        """JSON has no NaN: an undefined error becomes null."""
        return {name: _without_nan(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "TrialResult":
        """What `to_json` gave. Raises ValueError or KeyError, which name the field: it is none of these."""
        values = dict(stored)
        values["error_rows"], values["error_tasks"] = _with_nan([stored["error_rows"], stored["error_tasks"]])
        values["fold_errors"] = _with_nan(stored["fold_errors"])
        values["member_errors"] = [_with_nan(each) for each in stored["member_errors"]]
        return typed(values, cls)


def _without_nan(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _with_nan(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else value for value in values)
