"""What a run tells whoever watches it, as plain values; the report room decides how to show them."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """A sentence for the user."""

    text: str


@dataclass(frozen=True)
class PhaseStarted:
    """A phase of the run, such as `search` or `refit`, begins; it may take `seconds_left`, None for no limit."""

    name: str
    seconds_left: float | None = None


@dataclass(frozen=True)
class TrialStarted:
    """A trial begins; `number` counts within the architecture's study."""

    architecture: str
    number: int


@dataclass(frozen=True)
class TrialAtRung:
    """A trial was compared at a rung, which is the `rung`-th of `rungs`, and goes on."""

    architecture: str
    number: int
    rung: int
    rungs: int
    epoch: int


@dataclass(frozen=True)
class TrialFinished:
    """A trial is over.

    error: None where it has none; `reason` then says why. best: lowest error of this architecture so far.
    seconds: wall time of the trial. state: as the study's journal has it: COMPLETE, FAIL, or PRUNED, which has a reason
    and no error; a trial that broke a constraint is COMPLETE, with a reason beside its error.
    """

    architecture: str
    number: int
    error: float | None
    best: float | None
    seconds: float
    state: str
    reason: str = ""


@dataclass(frozen=True)
class PhaseFinished:
    """A phase is over after so many seconds."""

    name: str
    seconds: float


@dataclass(frozen=True)
class WorkersSeen:
    """How many workers there are, and on how many nodes they run."""

    workers: int
    nodes: int


Event = Said | PhaseStarted | TrialStarted | TrialAtRung | TrialFinished | WorkersSeen | PhaseFinished
Watcher = Callable[[Event], None]
