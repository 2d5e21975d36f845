"""Sources of trials in a run folder, one after another, and what tests of them say again and again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mthn_automl.catalogue import SpaceFile
from mthn_automl.tuning.allocation import FIRST_ROUNDS
from mthn_automl.tuning.budget import Budget
from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.events import Event
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import Study
from mthn_automl.tuning.trial import Outcome, Trial
from tests.tuning import toys
from tests.tuning.toys import Behaviour


@dataclass
class Place:
    """A run folder in which sources can be opened one after another, as by one process after another."""

    folder: Path
    files: dict[str, SpaceFile]
    events: list[Event] = field(default_factory=list)

    def source(
        self,
        trials: int | None = None,
        ends: Callable[[], float | None] = lambda: None,
        *,
        rounds: int = FIRST_ROUNDS,
        timeout: float | None = None,
        objectives: Sequence[str] = ("error",),
        limits: Limits = NO_LIMITS,
        **given: Any,
    ) -> TrialSource:
        """given: further arguments of the source."""
        spaces = {name: build_space(file, has_metadata=True) for name, file in self.files.items()}
        studies = Studies(self.folder / "study.journal", spaces, seed=0, objectives=objectives, limits=limits)
        return TrialSource(
            studies,
            self.files,
            self.folder / "trials",
            Budget(trials, ends, rounds, timeout),
            clock=lambda: 1.0,
            report=self.events.append,
            **given,
        )


def recovered(source: TrialSource) -> int:
    """How many trials an earlier process left running, once the source has taken up what it left, as a resume does."""
    source.remember()
    return source.settle()


def place(tmp_path: Path, behaviour: Behaviour = "good", names: tuple[str, ...] = ("toy",)) -> Place:
    tmp_path.mkdir(exist_ok=True)
    return Place(tmp_path, {name: toys.toy_space(tmp_path, behaviour, name) for name in names})


def taken(source: TrialSource) -> Trial:
    trial = source.next()
    assert trial is not None
    return trial


def good(error: float = 1.0) -> Outcome:
    return Outcome(Ending.COMPLETE, toys.result(error))


def states(source: TrialSource) -> dict[str, int]:
    return {name: count for name, count in source.studies.states().items() if count}


def to_repeat(source: TrialSource, name: str = "toy") -> int:
    """Trials of an architecture that wait to be run again."""
    return waiting(source.studies[name])


def waiting(study: Study) -> int:
    """Trials that are to be run again."""
    ended = {record.number for record in study.records if record.ending is not None and record.ending.runs_again}
    return len(ended - {record.repeats for record in study.records})
