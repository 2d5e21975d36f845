"""How long a model is grown that is made in rounds."""

from dataclasses import dataclass, replace

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
        rounds: exactly so many, or so many of each sum, such as that of a target; None: as many as `validation` shows
            to be best, or as are usual where there is none.
        validation: rows that are not trained on, whose loss says when to stop; None: there are none.
        rungs: of work done, in rising order, at which the fit pauses and predicts with what it has.
        deadline: seconds since the epoch, past which no further round is begun; None: never.
    """

    rounds: int | tuple[int, ...] | None = None
    validation: Dataset | None = None
    rungs: tuple[int, ...] = ()
    deadline: float | None = None

    @property
    def most(self) -> int | None:
        """Rounds of the sum that has most; None as of `rounds`."""
        return max(self.rounds) if isinstance(self.rounds, tuple) else self.rounds

    def of_sum(self, index: int) -> "Growth":
        """That of one of several sums."""
        return replace(self, rounds=self.rounds[index]) if isinstance(self.rounds, tuple) else self
