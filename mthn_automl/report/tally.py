"""What was told of a phase so far, counted, as the progress display draws it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from mthn_automl.report.wording import reason_of
from mthn_automl.tuning.events import (
    Event,
    PhaseFinished,
    PhaseStarted,
    TrialAtRung,
    TrialFinished,
    TrialStarted,
    WorkersSeen,
)


@dataclass(frozen=True)
class Tally:
    """One architecture's trials so far.

    Attributes:
        done: that have an error.
        stopped: at a rung, which is no failure.
        failed: that ended otherwise.
        running: by number, the last rung that a trial was compared at; None before the first.
        best: lowest error so far.
    """

    done: int = 0
    stopped: int = 0
    failed: int = 0
    running: Mapping[int, TrialAtRung | None] = field(default_factory=dict)
    best: float | None = None

    @property
    def furthest(self) -> TrialAtRung | None:
        """The highest rung that a running trial has reached."""
        return max(filter(None, self.running.values()), key=lambda reached: reached.rung, default=None)

    def begun(self, number: int) -> Self:
        return replace(self, running={**self.running, number: None})

    def compared(self, reached: TrialAtRung) -> Self:
        """A trial that is over already is left so: a worker's word may come late."""
        if reached.number not in self.running:
            return self
        return replace(self, running={**self.running, reached.number: reached})

    def finished(self, event: TrialFinished) -> Self:
        return replace(
            self,
            done=self.done + (event.state == "COMPLETE"),
            stopped=self.stopped + (event.state == "PRUNED"),
            failed=self.failed + (event.state == "FAIL"),
            running={number: reached for number, reached in self.running.items() if number != event.number},
            best=self.best if event.best is None else event.best,
        )


@dataclass
class Seen:
    """All that was told so far.

    Attributes:
        phase: the present one; empty between two.
        started: when it began, by the clock of the display.
        seconds_left: of the time limit at that moment; None: no limit.
        tallies: by architecture, of the present phase.
        failures: by architecture and reason, how often; the last to occur stands last.
        workers: the last that were told; they outlive a phase.
    """

    phase: str = ""
    started: float = 0.0
    seconds_left: float | None = None
    tallies: dict[str, Tally] = field(default_factory=dict)
    failures: dict[tuple[str, str], int] = field(default_factory=dict)
    workers: WorkersSeen | None = None

    def take(self, event: Event, now: float) -> None:
        match event:
            case PhaseStarted(name, seconds_left):
                self.phase, self.started, self.seconds_left = name, now, seconds_left
                self.tallies, self.failures = {}, {}
            case TrialStarted(architecture, number):
                self.tallies[architecture] = self._tally(architecture).begun(number)
            case TrialAtRung(architecture):
                self.tallies[architecture] = self._tally(architecture).compared(event)
            case TrialFinished(architecture):
                self.tallies[architecture] = self._tally(architecture).finished(event)
                if event.state == "FAIL":
                    self._count_failure(architecture, reason_of(event))
            case WorkersSeen():
                self.workers = event
            case PhaseFinished():
                self.phase, self.tallies, self.failures = "", {}, {}

    def _tally(self, architecture: str) -> Tally:
        return self.tallies.get(architecture, Tally())

    def _count_failure(self, architecture: str, reason: str) -> None:
        before = self.failures.pop((architecture, reason), 0)
        self.failures[architecture, reason] = before + 1


def leader(tallies: Mapping[str, Tally]) -> str | None:
    """The architecture with the lowest error; None while there is no error."""
    best = {name: tally.best for name, tally in tallies.items() if tally.best is not None}
    return min(best, key=best.__getitem__, default=None)


def most_telling(tallies: Mapping[str, Tally], rows: int) -> list[str]:
    """As many architectures as there are rows, in their own order: the leader, those that run, then the best."""
    first = leader(tallies)

    def importance(name: str) -> tuple[bool, bool, bool, float]:
        tally = tallies[name]
        return name != first, not tally.running, tally.best is None, tally.best or 0.0

    taken = set(sorted(tallies, key=importance)[:rows])
    return [name for name in tallies if name in taken]


def together(tallies: Iterable[Tally]) -> Tally:
    """The sums of several architectures and the best of them; what runs keeps its count alone."""
    every = list(tallies)
    return Tally(
        done=sum(each.done for each in every),
        stopped=sum(each.stopped for each in every),
        failed=sum(each.failed for each in every),
        running=dict.fromkeys(range(sum(len(each.running) for each in every))),
        best=min((each.best for each in every if each.best is not None), default=None),
    )
