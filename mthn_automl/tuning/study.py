"""The study of one architecture: configurations are asked for, begun, and get their ending; the journal keeps all."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import optuna
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, Trial

from mthn_automl.errors import RunError
from mthn_automl.tuning.criteria import NO_LIMITS, Limits, values_of
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.front import Front
from mthn_automl.tuning.history import History
from mthn_automl.tuning.journal import Journal
from mthn_automl.tuning.lowest import LowestErrors
from mthn_automl.tuning.record import ASKED, BEGUN, ENDED, TrialRecord
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.samplers.parts.asking import suggested
from mthn_automl.tuning.samplers.parts.sampler import Draw
from mthn_automl.tuning.seeds import derive_seed
from mthn_automl.tuning.space import SearchSpace

MAXIMUM_RETRIES = 3
SPACE = "space"

Settings = Mapping[str, Any]


class Study:
    """All trials of one architecture, in memory and in the journal, which is written first.

    Attributes:
        name: of the architecture.
        records: of all trials, by number.
        best: the answer with the lowest error, the earlier one where two are equal; None while there is no answer.
        errors: of the answers, in the order of their numbers.
        front: answers that no other answer of the study beats in every objective.
    """

    def __init__(
        self,
        journal: Journal,
        storage: JournalStorage,
        space: SearchSpace,
        *,
        seed: int,
        sampler: str = "tpe",
        objectives: Sequence[str] = ("error",),
        limits: Limits = NO_LIMITS,
        warm: Sequence[Settings] = (),
    ) -> None:
        """journal, storage: as opened by the one process that may write. seed: of the search. sampler: its name.

        objectives: their names, the error first. limits: that answers must keep. warm: settings to begin with, before
        the starting points of the space.
        """
        self.name, self.space, self.seed, self.sampler = space.name, space, seed, sampler
        self.objectives, self.limits = tuple(objectives), limits
        self.records: list[TrialRecord] = []
        self.best: TrialRecord | None = None
        self.errors, self.front = LowestErrors(), Front()
        self._counts: Counter[Ending | None] = Counter()
        self._starts: dict[int | str, Settings] = {
            **{f"warm {index}": start for index, start in enumerate(warm)},
            **dict(enumerate(space.starts)),
        }
        self._to_repeat: list[int] = []
        self._first_with: dict[frozenset[tuple[str, Any]], int] = {}
        self._executions: dict[int, list[int]] = {}
        self._distributions = {each.name: each.distribution for each in space.parameters}
        self._history = History(lambda record: record.frozen(self._distributions))
        self._journal, self._storage = journal, storage
        self._open()

    def _open(self) -> None:
        self._study = optuna.create_study(
            storage=self._storage,
            sampler=RandomSampler(),  # suggests nothing: see `suggested`
            study_name=self.name,
            directions=["minimize"] * len(self.objectives),
            load_if_exists=True,
        )
        self._study_id = self._storage.get_study_id_from_name(self.name)
        self._check_space()
        for trial in self._study.get_trials(deepcopy=False):
            record = self._read(trial)
            self._note(replace(record, ending=None))
            if record.ending is not None:
                self._note(record)

    def _check_space(self) -> None:
        stored, now = self._study.user_attrs.get(SPACE), self.space.fingerprint()
        if stored is None:
            self._study.set_user_attr(SPACE, now)
            return
        changed = sorted(name for name in {*stored, *now} if stored.get(name) != now.get(name))
        if changed:
            raise RunError(
                f"The search space of '{self.name}' must be the one this run began with, however parameter "
                f"'{changed[0]}' has changed; start a new run, or restore its search space file"
                f"{' or shared/training.toml' if changed[0] in self.space.training_names else ''}."
            )

    def _read(self, trial: FrozenTrial) -> TrialRecord:
        written = {*ASKED, *(ENDED if trial.state.is_finished() else ())}
        if not written <= trial.user_attrs.keys():
            raise RunError(
                f"The journal must hold what this version writes of a trial, however trial {trial.number} of "
                f"'{self.name}' lacks some of it; put back a copy of the journal, or start a new run."
            )
        record = TrialRecord.of(self.name, trial, self._seed_of)
        if not self.space.holds(record.settings):
            raise ValueError(f"trial {trial.number} of '{self.name}' has settings beyond its search space")
        return record

    def _seed_of(self, root: int) -> int:
        return derive_seed(self.seed, self.name, "trial", root)

    def _note(self, record: TrialRecord) -> None:
        """Take over a record that is new or has changed: all that is asked of a study is kept up here."""
        if record.number == len(self.records):
            self._note_new(record)
        self.records[record.number] = record
        self._history.note(record)
        if record.ending is None:
            return
        self._counts[None] -= 1
        self._counts[record.ending] += 1
        if record.ending.runs_again:
            self._to_repeat.append(record.number)
        key = _key(record.settings)
        if record.ending is Ending.REFUSED and self._first_with[key] == record.number:
            del self._first_with[key]
        if record.is_answer:
            self._note_answer(record)

    def _note_new(self, record: TrialRecord) -> None:
        self.records.append(record)
        self._counts[None] += 1
        if record.start is not None:
            self._starts.pop(record.start, None)
        if record.repeats is not None:
            self._to_repeat.remove(record.repeats)
        self._executions.setdefault(record.root, []).append(record.number)
        self._first_with.setdefault(_key(record.settings), record.number)

    def _note_answer(self, record: TrialRecord) -> None:
        self.errors.add(record.number, record.values[0])
        self.front.add(record.number, record.values)
        if self.best is None or (record.values[0], record.number) < (self.best.values[0], self.best.number):
            self.best = record

    def _given(self) -> Settings | None:
        """Settings of the next trial; None: they are to be sampled."""
        if self._starts:
            return next(iter(self._starts.values()))
        return self.records[self._to_repeat[0]].settings if self._to_repeat else None

    @property
    def next_training(self) -> Settings:
        """Settings of the training of the next trial, as far as they are known before it is asked for."""
        given = self._given()
        return {} if given is None else self.space.split(given)[1]

    def ask(self, decision: str = "") -> TrialRecord:
        """Begin the next trial: a starting point, one that is to run again, or one whose settings are sampled.

        decision: why this architecture is next, kept with the trial.
        """
        number, given = len(self.records), self._given()
        start = next(iter(self._starts), None)
        repeated = self.records[self._to_repeat[0]] if start is None and self._to_repeat else None
        settings = self._suggested(number, given)
        root = number if repeated is None else repeated.root
        record = TrialRecord(
            architecture=self.name,
            number=number,
            settings=settings,
            seed=self._seed_of(root),
            root=root,
            repeats=None if repeated is None else repeated.number,
            losses=0 if repeated is None else repeated.losses + (repeated.ending is Ending.LOST),
            start=start if repeated is None else repeated.start,
            decision=decision,
        )
        self._study.add_trial(record.frozen(self._distributions))
        if not {*ASKED} <= self._storage.get_trial(self._trial_id(number)).user_attrs.keys():
            raise RunError(
                f"Nobody but the search may add trials to its journal, however another process has added one of "
                f"'{self.name}'; put back a copy of the journal, or start a new run."
            )
        self._note(record)
        return record

    def _suggested(self, number: int, given: Settings | None) -> dict[str, Any]:
        """The seed depends on how many trials were asked for before, those apart that run again."""
        before = number - self._counts[Ending.LOST] - self._counts[Ending.ABANDONED]
        draw = Draw(
            study_seed=derive_seed(self.seed, self.name),
            trial_seed=derive_seed(self.seed, self.name, before),
            sampled=self._history.sampled,
            parameters=tuple(self._history.parameters),
        )
        return suggested(
            self.sampler,
            self.space,
            draw,
            self.shown(),
            number=number,
            objectives=len(self.objectives),
            given=given,
        )

    def shown(self) -> Sequence[FrozenTrial]:
        """The trials that a sampler is shown, as Optuna has them."""
        return self._history.shown(self.front.values if len(self.objectives) > 1 else ())

    def begin(self, number: int) -> None:
        """A worker has set to work on a trial."""
        with self._journal.later():
            self._storage.set_trial_user_attr(self._trial_id(number), BEGUN, True)
        self._note(replace(self.records[number], begun=True))

    def complete(self, number: int, result: TrialResult, seconds: float) -> str:
        """Record a result; one without a finite error is a failure. seconds: of the run so far.

        Returns:
            Why it is no answer: a failure, or limits that it breaks; empty where nothing stands against it.
        """
        values = tuple(values_of(result, self.objectives))
        if not all(map(math.isfinite, values)):
            reason = f"The error is {result.error}, which is no finite number."
            self.fail(number, reason, seconds)
            return reason
        measured = result.size, result.predict_us_per_row
        excess = self.limits.excess(*measured)
        self._end(number, Ending.COMPLETE, seconds=seconds, result=result, values=values, excess=excess)
        return self.limits.broken(*measured)

    def fail(self, number: int, reason: str, seconds: float) -> None:
        """Record a failure of the configuration itself; it is not tried again."""
        self._end(number, Ending.FAILED, seconds=seconds, reason=reason)

    def stop(self, number: int, epoch: int, error: float, reason: str, seconds: float) -> None:
        """Record a trial that was stopped at a rung, with what it showed there."""
        shown = (epoch, error) if len(self.objectives) == 1 else None  # of several Optuna keeps no values on the way
        self._end(number, Ending.STOPPED, seconds=seconds, reason=reason, shown=shown)

    def refuse(self, number: int, reason: str, excess: Mapping[str, float]) -> None:
        """Record a configuration that is not begun: no budget is used.

        excess: by limit, how far above it; above 0 where it is broken, which samplers learn from. Where it is empty
        they are to learn nothing.
        """
        self._end(number, Ending.REFUSED, seconds=0.0, reason=reason, excess=excess)

    def lose(self, number: int, reason: str, seconds: float) -> None:
        """Record that a trial's process was lost; it runs again, at most three times.

        The fourth loss is a failure of the configuration: models that end their process each time would otherwise
        never use up a budget of trials.
        """
        losses = self.records[number].losses + 1
        if losses > MAXIMUM_RETRIES:
            self.fail(number, f"{reason}, {losses} times", seconds)
        else:
            self._end(number, Ending.LOST, seconds=seconds, reason=reason)

    def abandon(self, number: int, reason: str, seconds: float) -> None:
        """Record that a trial was given up for no fault of its own; it runs again."""
        self._end(number, Ending.ABANDONED, seconds=seconds, reason=reason)

    def _end(self, number: int, ending: Ending, **found: Any) -> None:
        """The journal has all of the end before the trial's state says that it is over."""
        record, trial_id = self.records[number].ended(ending, **found), self._trial_id(number)
        with self._journal.held():
            with self._journal.later():
                for name, value in record.end().items():
                    self._storage.set_trial_user_attr(trial_id, name, value)
                if record.excess:
                    trial = Trial(self._study, trial_id)
                    for name, value in record.excess.items():
                        trial.set_constraint(name, value)
                if record.shown is not None:
                    self._storage.set_trial_intermediate_value(trial_id, *record.shown)
            self._storage.set_trial_state_values(trial_id, record.state, record.values or None)
        self._note(record)

    def _trial_id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)

    def first_with_settings_of(self, record: TrialRecord) -> int | None:
        """The number of an earlier trial with the same settings; None for the first one, and for one run again."""
        first = self._first_with[_key(record.settings)]
        return None if record.repeats is not None or first == record.number else first

    def executions(self, root: int) -> Sequence[int]:
        """Numbers of a trial's executions, the first among them."""
        return self._executions[root]

    def ended(self, ending: Ending) -> list[TrialRecord]:
        """The trials that ended so, by number."""
        return [record for record in self.records if record.ending is ending]

    def reasons(self, ending: Ending) -> list[str]:
        """Why trials ended so, one each."""
        return [record.reason for record in self.ended(ending)]

    @property
    def answers(self) -> list[TrialRecord]:
        """The complete trials that keep all limits."""
        return [record for record in self.records if record.is_answer]

    def count(self, ending: Ending) -> int:
        """How many trials ended so."""
        return self._counts[ending]

    @property
    def budget_used(self) -> int:
        """Trials that ended by their own doing, well or badly; what runs again does not count."""
        return sum(self._counts[ending] for ending in Ending if ending.uses_budget)


def _key(settings: Settings) -> frozenset[tuple[str, Any]]:
    """Equal for equal settings; a choice may be a list."""
    return frozenset((name, repr(value) if isinstance(value, list) else value) for name, value in settings.items())
