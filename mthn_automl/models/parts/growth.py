"""How long a model is grown that is made in rounds."""

from dataclasses import dataclass

from mthn_automl.data.dataset import Dataset


@dataclass(frozen=True)
class Growth:
    """How long a model grows that is made in rounds, such as trees.

    Shape:
        validation: rows of the columns, targets and tasks of the training rows.

    Example:
        >>> Growth(rounds=50).rungs
        ()

    Attributes:
        rounds: exactly so many; None: as many as `validation` shows to be best, or as are usual where there is none.
        validation: rows that are not trained on, whose loss says when to stop; None: there are none.
        rungs: of work done, in rising order, at which the fit pauses and predicts with what it has.
        deadline: seconds since the epoch, past which no further round is begun; None: never.
    """

    rounds: int | None = None
    validation: Dataset | None = None
    rungs: tuple[int, ...] = ()
    deadline: float | None = None
