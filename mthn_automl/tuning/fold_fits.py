"""The folds of one classical configuration: fitted one after another, or grown in lock-step from rung to rung."""

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.errors import OutOfTimeError
from mthn_automl.models.base import Classical
from mthn_automl.models.parts.growth import Growth
from mthn_automl.training.encode import training_rows
from mthn_automl.tuning.space import make_settings

if TYPE_CHECKING:
    from mthn_automl.tuning.objective import Configuration


class FoldFits:
    """A model a fold, and what they predict.

    fold: (rows,) the fold that each row validates in; -1: it always trains. rungs: of models that are made in rounds,
    as their search space file lists them. forward: whether a fold trains on the folds before it only.

    Attributes:
        models: one a fold, in the order of the folds.
        stopped_by_time: whether the deadline ended the growing of one.
    """

    def __init__(
        self,
        models: list[Classical],
        dataset: Dataset,
        fold: IntArray,
        flags: Flags,
        seed: int,
        rungs: tuple[int, ...],
        *,
        forward: bool = False,
    ) -> None:
        self.models, self.dataset, self.fold = models, dataset, fold
        self.flags, self.seed, self.rungs = flags, seed, rungs
        self.forward = forward
        self.stopped_by_time = False

    def steps(self, deadline: float | None) -> Generator[int, None, None]:
        """Fit all models, pausing at each rung as long as one of them still grows.

        Raises:
            OutOfTimeError: of models without rungs not all would be fitted in time.
        """
        since = time.time()
        growing = {number: self._fit(number, deadline) for number in range(len(self.models))}
        while growing:
            rung = 0
            for number, fit in list(growing.items()):
                if not self.rungs:
                    self._refuse_the_rest(number, time.time() - since, deadline)
                try:
                    rung = next(fit)
                except StopIteration as end:
                    self.stopped_by_time |= end.value
                    del growing[number]
            if growing:
                yield rung

    def _refuse_the_rest(self, number: int, taken: float, deadline: float | None) -> None:
        """Where those from `number` on will not be fitted in time, as the others took it."""
        rest = taken * (len(self.models) - number) / max(number, 1)
        if deadline is not None and time.time() + rest > deadline:
            raise OutOfTimeError(
                f"All {len(self.models)} folds must be fitted in the time given, however that is too short after "
                f"{number}."
            )

    def _fit(self, number: int, deadline: float | None) -> Generator[int, None, bool]:
        growth = Growth(None, self.dataset.take(np.flatnonzero(self.fold == number)), self.rungs, deadline)
        training = self.dataset.take(training_rows(self.fold, number, forward=self.forward))
        return (yield from self.models[number].fit_in_steps(training, growth, flags=self.flags, seed=self.seed))

    def predictions(self) -> FloatArray:
        """(rows, outputs) of each row by the model that has not seen it; NaN for rows that always train."""
        found = np.full((len(self.dataset), self.dataset.schema.outputs), np.nan)
        for number, model in enumerate(self.models):
            rows = np.flatnonzero(self.fold == number)
            found[rows] = model.predict(self.dataset.take(rows))
        return found

    def rounds(self) -> tuple[IntArray | None, int]:
        """(folds, 1) rounds that each model kept, or None, and the most that one was trained for, or 0."""
        kept, trained = zip(*(model.rounds for model in self.models), strict=True)
        return (np.array(kept)[:, None] if any(trained) else None), max(trained)

    def usual_rounds(self) -> int | tuple[int, ...] | None:
        """That a model of all rows, or each of its sums, is made in: the median of the folds'; None: in no rounds."""
        of_sums = [model.rounds_of_sums for model in self.models]
        if of_sums[0] and len({len(each) for each in of_sums}) == 1:
            return tuple(max(1, round(float(each))) for each in np.median(of_sums, axis=0))
        return round(float(np.median([model.rounds[0] for model in self.models]))) or None

    def fits_once_more(self, taken: float, deadline: float | None) -> bool:
        """Whether a fit of all rows will end in time, as the folds took it: it may grow with the rows squared.

        taken: seconds of the fits of all folds.
        """
        if deadline is None:
            return True
        trained = [len(training_rows(self.fold, number, forward=self.forward)) for number in range(len(self.models))]
        return time.time() + taken * len(self.dataset) ** 2 / float(np.square(trained).sum()) <= deadline

    def notes(self) -> tuple[str, ...]:
        """Each sentence once."""
        return tuple(dict.fromkeys(note for model in self.models for note in model.notes()))


def unfitted(file: SpaceFile, settings: dict[str, Any]) -> Classical:
    """A model of a classical architecture, with these of its settings."""
    architecture: Any = file.load_class()
    return architecture(make_settings(architecture.Settings, settings))  # type: ignore[no-any-return]


def fit_classical(
    configuration: "Configuration", training: Dataset, flags: Flags, rounds: int | tuple[int, ...] | None = None
) -> Classical:
    """Fit one classical configuration on all given rows. rounds: as in `Growth`."""
    model = unfitted(configuration.file, configuration.settings)
    model.fit(training, flags=flags, seed=configuration.seed, rounds=rounds)
    return model
