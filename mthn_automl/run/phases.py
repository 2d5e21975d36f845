"""The phases between a split and the answer: search, refit, ablation. Each asks a runner and knows the clock."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from mthn_automl.analysis.ablation import ablation_table, empty_ablation
from mthn_automl.catalogue import SpaceFile
from mthn_automl.tuning.allocation import CHAMPION
from mthn_automl.tuning.clock import TABLES_AND_FIGURES, Clock, ablation_seconds, equal_share, refit_seconds, reserve
from mthn_automl.tuning.events import Said, Watcher
from mthn_automl.tuning.final import MOST_GRACE, VARIANTS, AblationFit, Refit, Refitted
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.runners.runner import Failed, Runner
from mthn_automl.tuning.seeds import derive_seed
from mthn_automl.tuning.studies import Studies

LEAST_SECONDS = 5.0
REFIT_SHARE = 0.85
"""Refits are bounded by their epochs; a model cut short is worse than an ablation left out."""

WORTHWHILE = 0.3
"""An ablation fit that gets less than this share of what it needs would say nothing about the metadata."""


class Phases:
    """The final fits of one run, within what is left of its time.

    `start_seconds`: what a fresh worker takes to start, once the search has measured it.
    """

    def __init__(
        self,
        studies: Studies,
        files: dict[str, SpaceFile],
        plan: Plan,
        clock: Clock,
        watch: Watcher,
        interruption: Interruption,
        *,
        ablate: bool,
    ) -> None:
        self.studies, self.files, self.plan, self.clock, self.watch = studies, files, plan, clock, watch
        self.interruption = interruption
        self.ablate = ablate and CHAMPION in files
        self.start_seconds = 0.0

    def search_ends(self, workers: int, start_seconds: float) -> float | None:
        """When the search must be over so that what follows, in fresh workers, fits into the time limit."""
        ends, share = self.clock.ends(), self.clock.share()
        if ends is None or share is None:
            return None
        best = self._best()
        ablated = best.get(CHAMPION) if self.ablate else None
        fits = sum(refit_seconds(each, self.plan.networks) for each in best.values())
        return ends - reserve(share, fits, ablated, workers, start_seconds)

    def _best(self) -> dict[str, TrialResult]:
        found = {name: study.best for name, study in self.studies.items()}
        return {name: record.result for name, record in found.items() if record is not None and record.result}

    def refit(self, runner: Runner) -> dict[str, Refitted | Failed]:
        """A model of every architecture that has an answer, in the order of their cross-validated errors.

        After a signal, the best alone. Where the best gave none in time, it is tried again with one network, and
        then the next best, until there is a model.
        """
        best = self._best()
        names = sorted(best, key=lambda name: best[name].error)
        found = {} if self.interruption.number is not None else self._refit_all(runner, names, best)
        self.interruption.acted_upon()
        for name in names:
            if isinstance(found.get(name), Refitted):
                break
            soon = time.time() + MOST_GRACE
            job = Refit(self.configuration(name), best[name].best_epochs, 1, soon, refit_seconds(best[name], 1))
            found[name] = runner.run([job], here=True, latest=soon + 2 * MOST_GRACE)[0]
            if isinstance(found[name], Refitted):
                break
        return {name: found[name] for name in names if name in found}

    def _refit_all(
        self, runner: Runner, names: Sequence[str], best: Mapping[str, TrialResult]
    ) -> dict[str, Refitted | Failed]:
        seconds = self._seconds()
        expected = {name: refit_seconds(best[name], self.plan.networks) for name in names}
        wanted = sum(expected.values())
        networks = self._affordable(self.plan.networks, seconds, wanted / runner.workers)
        deadline = None if seconds is None else time.time() + REFIT_SHARE * seconds
        jobs = [
            Refit(self.configuration(name), best[name].best_epochs, networks, deadline, expected[name])
            for name in names
        ]
        here = self._quicker_here(wanted, runner)
        latest = None if seconds is None else time.time() + seconds
        return dict(zip(names, runner.run(jobs, here=here, latest=latest), strict=True))

    def _quicker_here(self, wanted: float, runner: Runner) -> bool:
        """Whether fits of so many seconds are done sooner in this process than by workers that must start first."""
        return wanted < self.start_seconds + wanted / runner.workers

    def _seconds(self) -> float | None:
        """The time left before tables and figures; never nothing, since a model must come out."""
        left = self.clock.left()
        return None if left is None else max(LEAST_SECONDS, left - TABLES_AND_FIGURES)

    def _affordable(self, networks: int, seconds: float | None, wanted: float) -> int:
        """How many of the networks, which would take `wanted` seconds, fit into the time."""
        return networks if seconds is None or wanted <= seconds else max(1, int(networks * seconds / wanted))

    def configuration(self, name: str) -> Configuration:
        """The best configuration of an architecture, with the seed its trial had."""
        best = self.studies[name].best
        assert best is not None
        settings, training = self.studies[name].space.split(best.settings)
        return Configuration(
            self.files[name], settings, training, derive_seed(self.studies.seed, name, "final", best.number)
        )

    def ablation(self, runner: Runner, test_share: float) -> pd.DataFrame:
        """The table of `ablation.csv` for the best hypernetwork; empty, and said, where it could not be measured."""
        best = self._best().get(CHAMPION)
        if not self.ablate or best is None or self.interruption.number is not None:
            return empty_ablation()
        here = self._quicker_here(len(VARIANTS) * ablation_seconds(best), runner)
        workers = 1 if here else runner.workers
        wanted = len(VARIANTS) * ablation_seconds(best) / workers
        seconds = self._seconds()
        if seconds is not None and seconds < WORTHWHILE * wanted / self.plan.seeds:
            self.watch(Said("The metadata ablation was left out: too little of the time limit was left for it."))
            return empty_ablation()
        schedule = replace(self.plan.schedule, rungs=())
        plan = replace(self.plan, seeds=self._affordable(self.plan.seeds, seconds, wanted), schedule=schedule)
        limit = equal_share(seconds, len(VARIANTS), workers)
        configuration = self.configuration(CHAMPION)
        jobs = [AblationFit(each, configuration, plan, limit) for each in VARIANTS]
        latest = None if seconds is None else time.time() + max(seconds, LEAST_SECONDS) + TABLES_AND_FIGURES
        results = dict(zip(VARIANTS, runner.run(jobs, here=here, latest=latest), strict=True))
        self.interruption.acted_upon()
        failed = {name: each.reason for name, each in results.items() if isinstance(each, Failed)}
        for name, reason in failed.items():
            self.watch(Said(f"The ablation variant {name} failed: {reason}"))
        if "both" in failed:
            return empty_ablation()
        stopped = [name for name, each in results.items() if name not in failed and each.stopped_by_time]
        if stopped:
            self.watch(Said(f"The time limit stopped these ablation fits before they were done: {', '.join(stopped)}."))
        errors = {name: np.array(each.member_errors) for name, each in results.items() if name not in failed}
        return ablation_table(CHAMPION, errors, test_share)
