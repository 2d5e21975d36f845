"""What is known of one trial, from the moment it is asked for; the journal's record of it, in memory."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from mthn_automl.received import typed
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.results import TrialResult

ASKED = ("root", "repeats", "losses", "start", "decision")
BEGUN = "begun"
ENDED = ("result", "reason", "seconds", "ending")
"""The attributes of a trial in the journal: from its beginning, once a worker has set to work, and from its end."""


@dataclass(frozen=True)
class TrialRecord:
    """One execution of a configuration. It runs until it has an ending.

    Attributes:
        architecture: name of its study.
        number: within the study, from 0.
        settings: of the architecture and of its training.
        seed: from which everything random in it follows.
        root: number of the first execution of the same trial, which may be its own.
        repeats: number of the execution that it repeats; None: of none.
        losses: earlier executions that were lost with their processes.
        start: which starting point it is, as `Study` numbers them; None: its settings were sampled.
        decision: why its architecture was next.
        begun: whether a worker has set to work; one that was only handed out is not to blame for a lost process.
        ending: None while it runs.
        reason: for an ending other than a result.
        seconds: of the run, when it ended.
        result: of a complete trial.
        values: one an objective, of a complete trial.
        excess: by limit, by how many times the trial is above it; not above 0 where the limit is kept.
        shown: (epoch, error) at the rung where it was stopped.
    """

    architecture: str
    number: int
    settings: Mapping[str, Any]
    seed: int
    root: int
    repeats: int | None = None
    losses: int = 0
    start: int | str | None = None
    decision: str = ""
    begun: bool = False
    ending: Ending | None = None
    reason: str = ""
    seconds: float = 0.0
    result: TrialResult | None = None
    values: tuple[float, ...] = ()
    excess: Mapping[str, float] = field(default_factory=dict)
    shown: tuple[int, float] | None = None

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.number}"

    @property
    def running(self) -> bool:
        return self.ending is None

    @property
    def sampled(self) -> bool:
        """Whether a sampler chose its settings: neither a starting point nor another execution of a trial."""
        return self.start is None and self.repeats is None

    @property
    def is_answer(self) -> bool:
        """Whether it is complete and keeps all limits."""
        return self.ending is Ending.COMPLETE and all(value <= 0 for value in self.excess.values())

    @property
    def state(self) -> TrialState:
        """As Optuna counts it. Samplers learn from a configuration that was refused for a limit, as from a bad one."""
        if self.ending is None:
            return TrialState.RUNNING
        return TrialState.PRUNED if self.ending is Ending.REFUSED and self.excess else self.ending.state

    def ended(self, ending: Ending, *, seconds: float, reason: str = "", **found: Any) -> "TrialRecord":
        """The record of a running trial that ends so: the one door through which a trial gets its ending.

        Args:
            seconds: of the run so far. found: `result`, `values`, `excess` and `shown`, as the ending has them.

        Raises:
            RuntimeError: it has ended before, or what is given does not go with the ending.
        """
        if self.ending is not None:
            raise RuntimeError(f"{self.name} must be running to be {ending.value}, however it is {self.ending.value}.")
        if ending is Ending.REFUSED and self.begun:
            raise RuntimeError(f"{self.name} must not have begun to be refused, however a worker is at work on it.")
        after = replace(self, ending=ending, seconds=seconds, reason=reason, **found)
        complete = after.result is not None and bool(after.values) and all(map(math.isfinite, after.values))
        if complete is not (ending is Ending.COMPLETE) or (not complete and not reason):
            raise RuntimeError(f"{self.name} must have finite values to be complete, and else a reason to be another.")
        return after

    def frozen(self, distributions: Mapping[str, BaseDistribution]) -> FrozenTrial:
        """As a sampler is shown it."""
        trial = create_trial(
            state=self.state,
            values=list(self.values) if self.ending is Ending.COMPLETE else None,
            params=dict(self.settings),
            distributions={name: distributions[name] for name in self.settings},
            user_attrs={name: getattr(self, name) for name in ASKED},
            intermediate_values=dict([self.shown]) if self.shown is not None else {},
            constraints=dict(self.excess),
        )
        trial.number = self.number
        return trial

    def end(self) -> dict[str, Any]:
        """What the journal keeps of the end, by attribute."""
        assert self.ending is not None
        result = None if self.result is None else self.result.to_json()
        return dict(zip(ENDED, (result, self.reason, self.seconds, self.ending.value), strict=True))

    @classmethod
    def of(cls, architecture: str, trial: FrozenTrial, seed: Callable[[int], int]) -> "TrialRecord":
        """The record that a journal holds. seed: of a trial, by its root.

        Raises:
            ValueError, KeyError: the journal says what no trial can be.
        """
        asked = typed(trial.user_attrs, _Asked)
        if not 0 <= asked.root <= trial.number:
            raise ValueError(f"trial {trial.number} cannot be an execution of trial {asked.root}")
        record = cls(
            architecture=architecture,
            number=trial.number,
            settings=dict(trial.params),
            seed=seed(asked.root),
            begun=BEGUN in trial.user_attrs,
            **vars(asked),
        )
        if not trial.state.is_finished():
            return record
        ended = typed(trial.user_attrs, _Ended)
        return record.ended(
            ended.ending,
            seconds=ended.seconds,
            reason=ended.reason,
            result=None if ended.result is None else TrialResult.from_json(ended.result),
            values=tuple(trial.values or ()),
            excess=typed(trial.constraints, dict[str, float]),
            shown=next(iter(trial.intermediate_values.items()), None),
        )


@dataclass(frozen=True)
class _Asked:
    """What `ASKED` names, as `TrialRecord` has it."""

    root: int
    repeats: int | None
    losses: int
    start: int | str | None
    decision: str


@dataclass(frozen=True)
class _Ended:
    """What `ENDED` names, as `TrialRecord` has it."""

    result: dict[str, Any] | None
    reason: str
    seconds: float
    ending: Ending
