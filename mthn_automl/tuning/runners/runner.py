"""What a runner is: something that runs trials and final fits, here or elsewhere, and changes nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mthn_automl.tuning.objective import Objective, SearchData
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.runners.interruption import let_interruptions_pass
from mthn_automl.tuning.search import TrialSource


class Job(Protocol):
    """A final fit: a picklable pure function of the data."""

    def __call__(self, objective: Objective) -> Any: ...


@dataclass(frozen=True)
class Failed:
    """In place of a job's value.

    Attributes:
        reason: why there is none.
    """

    reason: str


class Runner(Protocol):
    """Used as a context: entering may start processes, leaving ends all of them."""

    workers: int
    nodes: int

    def __enter__(self) -> "Runner": ...

    def __exit__(self, *error: object) -> None: ...

    def use(self, data: SearchData, plan: Plan) -> None:
        """The data and plan of all trials and jobs from now on."""

    def search(self, source: TrialSource) -> None:
        """Run trials until the source has no more, or a signal asks to stop; tell the source of each.

        At rungs the source is asked whether a trial goes on. What is overdue is ended.
        """

    def run(self, jobs: Sequence[Job], *, here: bool = False, latest: float | None = None) -> list[Any]:
        """Values of the jobs in their order; `Failed` where one raised, lost its process, or had not ended in time.

        here: in this process, for jobs that take less time than starting another. latest: when all must have ended,
        in seconds since the epoch. After a signal, what has not ended has failed.
        """


def attempt(job: Job, objective: Objective) -> Any:
    """The job's value, or the reason there is none."""
    try:
        return job(objective)
    except Exception as error:
        let_interruptions_pass(error)
        return Failed(f"{type(error).__name__}: {error}")
