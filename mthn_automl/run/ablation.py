"""The metadata ablation of a run, within what is left of its time."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.analysis.ablation import ablation_table, empty_ablation
from mthn_automl.data.arrays import FloatArray
from mthn_automl.run.run import Run
from mthn_automl.training.encode import training_rows
from mthn_automl.tuning.ablation import EMBEDDING_ONLY, VARIANTS, Ablated, AblationFit
from mthn_automl.tuning.allocation import CHAMPION
from mthn_automl.tuning.clock import TABLES_AND_FIGURES, ablation_seconds, equal_share, reserve
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.runners.runner import Failed
from mthn_automl.tuning.seeds import derive_seed

LEAST_SECONDS = 5.0

MOST_TELLING = sorted(VARIANTS, key=("both", "embedding_only", "permuted", "metadata_only").index)
"""The first two give the verdict on the metadata, should there be no time for more."""

WORTHWHILE = 0.3
"""An ablation fit that gets less than this share of what it needs would say nothing about the metadata."""


def search_ends(run: Run) -> float | None:
    """When the search must be over so that what follows, in fresh workers, fits into the time limit.

    In seconds since the epoch; it moves as trials show what the ablation will take.
    """
    ends, share = run.clock.ends(), run.clock.share()
    if ends is None or share is None:
        return None
    best = run.best().get(CHAMPION) if _ablates(run) else None
    ablated = None if best is None else best[1]
    return ends - reserve(share, ablated, run.runner.workers, run.worker_start.seconds)


def _ablates(run: Run) -> bool:
    has_metadata = run.data.dataset.tasks.metadata is not None
    return not run.options.no_ablation and has_metadata and CHAMPION in run.files


@dataclass(frozen=True)
class Ablation:
    """What came of it.

    Attributes:
        table: that of `ablation.csv`.
        embeddings: (networks, tasks, d_e), of those that were trained without the metadata; None: there are none.
    """

    table: pd.DataFrame
    embeddings: FloatArray | None = None


def ablation(run: Run) -> Ablation:
    """Of the best hypernetwork; the table is empty, and it is said, where it could not be measured."""
    champion = run.best().get(CHAMPION)
    if not _ablates(run) or champion is None or run.interruption.number is not None:
        return Ablation(empty_ablation())
    fits_seconds = len(VARIANTS) * ablation_seconds(champion[1])
    here = fits_seconds < run.worker_start.seconds + fits_seconds / run.runner.workers
    workers = 1 if here else run.runner.workers
    wanted = fits_seconds / workers
    seconds = _seconds(run)
    if seconds is not None and seconds < WORTHWHILE * wanted / run.plan.seeds:
        run.say("The metadata ablation was left out: too little of the time limit was left for it.")
        return Ablation(empty_ablation())
    schedule = replace(run.plan.schedule, rungs=())
    plan = replace(run.plan, seeds=_affordable(run.plan.seeds, seconds, wanted), schedule=schedule)
    limit = equal_share(seconds, len(VARIANTS), workers)
    jobs = [AblationFit(each, _configuration(run, *champion), plan, limit) for each in MOST_TELLING]
    latest = None if seconds is None else time.time() + max(seconds, LEAST_SECONDS) + TABLES_AND_FIGURES
    fits = run.runner.run(jobs, here=here, latest=latest)
    run.interruption.acted_upon()
    found = dict(zip(MOST_TELLING, fits, strict=True))
    return _ablation_of(run, {name: found[name] for name in VARIANTS})


def _seconds(run: Run) -> float | None:
    """The time left before tables and figures."""
    left = run.clock.left()
    return None if left is None else max(LEAST_SECONDS, left - TABLES_AND_FIGURES)


def _affordable(networks: int, seconds: float | None, wanted: float) -> int:
    """How many of the networks, which would take `wanted` seconds, fit into the time."""
    return networks if seconds is None or wanted <= seconds else max(1, int(networks * seconds / wanted))


def _configuration(run: Run, number: int, result: TrialResult) -> Configuration:
    """That of the champion's best trial, with a seed of the trial's."""
    settings, training = run.studies[CHAMPION].space.split(result.settings)
    return Configuration(
        run.files[CHAMPION], settings, training, derive_seed(run.options.seed, CHAMPION, "final", number)
    )


def _ablation_of(run: Run, fits: Mapping[str, Any]) -> Ablation:
    """Of the variants that were fitted; what became of the others is said."""
    done = {name: each.result for name, each in fits.items() if isinstance(each, Ablated)}
    alone = fits[EMBEDDING_ONLY]
    embeddings = alone.embeddings if isinstance(alone, Ablated) else None
    for name, each in fits.items():
        if isinstance(each, Failed):
            run.say(f"The ablation variant {name} failed: {each.reason.removesuffix('.')}.")
    if "both" not in done:
        return Ablation(empty_ablation(), embeddings)
    stopped = [name for name, each in done.items() if each.stopped_by_time]
    if stopped:
        run.say(f"The time limit stopped these ablation fits before they were done: {', '.join(stopped)}.")
    errors = {name: np.array(each.member_errors) for name, each in done.items()}
    return Ablation(ablation_table(CHAMPION, errors, fold_share(run)), embeddings)


def fold_share(run: Run) -> float:
    """Validation rows over training rows of a fold, in the mean of the folds."""
    fold, forward = run.data.fold, run.data.forward
    shares = [
        np.count_nonzero(fold == number) / len(training_rows(fold, number, forward=forward))
        for number in range(run.plan.folds)
    ]
    return float(np.mean(shares))
