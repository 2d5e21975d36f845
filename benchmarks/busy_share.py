"""How much of two workers' time a search spends in training once the first result is there."""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from figures import Found
from measuring import Spread

from mthn_automl import search
from mthn_automl.data.problems import gapminder
from mthn_automl.tuning.events import Event, PhaseFinished, TrialFinished, TrialStarted

WORKERS = 2
SEARCH = {"architectures": "all", "trials": 100, "folds": 1, "seeds": 1}
QUICK = {"architectures": "ridge,kernel_ridge", "trials": 6, "folds": 2, "seeds": 1}


@dataclass
class Watch:
    """When each trial began and ended, as told while the search goes on, and how long it says it took."""

    begun: dict[tuple[str, int], float] = field(default_factory=dict)
    ended: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)
    over: float = 0.0

    def __call__(self, event: Event) -> None:
        now = time.time()
        if isinstance(event, TrialStarted):
            self.begun[event.architecture, event.number] = now
        elif isinstance(event, TrialFinished):
            self.ended[event.architecture, event.number] = now, event.seconds
        elif isinstance(event, PhaseFinished) and event.name == "search":
            self.over = now

    def found(self) -> dict[str, float]:
        """strict: of trials that begin after the first result. overlap: also the rest of those under way then."""
        first, last = min(now for now, _ in self.ended.values()), max(now for now, _ in self.ended.values())
        offered = WORKERS * (self.over - first)
        strict = sum(took for trial, (_, took) in self.ended.items() if self.begun[trial] >= first)
        overlap = sum(max(0.0, now - max(first, now - took)) for now, took in self.ended.values())
        return {
            "strict": strict / offered,
            "overlap": overlap / offered,
            "trials": len(self.ended),
            "seconds_to_the_first_result": first - min(self.begun.values()),
            "seconds_from_the_first_result": self.over - first,
            "seconds_after_the_last_result": self.over - last,
            **self._gaps(),
        }

    def _gaps(self) -> dict[str, float]:
        """Seconds that pass between being told of a trial and its end, beyond what it says it took."""
        gaps = sorted(now - self.begun[trial] - took for trial, (now, took) in self.ended.items())[: -2 * WORKERS]
        return {"seconds_around_a_trial": gaps[len(gaps) // 2] if gaps else 0.0}


def search_busy_share(quick: bool) -> Found:
    """A search of 100 trials on gapminder; only trials that begin after the first result are counted as training."""
    data, meta = gapminder()
    chosen: dict[str, Any] = QUICK if quick else SEARCH
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "run"
        search(data, meta, runner="ray", workers=WORKERS, no_ablation=True, output=output, progress=watch, **chosen)
    found = watch.found()
    return Found.of(Spread.of([found["strict"]]), {**found, "search": chosen, "workers": WORKERS, "rounds": 1})
