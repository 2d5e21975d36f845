"""Between Tune and the source of trials: a searcher that hands them over, and a stopper that asks at rungs."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import ray
from ray import tune
from ray.tune.search import Searcher

from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.trial import Trial

GRACE = 5.0
"""Seconds that a trial may go on past its deadline, which it is to keep itself, before its process is ended."""


@dataclass
class Live:
    """A trial that Tune has.

    Attributes:
        trial: what the source handed over.
        began: when its work did, in seconds since the epoch.
        worker: the handle of the actor that runs it.
    """

    trial: Trial
    began: float | None = None
    worker: Any = None


class Link:
    """Trials that Tune has, by the names that it gave them, and what the source says to each.

    Attributes:
        live: trials that Tune has and that are not over, by Tune's name.
        broken: what the source raised, such as a full disk; the search ends then, and the error is raised after it.
        over: no trial is begun any more, and those that run are ended.
    """

    def __init__(self, source: TrialSource, interruption: Interruption) -> None:
        self.source, self.interruption = source, interruption
        self.live: dict[str, Live] = {}
        self.broken: BaseException | None = None
        self.over = False

    def next(self, trial_id: str) -> Trial | None:
        """The next trial, noted under Tune's name; None where there is none now."""
        if self.stopping():
            return None
        trial: Trial | None = self._guarded(self.source.next, None)
        if trial is not None:
            self.live[trial_id] = Live(trial)
        return trial

    def stopping(self) -> bool:
        """Whether all ends now; trials that have begun end by themselves when the time is up, or are ended."""
        begun = any(live.began is not None for live in self.live.values())
        return (
            self.over
            or self.interruption.pending
            or self.broken is not None
            or (not begun and bool(self._guarded(self.source.out_of_time, True)))
        )

    def reported(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether the trial ends with this report."""
        live = self.live.get(trial_id)
        if live is None:
            return False
        if "worker" in result:
            live.began, live.worker = time.time(), result["worker"][0]
            self._guarded(partial(self.source.began, live.trial), None)
        if "rung" not in result:
            return False
        return bool(self._guarded(lambda: self.source.at_rung(live.trial, result["rung"]), True))

    def ended(self, trial_id: str, result: dict[str, Any] | None) -> None:
        """A trial is over, with an outcome or without."""
        live = self.live.pop(trial_id, None)
        if live is None:
            return
        outcome = (result or {}).get("outcome")
        if outcome is None:
            self._guarded(lambda: self.source.lost(live.trial, "the worker process ended before the trial did"), None)
        else:
            self._guarded(lambda: self.source.finished(live.trial, outcome), None)

    def end_overdue(self) -> None:
        """End the processes of trials that have taken too long."""
        for live in self.live.values():
            if (
                live.began is not None
                and live.worker is not None
                and self._guarded(partial(self._is_late, live), False)
            ):
                self._guarded(partial(self.source.overdue, live.trial), None)
                _kill(live)

    def _is_late(self, live: Live) -> bool:
        latest = self.source.latest(live.trial, live.began or math.inf, GRACE)
        return latest is not None and time.time() > latest

    def end_all(self) -> None:
        """Give up what is running; its processes are busy and would not end by being asked."""
        self.over = True
        for live in self.live.values():
            _kill(live)

    def _guarded(self, call: Callable[[], Any], otherwise: Any) -> Any:
        """Tune would hide or reword what the source raises."""
        try:
            return call()
        except Exception as error:
            self.broken = self.broken or error
            return otherwise


def _kill(live: Live) -> None:
    if live.worker is not None:
        ray.kill(live.worker)
        live.worker = None


class StudySearcher(Searcher):  # type: ignore[misc]
    """Hands Tune the trials of a source, and the source the outcomes."""

    def __init__(self, link: Link) -> None:
        super().__init__(metric="error", mode="min")
        self.link: Link | None = link

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher; files and locks stay out of that."""
        return {**self.__dict__, "link": None}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        assert self.link is not None
        trial = self.link.next(trial_id)
        if trial is None:
            return None if self.link.live else str(Searcher.FINISHED)
        return {"trial": trial}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        if self.link is not None:
            self.link.ended(trial_id, None if error else result)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the studies are the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the studies are the state."""


class RungStopper(tune.Stopper):  # type: ignore[misc]
    """Ends trials at rungs, and the whole experiment when it is to stop."""

    def __init__(self, link: Link) -> None:
        self.link: Link | None = link

    def __getstate__(self) -> dict[str, Any]:
        return {"link": None}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return self.link is not None and self.link.reported(trial_id, result)

    def stop_all(self) -> bool:
        if self.link is None:
            return False
        if self.link.stopping() and not self.link.over:
            self.link.end_all()
        return self.link.over


class Watchdog(tune.Callback):  # type: ignore[misc]
    """Looks at the clock of every trial about ten times a second, in the thread of Tune's own loop."""

    def __init__(self, link: Link) -> None:
        self.link: Link | None = link

    def __getstate__(self) -> dict[str, Any]:
        return {"link": None}

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        if self.link is not None:
            self.link.end_overdue()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Tune keeps last results in files; handles and losses have been taken out by then."""
        result.pop("worker", None)
        result.pop("rung", None)
