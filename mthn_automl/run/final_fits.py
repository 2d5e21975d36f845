"""The final fits of a run, within what is left of its time: refits of the best configurations, and the ablation."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.analysis.ablation import ablation_table, empty_ablation
from mthn_automl.analysis.sealed import SealedErrors, score
from mthn_automl.data.dataset import FloatArray
from mthn_automl.run.run import Run
from mthn_automl.tuning.allocation import CHAMPION
from mthn_automl.tuning.clock import TABLES_AND_FIGURES, ablation_seconds, equal_share, refit_seconds, reserve
from mthn_automl.tuning.final import MOST_GRACE, VARIANTS, AblationFit, Refit, Refitted
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.runners.runner import Failed
from mthn_automl.tuning.seeds import derive_seed

LEAST_SECONDS = 5.0
REFIT_SHARE = 0.85
"""Refits are bounded by their epochs; a model cut short is worse than an ablation left out."""

WORTHWHILE = 0.3
"""An ablation fit that gets less than this share of what it needs would say nothing about the metadata."""

Best = tuple[int, TrialResult]
"""Number and result of an architecture's best trial."""

Fitted = Mapping[str, Refitted | Failed]
"""What became of the refit of each architecture."""

Tested = Mapping[str, tuple[SealedErrors, FloatArray]]
"""The errors of each architecture's model on the sealed rows, and its predictions, (rows, outputs)."""


def search_ends(run: Run) -> float | None:
    """When the search must be over so that what follows, in fresh workers, fits into the time limit.

    In seconds since the epoch; it moves as trials show what the final fits will take.
    """
    ends, share = run.clock.ends(), run.clock.share()
    if ends is None or share is None:
        return None
    best = {name: result for name, (_, result) in run.best().items()}
    ablated = best.get(CHAMPION) if _ablates(run) else None
    fits = sum(refit_seconds(each, run.plan.networks) for each in best.values())
    return ends - reserve(share, fits, ablated, run.runner.workers, run.worker_start.seconds)


def _ablates(run: Run) -> bool:
    has_metadata = run.data.dataset.tasks.metadata is not None
    return not run.options.no_ablation and has_metadata and CHAMPION in run.files


def refit(run: Run) -> Fitted:
    """A model of every architecture that has an answer, in the order of their cross-validated errors.

    After a signal, the best alone. Where the best gave none in time, it is tried again with one network, and then
    the next best, until there is a model.
    """
    best = run.best()
    names = sorted(best, key=lambda name: best[name][1].error)
    fitted = {} if run.interruption.number is not None else _refit_all(run, names, best)
    run.interruption.acted_upon()
    for name in names:
        if not isinstance(fitted.get(name), Refitted):
            fitted[name] = _refit_soon(run, name, best[name])
        if isinstance(fitted[name], Refitted):
            break
    cut = [name for name, each in fitted.items() if isinstance(each, Refitted) and each.stopped_by_time]
    if cut:
        run.say(f"The time limit cut these refits short, which their test errors show: {', '.join(cut)}.")
    return {name: fitted[name] for name in names if name in fitted}


def _refit_all(run: Run, names: Sequence[str], best: Mapping[str, Best]) -> dict[str, Refitted | Failed]:
    seconds = _seconds(run)
    expected = {name: refit_seconds(best[name][1], run.plan.networks) for name in names}
    wanted = sum(expected.values())
    networks = _affordable(run.plan.networks, seconds, wanted / run.runner.workers)
    deadline = None if seconds is None else time.time() + REFIT_SHARE * seconds
    jobs = [_refit(run, name, best[name], networks, deadline, expected[name]) for name in names]
    latest = None if seconds is None else time.time() + seconds
    return dict(zip(names, run.runner.run(jobs, here=_quicker_here(run, wanted), latest=latest), strict=True))


def _refit_soon(run: Run, name: str, best: Best) -> Refitted | Failed:
    """One network, in this process, whatever the time limit says."""
    soon = time.time() + MOST_GRACE
    job = _refit(run, name, best, 1, soon, refit_seconds(best[1], 1))
    fitted: Refitted | Failed = run.runner.run([job], here=True, latest=soon + 2 * MOST_GRACE)[0]
    return fitted


def _refit(run: Run, name: str, best: Best, networks: int, deadline: float | None, expected: float) -> Refit:
    return Refit(_configuration(run, name, best), best[1].best_epochs, networks, deadline, expected)


def _quicker_here(run: Run, wanted: float) -> bool:
    """Whether fits of so many seconds are done sooner in this process than by workers that must start first."""
    return wanted < run.worker_start.seconds + wanted / run.runner.workers


def _seconds(run: Run) -> float | None:
    """The time left before tables and figures; never nothing, since a model must come out."""
    left = run.clock.left()
    return None if left is None else max(LEAST_SECONDS, left - TABLES_AND_FIGURES)


def _affordable(networks: int, seconds: float | None, wanted: float) -> int:
    """How many of the networks, which would take `wanted` seconds, fit into the time."""
    return networks if seconds is None or wanted <= seconds else max(1, int(networks * seconds / wanted))


def _configuration(run: Run, name: str, best: Best) -> Configuration:
    """The best configuration of an architecture, with a seed of the trial's."""
    number, result = best
    settings, training = run.studies[name].space.split(result.settings)
    return Configuration(run.files[name], settings, training, derive_seed(run.options.seed, name, "final", number))


def test(run: Run, fitted: Fitted) -> Tested:
    """Each model's one look at the sealed rows; nothing where there are none."""
    if run.test is None:
        return {}
    measured = partial(score, rows=run.test, metric_name=run.prepared.metric, seed=run.options.seed)
    return {name: measured(model.predict) for name, model in fitted.items() if isinstance(model, Refitted)}


def ablation(run: Run) -> pd.DataFrame:
    """The table of `ablation.csv` for the best hypernetwork; empty, and said, where it could not be measured."""
    champion = run.best().get(CHAMPION)
    if not _ablates(run) or champion is None or run.interruption.number is not None:
        return empty_ablation()
    fits_seconds = len(VARIANTS) * ablation_seconds(champion[1])
    here = _quicker_here(run, fits_seconds)
    workers = 1 if here else run.runner.workers
    wanted = fits_seconds / workers
    seconds = _seconds(run)
    if seconds is not None and seconds < WORTHWHILE * wanted / run.plan.seeds:
        run.say("The metadata ablation was left out: too little of the time limit was left for it.")
        return empty_ablation()
    schedule = replace(run.plan.schedule, rungs=())
    plan = replace(run.plan, seeds=_affordable(run.plan.seeds, seconds, wanted), schedule=schedule)
    limit = equal_share(seconds, len(VARIANTS), workers)
    jobs = [AblationFit(each, _configuration(run, CHAMPION, champion), plan, limit) for each in VARIANTS]
    latest = None if seconds is None else time.time() + max(seconds, LEAST_SECONDS) + TABLES_AND_FIGURES
    fits = run.runner.run(jobs, here=here, latest=latest)
    run.interruption.acted_upon()
    return _ablation_of(run, dict(zip(VARIANTS, fits, strict=True)))


def _ablation_of(run: Run, fits: Mapping[str, Any]) -> pd.DataFrame:
    """The table of the variants that were fitted; what became of the others is said."""
    done = {name: each for name, each in fits.items() if not isinstance(each, Failed)}
    for name, each in fits.items():
        if isinstance(each, Failed):
            run.say(f"The ablation variant {name} failed: {each.reason.removesuffix('.')}.")
    if "both" not in done:
        return empty_ablation()
    stopped = [name for name, each in done.items() if each.stopped_by_time]
    if stopped:
        run.say(f"The time limit stopped these ablation fits before they were done: {', '.join(stopped)}.")
    return ablation_table(
        CHAMPION, {name: np.array(each.member_errors) for name, each in done.items()}, fold_share(run)
    )


def fold_share(run: Run) -> float:
    """Validation rows over training rows of one fold."""
    fold = run.split.fold
    validating = np.count_nonzero(fold >= 0) / run.plan.folds
    return float(validating / (len(fold) - validating))
