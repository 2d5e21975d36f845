"""The Optuna studies of a run, one an architecture, all in one journal file: the only truth about trials."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from mthn_automl.errors import RunError
from mthn_automl.tuning.criteria import NO_LIMITS, Limits, values_of
from mthn_automl.tuning.journal import open_storage
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.samplers.table import derive_seed, make_sampler
from mthn_automl.tuning.space import SearchSpace

MAXIMUM_RETRIES = 3

RESULT = "result"
REASON = "reason"
ROOT = "root"
RETRY = "retry"
ABANDONED = "abandoned"
START = "start"
SPACE = "space"
ELAPSED = "elapsed"
DECISION = "decision"
BEGUN = "begun"
"""Marks a trial whose worker has set to work; one that was only handed out is not to blame for a lost process."""

REFUSED = "refused"
"""Marks a configuration that was never begun, because it would break a limit."""


NOTHING: Mapping[str, Sequence[Mapping[str, Any]]] = {}


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
        journal: file of the studies; made when absent. spaces: by architecture name. objectives: names, the error
            first. limits: that the answers must keep. warm: settings to begin with, by architecture, before the starts
            of the spaces.
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
        warm: Mapping[str, Sequence[Mapping[str, Any]]] = NOTHING,
    ) -> None:
        self.spaces, self.seed, self.sampler = dict(spaces), seed, sampler
        self.objectives, self.limits, self.warm = tuple(objectives), limits, warm
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._storage = open_storage(journal)
        self._studies = {name: self._open(space) for name, space in self.spaces.items()}

    def _open(self, space: SearchSpace) -> optuna.Study:
        study = optuna.create_study(
            storage=self._storage,
            study_name=space.name,
            directions=["minimize"] * len(self.objectives),
            load_if_exists=True,
        )
        self._check_space(study, space)
        self._enqueue_starts(study, space)
        return study

    def _check_space(self, study: optuna.Study, space: SearchSpace) -> None:
        stored, now = study.user_attrs.get(SPACE), space.fingerprint()
        if stored is None:
            study.set_user_attr(SPACE, now)
            return
        changed = sorted(name for name in {*stored, *now} if stored.get(name) != now.get(name))
        if changed:
            raise RunError(
                f"The search space of '{space.name}' must be the one this run began with, however parameter "
                f"'{changed[0]}' has changed; start a new run, or restore its search space file"
                f"{' or shared/training.toml' if changed[0] in space.training_names else ''}."
            )

    def _enqueue_starts(self, study: optuna.Study, space: SearchSpace) -> None:
        """Each starting point once, whatever a kill in the middle of this left behind."""
        known = {trial.user_attrs.get(START) for trial in study.get_trials(deepcopy=False)}
        warm = [(f"warm {index}", start) for index, start in enumerate(self.warm.get(space.name, ()))]
        for index, start in [*warm, *enumerate(space.starts)]:
            if index not in known:
                study.enqueue_trial(dict(start), user_attrs={START: index})

    def ask(self, architecture: str, decision: str = "") -> Asked:
        """Begin the next trial of an architecture; seeds depend on how many trials began before, lost ones apart.

        decision: why this architecture is next, kept with the trial.
        """
        study, space = self._studies[architecture], self.spaces[architecture]
        study.sampler = make_sampler(
            self.sampler,
            study_seed=derive_seed(self.seed, architecture),
            trial_seed=derive_seed(self.seed, architecture, self._begun(study)),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = study.ask()
            settings = space.suggest(trial)
        if decision:
            trial.set_user_attr(DECISION, decision)
        root = int(trial.user_attrs.get(ROOT, trial.number))
        seed = derive_seed(self.seed, architecture, "trial", root)
        return Asked(architecture, trial.number, root, settings, seed)

    def _begun(self, study: optuna.Study) -> int:
        trials = study.get_trials(deepcopy=False)
        return sum(
            trial.state is TrialState.RUNNING or not {ELAPSED, REFUSED}.isdisjoint(trial.user_attrs) for trial in trials
        )

    def complete(self, architecture: str, number: int, result: TrialResult, elapsed: float) -> str:
        """Record a result; one without a finite error is a failure. elapsed: seconds of the run so far.

        Returns:
            Why it is no answer: a failure, or limits that it breaks; empty where nothing stands against it.
        """
        values = values_of(result, self.objectives)
        if not all(map(math.isfinite, values)):
            reason = f"The error is {result.error}, which is no finite number."
            self.fail(architecture, number, reason, elapsed)
            return reason
        self._mark(architecture, number, {RESULT: result.to_json(), ELAPSED: elapsed})
        self._constrain(architecture, number, self.limits.excess(result.size, result.predict_us_per_row))
        self._studies[architecture].tell(number, values)
        return self.limits.broken(result.size, result.predict_us_per_row)

    def _constrain(self, architecture: str, number: int, excess: Mapping[str, float]) -> None:
        """As `optuna.Trial.set_constraint`, which a trial that another process began does not have any more."""
        trial_id = self._find(architecture, number)._trial_id
        for name, value in excess.items():
            self._storage.set_trial_system_attr(trial_id, f"constraints:{name}", value)

    def refuse(self, architecture: str, number: int, reason: str, excess: Mapping[str, float]) -> None:
        """Record a configuration that is not begun: no budget is used.

        excess: by limit, how far above it; above 0 where it is broken, which samplers learn from. Where it is empty
        they are to learn nothing.
        """
        self._mark(architecture, number, {REASON: reason, REFUSED: True})
        self._constrain(architecture, number, excess)
        self._studies[architecture].tell(number, state=TrialState.PRUNED if excess else TrialState.FAIL)

    def repeated(self, asked: Asked) -> int | None:
        """The number of an earlier trial with the same settings; None for the first one, and for one run again."""
        if asked.root != asked.number:
            return None
        earlier = (each for each in self.trials(asked.architecture) if each.number < asked.number)
        return next(
            (each.number for each in earlier if each.params == asked.settings and REFUSED not in each.user_attrs), None
        )

    def prune(self, architecture: str, number: int, epoch: int, error: float, reason: str, elapsed: float) -> None:
        """Record a trial that was stopped at a rung, with what it showed there; it has no result."""
        self._mark(architecture, number, {REASON: reason, ELAPSED: elapsed})
        if len(self.objectives) == 1:  # of several objectives Optuna keeps no values on the way
            self._storage.set_trial_intermediate_value(self._find(architecture, number)._trial_id, epoch, error)
        self._studies[architecture].tell(number, state=TrialState.PRUNED)

    def fail(self, architecture: str, number: int, reason: str, elapsed: float) -> None:
        """Record a failure of the configuration itself; it is not tried again."""
        self._mark(architecture, number, {REASON: reason, ELAPSED: elapsed})
        self._studies[architecture].tell(number, state=TrialState.FAIL)

    def begin(self, architecture: str, number: int) -> None:
        """Record that a worker has set to work on a trial."""
        self._mark(architecture, number, {BEGUN: True})

    def has_begun(self, architecture: str, number: int) -> bool:
        return BEGUN in self._find(architecture, number).user_attrs

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

    def abandon(self, architecture: str, number: int, reason: str) -> None:
        """Record that a trial was given up for no fault of its own, and queue its configuration again."""
        given_up = self._find(architecture, number)
        self._queue_again(architecture, given_up, int(given_up.user_attrs.get(RETRY, 0)), given_up.number)
        self._mark(architecture, number, {REASON: reason})
        self._studies[architecture].tell(number, state=TrialState.FAIL)

    def _queue_again(self, architecture: str, lost: FrozenTrial, retry: int, abandoned: int | None = None) -> None:
        """Once, even if a kill came between this and the end of the lost trial."""
        marks = {ROOT: lost.user_attrs.get(ROOT, lost.number), RETRY: retry, ABANDONED: abandoned}
        queued = any(
            {name: trial.user_attrs.get(name) for name in marks} == marks for trial in self.trials(architecture)
        )
        settings = self._settings_of(lost, self.spaces[architecture])
        if settings is not None and not queued:
            start = {START: lost.user_attrs[START]} if START in lost.user_attrs else {}
            self._studies[architecture].enqueue_trial(settings, user_attrs={**marks, **start})

    def _settings_of(self, trial: FrozenTrial, space: SearchSpace) -> dict[str, Any] | None:
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

    def root(self, architecture: str, number: int) -> int:
        """The trial of which this one is an execution: itself, unless it was lost before and is run again."""
        return int(self._find(architecture, number).user_attrs.get(ROOT, number))

    def executions(self, architecture: str, root: int) -> list[int]:
        """Numbers of a trial's executions, itself among them."""
        return [each.number for each in self.trials(architecture) if each.user_attrs.get(ROOT, each.number) == root]

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

    def answers(self, architecture: str) -> list[FrozenTrial]:
        """The complete trials that keep all limits."""
        trials = self.trials(architecture)
        return [trial for trial in trials if trial.state is TrialState.COMPLETE and feasible(trial)]

    def best(self, architecture: str) -> tuple[int, TrialResult] | None:
        """The answer with the lowest error, the earlier one where two are equal."""
        best = min(
            self.answers(architecture), key=lambda trial: ((trial.values or [math.inf])[0], trial.number), default=None
        )
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
        trials = [trial for name in self._studies for trial in self.trials(name)]
        found = [trial.state.name for trial in trials if REFUSED not in trial.user_attrs]
        return {state.name: found.count(state.name) for state in TrialState if state is not TrialState.WAITING}

    def pruned(self, architecture: str) -> int:
        """How many trials were stopped at a rung."""
        return sum(
            trial.state is TrialState.PRUNED and ELAPSED in trial.user_attrs for trial in self.trials(architecture)
        )

    def refused(self, architecture: str) -> list[str]:
        """Why configurations were not begun, a reason each."""
        return [trial.user_attrs[REASON] for trial in self.trials(architecture) if REFUSED in trial.user_attrs]

    def decisions(self, architecture: str) -> list[tuple[int, str]]:
        """(number, why the architecture was next) of every trial begun."""
        return [
            (trial.number, trial.user_attrs[DECISION])
            for trial in self.trials(architecture)
            if DECISION in trial.user_attrs
        ]

    def elapsed(self) -> float:
        """Seconds of the run when its last trial was told."""
        told = (trial.user_attrs.get(ELAPSED, 0.0) for name in self._studies for trial in self.trials(name))
        return max(told, default=0.0)


def feasible(trial: FrozenTrial) -> bool:
    """Whether a trial keeps all limits that it was told with."""
    return all(value <= 0 for value in trial.constraints.values())
