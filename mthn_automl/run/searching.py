"""The search phase: trials until the budget is used, and a moment more where nothing has finished by then."""

import time
from functools import partial

from mthn_automl.errors import NothingFinishedError
from mthn_automl.run.ablation import search_ends
from mthn_automl.run.run import Run
from mthn_automl.tuning.aim import EnsembleAim
from mthn_automl.tuning.budget import Budget
from mthn_automl.tuning.cost import Foresight
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.runners.local import LocalRunner
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.width import Width

RESCUE_SECONDS, RESCUE_SHARE = 10.0, 0.05
"""What a search in which nothing finished may take on top, as seconds and as a share of the time limit."""


def search(run: Run) -> None:
    """Run trials, after those that an earlier session left behind have been settled.

    Raises:
        NothingFinishedError: no trial has finished and keeps the limits.
    """
    with run.phase("search"):
        _settle(run)
        trials = run.added.trials_in_all(run.options, _finished(run))
        run.folder.keep_options(trials=trials, time_limit=run.clock.limit)
        budget = Budget(trials, partial(search_ends, run), run.plan.rounds, run.options.trial_timeout)
        source = _source(run, budget)
        run.runner.search(source)
        share = run.clock.share()
        if share and not run.best() and not run.interruption.pending:
            _rescue(run, trials, share, source.foresight)
        elif share and not run.interruption.pending:
            _say_untried(run, source.foresight)
        if run.interruption.pending:
            run.say("Stopping: the best so far is written; a second signal stops at once.")
    run.interruption.acted_upon()
    if not run.best():
        raise NothingFinishedError(_why_nothing(run))


def _say_untried(run: Run, foresight: Foresight | None) -> None:
    """Of architectures that had no trial, since none would have ended in time."""
    untried = [name for name, study in run.studies.items() if not study.records]
    if untried and foresight is not None:
        named = [f"{name} ({max(foresight.seconds(name), 1):.0f} s)" for name in untried]
        run.say(f"Not tried, since a trial of so many seconds did not fit into the time left: {', '.join(named)}.")


def _source(run: Run, budget: Budget, foresight: Foresight | None = None) -> TrialSource:
    """It knows what earlier trials showed at rungs. foresight: that has learnt from them; None: it has yet to."""
    source = _new_source(run, budget, foresight)
    source.remember(seconds=foresight is None)
    return source


def _new_source(run: Run, budget: Budget, foresight: Foresight | None = None) -> TrialSource:
    return TrialSource(
        run.studies,
        run.files,
        run.folder.trials,
        budget,
        clock=run.clock.elapsed,
        report=run.watch,
        rungs=_rungs(run),
        foresight=foresight or _foresight(run),
        guard=run.guard,
        lock=(run.folder.lock, run.folder.token),
        worker_start=run.worker_start,
        aim=_aim(run),
        worker_seconds=run.worker_seconds,
    )


def _aim(run: Run) -> EnsembleAim | None:
    """None where the answer is a single model, or a Pareto front of such."""
    if run.options.no_ensemble or len(run.options.objectives) > 1:
        return None
    return EnsembleAim(run.data)


def _foresight(run: Run) -> Foresight:
    dataset = run.data.dataset
    extent, classes = run.plan.extent(len(dataset)), bool(dataset.schema.classes)
    return Foresight(run.files.values(), extent, classes=classes, width=Width.of(dataset))


def _settle(run: Run) -> None:
    """Before the budget is made, since trials that are adopted are none of those that a resume adds."""
    settled = _new_source(run, Budget(trials=0, ends=run.clock.ends)).settle()
    if settled:
        run.say(f"{settled} unfinished trials of the earlier session were adopted or queued again.")


def _finished(run: Run) -> int:
    """Trials that count against the budget."""
    return sum(study.budget_used for study in run.studies.values())


def _rungs(run: Run) -> tuple[int, ...]:
    """None where quick models are wanted too: how quick one is shows only at its end."""
    return () if "latency" in run.options.objectives else run.plan.schedule.rungs


def _rescue(run: Run, trials: int | None, share: float, foresight: Foresight | None) -> None:
    """Where workers finished nothing in time, this process tries for a moment, so that there is a model at all.

    share: seconds of the time limit that were this session's. foresight: that knows what was too slow already.
    """
    latest = time.time() + max(RESCUE_SECONDS, RESCUE_SHARE * share)

    def ends() -> float:
        return 0.0 if run.best() else latest

    with LocalRunner("cpu", run.interruption) as local:
        local.use(run.data, run.plan)
        local.search(_source(run, Budget(trials, ends, run.plan.rounds, run.options.trial_timeout), foresight))


def _why_nothing(run: Run) -> str:
    """Limits first, which more time would not help to keep; then failures."""
    studies = run.studies.values()
    beyond = sum(study.count(Ending.COMPLETE) for study in studies)
    refused = [reason for study in studies for reason in study.reasons(Ending.REFUSED)]
    failed = sorted({reason for study in studies for reason in study.reasons(Ending.FAILED)})
    if beyond or (refused and not failed):
        reason = f"; {refused[-1]}" if refused else ""
        return f"No model kept the limits, of {beyond} that finished{reason}; start a search with wider limits."
    return (
        f"No trial finished within the budget; {'; '.join(failed[:3]) or 'there was no time for one'}. "
        f"`mthn-automl resume {run.folder.path} --time-limit 10m` goes on."
    )
