"""The Optuna studies of a run, one an architecture, all in one journal file: the only truth about trials."""

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from mthn_automl.errors import RunError
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.samplers import derive_seed, make_sampler
from mthn_automl.tuning.space import Space

MAXIMUM_RETRIES = 3

RESULT = "result"
REASON = "reason"
ROOT = "root"
RETRY = "retry"
START = "start"
SPACE = "space"
ELAPSED = "elapsed"


@dataclass(frozen=True)
class Asked:
    """A trial that has begun. `root`: number of the trial that it repeats after a crash, else its own."""

    architecture: str
    number: int
    root: int
    settings: dict[str, Any]
    seed: int


class Studies:
    """Ask for configurations, tell results. One process at a time may hold a journal open for writing.

    Args:
        journal: file of the studies; made when absent. spaces: by architecture name.
    """

    def __init__(self, journal: Path, spaces: Mapping[str, Space], *, seed: int, sampler: str = "tpe") -> None:
        self.spaces, self.seed, self.sampler = dict(spaces), seed, sampler
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._storage = open_storage(journal)
        self._studies = {name: self._open(space) for name, space in self.spaces.items()}

    def _open(self, space: Space) -> optuna.Study:
        study = optuna.create_study(
            storage=self._storage, study_name=space.name, direction="minimize", load_if_exists=True
        )
        self._check_space(study, space)
        self._enqueue_starts(study, space)
        return study

    def _check_space(self, study: optuna.Study, space: Space) -> None:
        stored, now = study.user_attrs.get(SPACE), space.fingerprint()
        if stored is None:
            study.set_user_attr(SPACE, now)
            return
        changed = sorted(name for name in {*stored, *now} if stored.get(name) != now.get(name))
        if changed:
            raise RunError(
                f"The search space of '{space.name}' must be the one this run began with, however parameter "
                f"'{changed[0]}' has changed; start a new run, or restore the search space file."
            )

    def _enqueue_starts(self, study: optuna.Study, space: Space) -> None:
        """Each starting point once, whatever a kill in the middle of this left behind."""
        known = {trial.user_attrs.get(START) for trial in study.get_trials(deepcopy=False)}
        for index, start in enumerate(space.starts):
            if index not in known:
                study.enqueue_trial(dict(start), user_attrs={START: index})

    def ask(self, architecture: str) -> Asked:
        """Begin the next trial of an architecture; seeds depend on how many trials began before, lost ones apart."""
        study, space = self._studies[architecture], self.spaces[architecture]
        study.sampler = make_sampler(self.sampler, derive_seed(self.seed, architecture, self._begun(study)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = study.ask()
            settings = space.suggest(trial)
        root = int(trial.user_attrs.get(ROOT, trial.number))
        seed = derive_seed(self.seed, architecture, "trial", root)
        return Asked(architecture, trial.number, root, settings, seed)

    def _begun(self, study: optuna.Study) -> int:
        trials = study.get_trials(deepcopy=False)
        return sum(trial.state is TrialState.RUNNING or ELAPSED in trial.user_attrs for trial in trials)

    def complete(self, architecture: str, number: int, result: TrialResult, elapsed: float) -> None:
        """Record a result; one without a finite error is a failure. elapsed: seconds of the run so far."""
        if not math.isfinite(result.error):
            self.fail(architecture, number, f"The error is {result.error}, which is no finite number.", elapsed)
            return
        self._mark(architecture, number, {RESULT: result.to_json(), ELAPSED: elapsed})
        self._studies[architecture].tell(number, result.error)

    def fail(self, architecture: str, number: int, reason: str, elapsed: float) -> None:
        """Record a failure of the configuration itself; it is not tried again."""
        self._mark(architecture, number, {REASON: reason, ELAPSED: elapsed})
        self._studies[architecture].tell(number, state=TrialState.FAIL)

    def lose(self, architecture: str, number: int, reason: str, elapsed: float) -> None:
        """Record that a trial's process was lost, and queue its configuration again, at most three times.

        The fourth loss is a failure of the configuration: models that end their process each time would otherwise
        never use up a budget of trials.
        """
        lost = self._find(architecture, number)
        retry = int(lost.user_attrs.get(RETRY, 0)) + 1
        if retry > MAXIMUM_RETRIES:
            self.fail(architecture, number, f"{reason}, {retry} times", elapsed)
            return
        self._queue_again(architecture, lost, retry)
        self._mark(architecture, number, {REASON: reason})
        self._studies[architecture].tell(number, state=TrialState.FAIL)

    def _queue_again(self, architecture: str, lost: FrozenTrial, retry: int) -> None:
        """Once, even if a kill came between this and the end of the lost trial."""
        marks = {ROOT: lost.user_attrs.get(ROOT, lost.number), RETRY: retry}
        queued = any(
            {name: trial.user_attrs.get(name) for name in marks} == marks for trial in self.trials(architecture)
        )
        settings = self._settings_of(lost, self.spaces[architecture])
        if settings is not None and not queued:
            start = {START: lost.user_attrs[START]} if START in lost.user_attrs else {}
            self._studies[architecture].enqueue_trial(settings, user_attrs={**marks, **start})

    def _settings_of(self, trial: FrozenTrial, space: Space) -> dict[str, Any] | None:
        """What the trial was to run; None where it was lost before the sampler had chosen all of it."""
        fixed = trial.system_attrs.get("fixed_params")
        if fixed is not None:
            return {**fixed, **trial.params}
        asked = [each for each in space.parameters if each.asked(trial.params, space.has_metadata)]
        return dict(trial.params) if all(each.name in trial.params for each in asked) else None

    def _find(self, architecture: str, number: int) -> FrozenTrial:
        return next(trial for trial in self.trials(architecture) if trial.number == number)

    def _mark(self, architecture: str, number: int, values: Mapping[str, Any]) -> None:
        trial_id = self._find(architecture, number)._trial_id
        for name, value in values.items():
            self._storage.set_trial_user_attr(trial_id, name, value)

    def trials(self, architecture: str) -> list[FrozenTrial]:
        return self._studies[architecture].get_trials(deepcopy=False)

    def running(self) -> list[tuple[str, int]]:
        """(architecture, number) of trials begun and not told."""
        return [
            (name, trial.number)
            for name in self._studies
            for trial in self.trials(name)
            if trial.state is TrialState.RUNNING
        ]

    def retries_queued(self, architecture: str) -> int:
        return sum(
            trial.state is TrialState.WAITING and RETRY in trial.user_attrs for trial in self.trials(architecture)
        )

    def told(self, architecture: str) -> int:
        """Trials that ended by their own doing, well or badly; those that were lost and queued again do not count."""
        return sum(trial.state.is_finished() and ELAPSED in trial.user_attrs for trial in self.trials(architecture))

    def results(self, architecture: str) -> list[tuple[int, TrialResult]]:
        """(number, result) of every complete trial."""
        return [
            (trial.number, TrialResult.from_json(trial.user_attrs[RESULT]))
            for trial in self.trials(architecture)
            if trial.state is TrialState.COMPLETE
        ]

    def best(self, architecture: str) -> tuple[int, TrialResult] | None:
        """The complete trial with the lowest error, the earlier one where two are equal."""
        complete = [trial for trial in self.trials(architecture) if trial.state is TrialState.COMPLETE]
        best = min(complete, key=lambda trial: (trial.value, trial.number), default=None)
        return None if best is None else (best.number, TrialResult.from_json(best.user_attrs[RESULT]))

    def failures(self, architecture: str) -> list[str]:
        """Reasons of the configurations that failed; lost processes are not among them."""
        return [
            trial.user_attrs[REASON]
            for trial in self.trials(architecture)
            if trial.state is TrialState.FAIL and ELAPSED in trial.user_attrs
        ]

    def states(self) -> dict[str, int]:
        """Number of trials begun in each of Optuna's states, over all architectures; queued ones are none yet."""
        found = [trial.state.name for name in self._studies for trial in self.trials(name)]
        return {state.name: found.count(state.name) for state in TrialState if state is not TrialState.WAITING}

    def elapsed(self) -> float:
        """Seconds of the run when its last trial was told."""
        told = (trial.user_attrs.get(ELAPSED, 0.0) for name in self._studies for trial in self.trials(name))
        return max(told, default=0.0)


def open_storage(journal: Path) -> JournalStorage:
    """Open the journal; what a killed process left half-done is mended first.

    A last line without its end would be glued to the next record, and a left-over lock would hold up the first
    write for half a minute. The caller holds the lock of the run.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    _cut_torn_line(journal)
    for leftover in _leftover_locks(journal):
        leftover.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal))))


def _leftover_locks(journal: Path) -> Iterable[Path]:
    return journal.parent.glob(f"{journal.name}.lock*")


def _cut_torn_line(journal: Path) -> None:
    if not journal.exists():
        return
    with journal.open("rb+") as stream:
        content = stream.read()
        if content and not content.endswith(b"\n"):
            stream.truncate(content.rfind(b"\n") + 1)
