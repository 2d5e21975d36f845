"""The methods of the comparison by name: who makes them, whether they heed the time, and what is tuned within it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from accuracy_sets import Given

from mthn_automl.data.arrays import FloatArray

ANSWER: Final = "ours"
SINGLE: Final = "ours_single"
AUTOGLUON: Final = "autogluon"


@dataclass(frozen=True)
class Method:
    """One column of the table.

    Attributes:
        module: whose `run` makes it.
        timed: whether it is told the time and uses it; others take what they take, and are run once for all budgets.
        rival: whether it is someone else's way.
        tuned: what is chosen within the time, and how.
        made_by: the method whose run gives this one too; empty: its own.
    """

    module: str
    timed: bool
    rival: bool
    tuned: str
    made_by: str = ""


METHODS: Final[Mapping[str, Method]] = {
    ANSWER: Method("accuracy_ours", True, False, "the answer of `search` with its defaults"),
    SINGLE: Method(
        "accuracy_ours", True, False, "the best single model by cross-validation of the same run", made_by=ANSWER
    ),
    "hypernetwork": Method("accuracy_ours", True, False, "the answer of a search of this architecture alone"),
    "lightgbm": Method(
        "accuracy_boosting",
        False,
        True,
        "defaults, task as a category beside the metadata; the number of rounds by a fifth of the training rows, then "
        "refitted on all",
    ),
    "catboost": Method("accuracy_boosting", False, True, "as lightgbm; its own learning rate is kept for the refit"),
    "gpboost": Method(
        "accuracy_boosting",
        False,
        True,
        "as lightgbm, with a grouped random effect of the task in place of the category; for numbers its learning "
        "rate, of three, by the same fifth; three and more classes one against the others",
    ),
    AUTOGLUON: Method(
        "accuracy_autogluon", True, True, "its preset best_quality, task as a category beside the metadata"
    ),
    "pooled5": Method(
        "accuracy_models",
        False,
        True,
        "the mean of five pooled networks, one a fold, told of the task by a one-hot column and its metadata; the "
        "first settings of our search; the epoch by the fold's validation rows",
    ),
    "kernel": Method(
        "accuracy_models",
        False,
        True,
        "the best by five folds of the first settings of kernel_ridge and gaussian_process, refitted",
    ),
    "linear": Method(
        "accuracy_models",
        False,
        True,
        "the best by five folds of the first settings of ridge and mixed_effects, refitted",
    ),
}


@dataclass(frozen=True)
class Job:
    """What a method is asked.

    Attributes:
        name: of the method.
        dataset: its name.
        given: its files.
        folder: for what it writes; gone afterwards.
        output: of the whole comparison, for what is made once.
        split: whose number is its seed too.
        seconds: its time; what it may use of it is less what has gone by since `began`.
        workers: processes or threads at the same time, where it is timed; others have one thread.
        began: seconds since the epoch when its process was started.
    """

    name: str
    dataset: str
    given: Given
    folder: Path
    output: Path
    split: int
    seconds: float
    workers: int
    began: float


@dataclass(frozen=True)
class Outcome:
    """What a method found.

    Attributes:
        prediction: (rows of the test file, outputs): targets, or probabilities in the order of the classes.
        ended: seconds since the epoch when the test rows had been predicted.
        cv_error: what it says of itself by cross-validation, in the metric of the comparison; None: nothing.
        began: seconds since the epoch, where not everything before was its own; None: as the job says.
        notes: sentences.
        packages: whose versions matter.
        details: JSON-like, kept in the cell.
    """

    prediction: FloatArray
    ended: float
    cv_error: float | None = None
    began: float | None = None
    notes: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not np.isfinite(self.prediction).all():
            raise ValueError("Each prediction must be finite, however some are not.")


def makers(wanted: str) -> list[str]:
    """The methods to run for the names given, separated by commas; empty: all.

    Raises:
        ValueError: there is no such method.
    """
    chosen = [part.strip() for part in wanted.split(",")] if wanted else list(METHODS)
    unknown = [name for name in chosen if name not in METHODS]
    if unknown:
        raise ValueError(f"Each method must be one of {', '.join(METHODS)}, however '{unknown[0]}' is not.")
    return list(dict.fromkeys(METHODS[name].made_by or name for name in chosen))


def made_by(maker: str) -> list[str]:
    """The methods that a run of `maker` gives."""
    return [name for name, each in METHODS.items() if maker in (name, each.made_by)]
