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
class TrialFinished:
    """A trial is over.

    error: None where it has none; `reason` then says why. best: lowest error of this architecture so far.
    seconds: wall time of the trial. state: as the study's journal has it, such as COMPLETE or FAIL.
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


Event = Said | PhaseStarted | TrialStarted | TrialFinished | PhaseFinished
Watcher = Callable[[Event], None]
