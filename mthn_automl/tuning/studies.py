"""The Optuna studies of a run, one an architecture, all in one journal file: the only truth about trials."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import optuna
from optuna.trial import TrialState

from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.journal import open_journal, reading
from mthn_automl.tuning.record import TrialRecord
from mthn_automl.tuning.space import SearchSpace
from mthn_automl.tuning.study import Settings, Study


class Studies(dict[str, Study]):
    """The studies of a run by architecture, all in one journal. One process at a time may hold it open for writing.

    Args:
        journal: file of the studies; made when absent. spaces: by architecture name. warm: settings to begin with, by
            architecture. The others are those of `Study`.

    Raises:
        RunError: a search space is another than the one that the journal began with.
    """

    def __init__(
        self,
        journal: Path,
        spaces: Mapping[str, SearchSpace],
        *,
        seed: int,
        sampler: str = "tpe",
        objectives: Sequence[str] = ("error",),
        limits: Limits = NO_LIMITS,
        warm: Mapping[str, Sequence[Settings]] | None = None,
    ) -> None:
        self.objectives, self.limits, self.seed = tuple(objectives), limits, seed
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        opened = open_journal(journal)
        with reading(journal):
            super().__init__(
                {
                    name: Study(
                        *opened,
                        space,
                        seed=seed,
                        sampler=sampler,
                        objectives=objectives,
                        limits=limits,
                        warm=(warm or {}).get(name, ()),
                    )
                    for name, space in spaces.items()
                }
            )

    @property
    def records(self) -> list[TrialRecord]:
        """Of all trials, architecture after architecture."""
        return [record for study in self.values() for record in study.records]

    def running(self) -> list[TrialRecord]:
        return [record for record in self.records if record.ending is None]

    def states(self) -> dict[str, int]:
        """Number of trials begun in each of Optuna's states; refused ones are none."""
        found = [record.state for record in self.records if record.ending is not Ending.REFUSED]
        return {state.name: found.count(state) for state in TrialState if state is not TrialState.WAITING}

    def seconds(self) -> float:
        """Of the run, when its last trial ended by its own doing."""
        ended = (record.seconds for record in self.records if record.ending is not None and record.ending.uses_budget)
        return max(ended, default=0.0)
