"""Which trials' models and predictions stay on disk: those that an answer may yet be made of."""

from bisect import insort
from pathlib import Path

from mthn_automl.tuning.record import TrialRecord
from mthn_automl.tuning.trial import PREDICTIONS
from mthn_automl.tuning.trial_model import MODEL_FILES

MOST_KEPT = 5
"""Of an architecture, by error; more would fill a disk."""


class Kept:
    """The best trials of each architecture, kept up as trials end.

    Attributes:
        folder: of the trials.
        best: by architecture, (error, number) of the trials whose files stay, the best first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best: dict[str, list[tuple[float, int]]] = {}

    def add(self, record: TrialRecord) -> None:
        """A complete trial; the files of one that is not among the best, or beyond a limit, go."""
        best = self.best.setdefault(record.architecture, [])
        if not record.is_answer or record.result is None:
            self._forget(record.name)
            return
        insort(best, (record.result.error, record.number))
        for _, number in best[MOST_KEPT:]:
            self._forget(f"{record.architecture}-{number}")
        del best[MOST_KEPT:]

    def _forget(self, trial: str) -> None:
        for name in (PREDICTIONS, *MODEL_FILES):
            (self.folder / trial / name).unlink(missing_ok=True)
