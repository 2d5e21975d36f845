"""What a run tells whoever watches it, as plain values; the report room decides how to show them."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """Something that the user is told.

    Attributes:
        text: a sentence.
    """

    text: str


@dataclass(frozen=True)
class PhaseStarted:
    """A phase of the run, such as `search` or `test`, begins.

    Attributes:
        name: of the phase.
        seconds_left: of the time limit; None: no limit.
    """

    name: str
    seconds_left: float | None = None


@dataclass(frozen=True)
class TrialStarted:
    """A trial begins.

    Attributes:
        architecture: its name.
        number: within the architecture's study.
    """

    architecture: str
    number: int


@dataclass(frozen=True)
class TrialAtRung:
    """A trial was compared with others at a rung, and goes on.

    Attributes:
        architecture: its name.
        number: within the architecture's study.
        rung: which one it is, counted from 1.
        rungs: how many there are.
        epoch: at which it lies.
    """

    architecture: str
    number: int
    rung: int
    rungs: int
    epoch: int


@dataclass(frozen=True)
class TrialFinished:
    """A trial is over.

    Attributes:
        architecture: its name.
        number: within the architecture's study.
        error: None where it has none, and `reason` then says why.
        best: lowest error of this architecture so far.
        seconds: wall time of the trial.
        state: as the study's journal has it: COMPLETE, FAIL or PRUNED, which is stopped at a rung.
        reason: why it has no error, or which limits it breaks; else empty.
        ending: complete, failed, stopped, lost or abandoned, as `Ending` has it.
    """

    architecture: str
    number: int
    error: float | None
    best: float | None
    seconds: float
    state: str
    reason: str = ""
    ending: str = ""


@dataclass(frozen=True)
class PhaseFinished:
    """A phase is over.

    Attributes:
        name: of the phase.
        seconds: that it took.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class WorkersSeen:
    """Who is at work.

    Attributes:
        workers: how many trials run at the same time.
        nodes: on how many machines.
    """

    workers: int
    nodes: int


Event = Said | PhaseStarted | TrialStarted | TrialAtRung | TrialFinished | WorkersSeen | PhaseFinished
Watcher = Callable[[Event], None]
