"""What is asked of an export, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UsageError, did_you_mean


@dataclass(frozen=True)
class Request:
    """A model, and what of it is to be written.

    Attributes:
        predictor: the model.
        task: the number of the one task that the file is for; None: it is for all.
        tables: rows on which what is written is checked, besides rows that are drawn.
        interval: the level of intervals that are written beside predictions; None: there are none.
    """

    predictor: Predictor
    task: int | None = None
    tables: Sequence[Dataset] = ()
    interval: float | None = None


@dataclass(frozen=True)
class Written:
    """A file.

    Attributes:
        content: of the file.
        sentences: about it.
    """

    content: bytes
    sentences: tuple[str, ...]


def task_number(predictor: Predictor, name: str | None) -> int | None:
    """Of a task of training; None of None.

    Raises:
        UsageError: there is no such task.
    """
    if name is None:
        return None
    if name not in predictor.tasks.names:
        raise UsageError(
            f"--task must name a task that the model was trained on, however it is '{name}'; "
            f"{did_you_mean(name, predictor.tasks.names)}"
        )
    return predictor.tasks.names.index(name)
