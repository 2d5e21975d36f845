"""The metadata ablation of a run, within what is left of its time."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.analysis.ablation import empty_ablation
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.metadata_columns import metadata_names
from mthn_automl.report.wording import joined
from mthn_automl.run.ablation_fits import ALONE, DRAWS, Case, Fitting, can_be_ablated
from mthn_automl.run.ensembling import Blend
from mthn_automl.run.models import Best, Finished
from mthn_automl.run.run import Run
from mthn_automl.run.usual import usual_seconds
from mthn_automl.tuning.ablation.fits import Ablated
from mthn_automl.tuning.ablation.names import EMBEDDING_ONLY, VARIANTS, of_columns
from mthn_automl.tuning.allocation import CHAMPION
from mthn_automl.tuning.clock import FOR_VERDICT, equal_share, reserve, tables_and_figures
from mthn_automl.tuning.runners.runner import Failed

LEAST_SECONDS = 1.0
"""In which quick fits are done though no time is left for any."""

WORTHWHILE = 0.7
"""Share of the foreseen seconds in which fits may turn out to be done; with less none is begun."""

COMBINING = 2.0
"""Seconds of choosing an ensemble and predicting test rows, about."""

MORE_SHARE, RETUNING_SHARE = 0.3, 0.15
"""Of the search's time, what all fits beyond those of the verdict may take, and what re-tuning may."""


def search_ends(run: Run) -> float | None:
    """When the search must be over so that what follows, in fresh workers, fits into the time limit.

    In seconds since the epoch; it moves as trials show what the ablation will take.
    """
    ends, share = run.clock.ends(), run.clock.share()
    if ends is None or share is None:
        return None
    name = _first(run) if _ablates(run) else None
    ablated = None if name is None else run.best()[name][1]
    more = 1 + len(of_columns(metadata_names(run.data.dataset.schema))) + DRAWS * len(ALONE)
    workers, start = run.runner.workers, run.worker_start.seconds
    beside = COMBINING + usual_seconds(run) + _predicting_seconds(run)
    return ends - reserve(share, ablated, workers, start, more=more, beside=beside)


def _predicting_seconds(run: Run) -> float:
    """That predicting the test rows takes: by the best trial of each architecture, and as much by the ensemble."""
    rows = 0 if run.test is None else len(run.test)
    return 2e-6 * rows * sum(result.predict_us_per_row for _, result in run.best().values())


def _ablates(run: Run) -> bool:
    return not run.options.no_ablation and run.data.dataset.tasks.metadata is not None


def _first(run: Run) -> str | None:
    """Whose ablation gives the verdict: the champion where it is searched, else the best that takes metadata."""
    best = run.best()
    if CHAMPION in run.files:
        return CHAMPION if CHAMPION in best else None
    return next(
        (name for name in sorted(best, key=lambda name: best[name][1].error) if can_be_ablated(run, name)), None
    )


def answering(best: Best, found: Blend | None) -> list[str]:
    """The architectures of the answer: those of the ensemble's members, or that of the single model."""
    if found is not None and found.is_best:
        return [each.model.name for each in found.members]
    return [name for name, each in best.items() if isinstance(each, Finished)][:1]


@dataclass(frozen=True)
class Ablation:
    """What came of it.

    Attributes:
        table: that of `ablation.csv`.
        embeddings: (networks, tasks, d_e), of those that were trained without the metadata; None: there are none.
    """

    table: pd.DataFrame
    embeddings: FloatArray | None = None


def ablation(run: Run, answer: Sequence[str]) -> Ablation:
    """Of the best hypernetwork, then of the architectures of the answer, as far as the time goes.

    The table is empty, and it is said, where it could not be measured.
    """
    if not _ablates(run) or run.interruption.number is not None:
        return Ablation(empty_ablation())
    first = _first(run)
    fitting = Fitting.of(run, [*([] if first is None else [first]), *answer], run.plan.seeds)
    if not fitting.names:
        return Ablation(empty_ablation())
    seconds, name = _seconds(run), fitting.names[0]
    kinds = list(fitting.kinds(name))
    wanted = [fitting.seconds(each) for each in kinds]
    least = [each / run.plan.seeds for each in wanted[:FOR_VERDICT]]
    if seconds is not None and seconds < WORTHWHILE * _quickest(run, least):
        run.say("The metadata ablation was left out: too little of the time limit was left for it.")
        return Ablation(empty_ablation())
    fitting = fitting.with_seeds(affordable(run.plan.seeds, seconds, _quickest(run, wanted)))
    searched = run.phases.seconds.get("search", 0.0)
    draws = fitting.draws_within(RETUNING_SHARE * searched)
    fits = fitted(fitting, kinds, _more(fitting, draws), seconds, MORE_SHARE * searched)
    run.interruption.acted_upon()
    say_left_out(fitting, [*fits.left_out, *([] if draws else fitting.retuned(name, 1))])
    return Ablation(fitting.table(fits.done), embeddings_alone(fitting, fits.done))


def embeddings_alone(fitting: Fitting, done: Mapping[Case, Ablated]) -> FloatArray | None:
    """(networks, tasks, d_e) of hypernetworks that were trained without the metadata; None: there are none."""
    alone = done.get(Case(CHAMPION, EMBEDDING_ONLY, fitting.tasks))
    return None if alone is None else alone.embeddings


def _quickest(run: Run, fits: Sequence[float]) -> float:
    """Seconds in which fits of so many seconds each are done: in this process, or by workers, which start first."""
    return min(sum(fits), _by_workers(run, fits))


def _by_workers(run: Run, fits: Sequence[float]) -> float:
    return run.worker_start.seconds + max([*fits, sum(fits) / run.runner.workers])


def _more(fitting: Fitting, draws: int) -> list[Case]:
    """What is fitted beyond the verdict, the most telling first."""
    name, *others = fitting.names
    kinds = [case for each in others for case in fitting.kinds(each)]
    return [
        *fitting.of_columns(name),
        *kinds,
        *fitting.retuned(name, draws),
        *fitting.of_new_tasks(name),
    ]


@dataclass(frozen=True)
class Fits:
    """What came of fits.

    Attributes:
        done: by case.
        left_out: for lack of time.
    """

    done: Mapping[Case, Ablated]
    left_out: tuple[Case, ...]


def fitted(
    fitting: Fitting,
    verdict: Sequence[Case],
    more: Sequence[Case],
    seconds: float | None = None,
    more_seconds: float | None = None,
) -> Fits:
    """Fit on all workers; what failed or was stopped is said.

    Args:
        verdict: fits of the whole metadata, the most telling first: two are begun at all events, and have the time;
            the others are left out where they do not fit into it.
        more: fits that are left out likewise.
        seconds: of everything; None: no limit.
        more_seconds: of those beyond the verdict; None: no limit.
    """
    run, began = fitting.run, time.time()
    told = [fitting.seconds(case) for case in verdict]
    begun, needed = _affordable_cases(fitting, more, more_seconds), sum(told)
    here = _is_here(run, [*told, *map(fitting.seconds, begun)])
    if not here and seconds is not None and seconds < _by_workers(run, told[:FOR_VERDICT]):
        begun, here = [], _is_here(run, told)  # nothing more may send the verdict to workers that start too late for it
    workers, start = (1, 0.0) if here else (run.runner.workers, run.worker_start.seconds)
    whole = None if seconds is None else began + seconds
    ends = [whole, None if more_seconds is None else began + start + needed / workers + more_seconds]
    end = min((each for each in ends if each is not None), default=None)
    first, others = verdict[:FOR_VERDICT], verdict[FOR_VERDICT:]
    limit = equal_share(None if seconds is None else seconds - start, len(first), workers)
    jobs = [fitting.job(case, seconds=limit) for case in first]
    jobs += [fitting.job(case, ends=whole) for case in others] + [fitting.job(case, ends=end) for case in begun]
    end_seconds = tables_and_figures(run.worker_start.seconds)
    latest = None if seconds is None else began + max(seconds, LEAST_SECONDS) + end_seconds
    values = run.runner.run(jobs, here=here, latest=latest)
    found = dict(zip([*verdict, *begun], values, strict=True))
    done = _done(run, found)
    failed = {case for case, value in found.items() if isinstance(value, Failed)}
    return Fits(done, tuple(case for case in [*verdict, *more] if case not in done and case not in failed))


def _is_here(run: Run, fits: Sequence[float]) -> bool:
    """Whether this process is done with fits of so many seconds before workers, which start first, would be."""
    return sum(fits) < _by_workers(run, fits)


def _affordable_cases(fitting: Fitting, more: Sequence[Case], seconds: float | None) -> list[Case]:
    """Those that are worth sending to workers: fits may turn out twice as fast as foreseen."""
    if seconds is None:
        return list(more)
    taken = np.cumsum([fitting.seconds(case) for case in more])
    return [case for case, each in zip(more, taken, strict=True) if each <= 2 * seconds * fitting.run.runner.workers]


def _done(run: Run, found: Mapping[Case, Any]) -> dict[Case, Ablated]:
    """Those that were fitted to their end; what became of the others is said.

    A fit that was cut short would be compared by how far it came, not by what it was shown.
    """
    done = {case: each for case, each in found.items() if isinstance(each, Ablated)}
    for case, each in found.items():
        if isinstance(each, Failed) and not case.draw and run.interruption.number is None:
            run.say(f"The ablation variant {case} failed: {each.reason.removesuffix('.')}.")
    stopped = [case for case, each in done.items() if each.result.stopped_by_time]
    if stopped:
        names = ", ".join(map(str, stopped))
        run.say(
            f"The time limit stopped these ablation fits before they were done, so that nothing can be said: {names}."
        )
    return {case: each for case, each in done.items() if case not in stopped}


def say_left_out(fitting: Fitting, cases: Iterable[Case]) -> None:
    """What there was no time for, in a sentence."""
    kinds = list(dict.fromkeys(_kind(fitting, case) for case in cases))
    if kinds:
        fitting.run.say(
            f"Of the metadata ablation, {joined(kinds)} were left out for time, in whole or in part; "
            f"`mthn-automl ablate {fitting.run.folder.path}` makes them."
        )


def _kind(fitting: Fitting, case: Case) -> str:
    """What a fit is for, in words."""
    if case.tasks != fitting.tasks:
        return "tasks never seen"
    if case.draw:
        return "settings of each variant's own"
    if case.architecture != fitting.names[0]:
        return f"fits of {case.architecture}"
    return "variants of the whole metadata" if case.variant in VARIANTS else "single columns and the control by noise"


def _seconds(run: Run) -> float | None:
    """The time left before tables and figures."""
    left = run.clock.left()
    return None if left is None else max(LEAST_SECONDS, left - tables_and_figures(run.worker_start.seconds))


def affordable(networks: int, seconds: float | None, wanted: float) -> int:
    """How many of the networks, which would take `wanted` seconds, fit into the time."""
    return networks if seconds is None or wanted <= seconds else max(1, int(networks * seconds / wanted))
