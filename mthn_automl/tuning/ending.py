"""How a trial ends: the one place where its fate is named and what follows from it is said."""

from enum import Enum

from optuna.trial import TrialState


class Ending(Enum):
    """How an execution of a configuration ended; the journal keeps the value."""

    COMPLETE = "complete"
    """It has a result, which is an answer where it keeps all limits."""

    FAILED = "failed"
    """By a fault of the configuration, which is not tried again."""

    STOPPED = "stopped"
    """At a rung, where it was shown to be worse than others; it has no result."""

    REFUSED = "refused"
    """Before it began: its settings were tried before or would break a limit."""

    LOST = "lost"
    """With its process, after it had begun; its configuration is run again."""

    ABANDONED = "abandoned"
    """For no fault of its own, by the end of the search; its configuration is run again."""

    @property
    def uses_budget(self) -> bool:
        """Whether it counts as one of the trials that a search may have."""
        return self in (Ending.COMPLETE, Ending.FAILED, Ending.STOPPED)

    @property
    def runs_again(self) -> bool:
        """Whether another execution of the same configuration follows."""
        return self in (Ending.LOST, Ending.ABANDONED)

    @property
    def state(self) -> TrialState:
        """What Optuna's samplers and dashboard are told."""
        if self is Ending.COMPLETE:
            return TrialState.COMPLETE
        return TrialState.PRUNED if self is Ending.STOPPED else TrialState.FAIL
