"""When a search begins no more trials."""

from collections.abc import Callable
from dataclasses import dataclass

from mthn_automl.tuning.allocation import FIRST_ROUNDS


@dataclass(frozen=True)
class Budget:
    """What the trials of all architectures together may take.

    Attributes:
        trials: how many; None: no limit.
        ends: asked before each trial for the moment at which the search must be over, in seconds since the epoch, None
            for never; it may move as trials show what the final fits will take.
        rounds: trials that every architecture gets first.
        timeout: seconds after which any trial is ended and has failed; None: never.
    """

    trials: int | None
    ends: Callable[[], float | None]
    rounds: int = FIRST_ROUNDS
    timeout: float | None = None
