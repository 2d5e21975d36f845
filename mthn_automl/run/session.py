"""One process's work on a run, from an opened folder to its last file; a killed one is taken up by the next."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.split import load_split, save_split
from mthn_automl.errors import NothingFinishedError
from mthn_automl.run.answer import Answer
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.options import Options
from mthn_automl.run.phases import Phases
from mthn_automl.run.prepare import Prepared, build_spaces, make_folds
from mthn_automl.run.presets import preset_of
from mthn_automl.run.summary import summarise
from mthn_automl.run.tested import Tested, score
from mthn_automl.storage import read_json, write_json
from mthn_automl.training.encode import problem_shape
from mthn_automl.tuning.budget import Budget
from mthn_automl.tuning.clock import Clock
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.events import Event, PhaseFinished, PhaseStarted, Said, Watcher, WorkersSeen
from mthn_automl.tuning.final import MOST_GRACE, Refitted
from mthn_automl.tuning.guard import Guard
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.plan import Plan, make_plan
from mthn_automl.tuning.rungs import with_rungs
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.runners.local import LocalRunner
from mthn_automl.tuning.runners.runner import Failed, Runner
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.space import SearchSpace
from mthn_automl.tuning.studies import Studies

OVERDUE = 4.0
"""Times its own limit after which a trial that does not end has failed; classical ones may take three of them."""

RESCUE_SECONDS, RESCUE_SHARE = 10.0, 0.05
"""What a search in which nothing finished may take on top, as seconds and as a share of the time limit."""


@dataclass
class Session:
    """What a session works with. trials: of the whole run, earlier sessions included; None: no limit."""

    folder: RunFolder
    options: Options
    files: dict[str, SpaceFile]
    prepared: Prepared
    data: SearchData
    plan: Plan
    started: float
    watcher: Watcher
    more_trials: int | None = None
    more_seconds: float | None = None

    def __post_init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.skipped: dict[str, str] = {}
        self.stopped_in: str | None = None
        self.interruption = Interruption()

    @classmethod
    def begin(
        cls,
        folder: RunFolder,
        options: Options,
        files: dict[str, SpaceFile],
        prepared: Prepared,
        started: float,
        watcher: Watcher,
        *,
        workers: int,
    ) -> Self:
        """A new run: settle and store the plan and the split before anything is searched."""
        preset = preset_of(options.preset)
        plan = make_plan(
            len(prepared.development),
            neural=sum(file.family == "neural" for file in files.values()),
            classical=sum(file.family == "classical" for file in files.values()),
            seconds=options.time_limit,
            workers=workers,
            folds=options.folds,
            seeds=options.seeds,
            most_folds=preset.folds,
            most_seeds=preset.seeds,
            most_networks=preset.networks,
            rounds=preset.rounds,
            usual_seconds=preset.seconds,
        )
        if options.scheduler == "asha":
            plan = with_rungs(plan, len(prepared.development))
        fold = make_folds(prepared, plan.folds, options.seed)
        save_split(folder.splits, prepared.all_rows, prepared.test_mask, fold)
        folder.write_config({"options": options.to_toml(), "plan": plan.to_toml()})
        session = cls(
            folder, options, files, prepared, prepared.search_data(fold, options.average), plan, started, watcher
        )
        for sentence in (*prepared.all_rows.notes, *_test_notes(prepared), plan.sentence()):
            session.watch(Said(sentence))
        return session

    @classmethod
    def again(
        cls,
        folder: RunFolder,
        options: Options,
        files: dict[str, SpaceFile],
        prepared: Prepared,
        started: float,
        watcher: Watcher,
        *,
        plan: Plan,
        more_trials: int | None,
        more_seconds: float | None,
    ) -> Self:
        """A run that was begun: its plan and its split are those it began with."""
        mask, fold = load_split(folder.splits)
        if options.test is None:
            test = prepared.all_rows.take(np.flatnonzero(mask)) if mask.any() else None
            prepared = Prepared(prepared.all_rows, mask, test, prepared.metric)
        data = prepared.search_data(fold, options.average)
        return cls(folder, options, files, prepared, data, plan, started, watcher, more_trials, more_seconds)

    def watch(self, event: Event) -> None:
        """Pass an event on, and keep a line of it in run.log."""
        self.folder.log(str(event))
        self.watcher(event)

    def run(self, runner: Runner, interruption: Interruption) -> None:
        """All phases; summary.json is written last and says whether they were all there was to do.

        After a signal, the best so far is refitted alone and written, without an ablation.

        Raises:
            NothingFinishedError: no architecture has a finished trial.
        """
        self.folder.summary.unlink(missing_ok=True)  # unfinished again, should this session be killed
        self.interruption = interruption
        studies = self._studies()
        clock = self._clock(studies)
        ablate = not self.options.no_ablation and self.data.dataset.tasks.metadata is not None
        phases = Phases(studies, self.files, self.plan, clock, self.watch, interruption, ablate=ablate)
        runner.use(self.data, self.plan)
        self.watch(WorkersSeen(runner.workers, runner.nodes))
        self._search(studies, phases, runner, clock)
        with self._phase("refit", clock):
            fitted = phases.refit(runner)
            self._say_what_was_cut_short(fitted)
        with self._phase("test", clock):
            tested = self._test(fitted)
        with self._phase("ablation", clock):
            share = self._test_share()
            ablation = phases.ablation(runner, share)
        with self._phase("report", clock):
            answer = Answer(
                self.prepared, self.data, self.files, studies, fitted, tested, ablation, share, self.skipped, self.plan
            )
            winner = answer.write(self.folder)
        write_json(self.folder.summary, summarise(answer, winner, self.seconds, self.stopped_in))
        if self.stopped_in is not None:
            self.watch(
                Said(
                    f"Stopped in the phase {self.stopped_in}; the best so far is in {self.folder.model}, and "
                    f"`mthn-automl resume {self.folder.path}` goes on."
                )
            )

    def _studies(self) -> Studies:
        spaces = self._feasible(build_spaces(self.files, self.prepared.all_rows))
        return Studies(
            self.folder.journal,
            spaces,
            seed=self.options.seed,
            sampler=self.options.sampler,
            objectives=self.options.objectives,
            limits=self._limits(),
            warm=read_json(self.folder.warm_starts) if self.folder.warm_starts.exists() else {},
        )

    def _limits(self) -> Limits:
        options = self.options
        return Limits(options.max_parameters, options.max_parameters_per_task, options.max_latency)

    def _guard(self) -> Guard:
        members = self.plan.folds * self.plan.seeds
        return Guard(problem_shape(self.data.dataset), members, self.plan.networks, self._limits())

    def _feasible(self, spaces: dict[str, SearchSpace]) -> dict[str, SearchSpace]:
        """Without the architectures that are too large for these data, which are said and kept for the leaderboard.

        Raises:
            NothingFinishedError: none is left.
        """
        self.skipped = self._guard().too_large(self.files, spaces)
        for reason in self.skipped.values():
            self.watch(Said(f"Skipped: {reason}"))
        self.files = {name: file for name, file in self.files.items() if name not in self.skipped}
        if not self.files:
            raise NothingFinishedError(
                f"No architecture can be trained on these data: {'; '.join(self.skipped.values())}"
            )
        return {name: spaces[name] for name in self.files}

    def _clock(self, studies: Studies) -> Clock:
        before, limit = studies.seconds(), self.options.time_limit
        if self.more_seconds is not None:
            limit = before + self.more_seconds
        elif self.more_trials is not None:
            limit = None
        return Clock(self.started, before, limit)

    @contextmanager
    def _phase(self, name: str, clock: Clock) -> Iterator[None]:
        started = time.time()
        self.watch(PhaseStarted(name, clock.left()))
        yield
        if self.interruption.number is not None and self.stopped_in is None:
            self.stopped_in = name
        self.seconds[name] = time.time() - started
        self.watch(PhaseFinished(name, self.seconds[name]))

    def _search(self, studies: Studies, phases: Phases, runner: Runner, clock: Clock) -> None:
        source = TrialSource(
            studies,
            self.files,
            self.folder.trials,
            Budget(
                None,
                lambda: phases.search_ends(runner.workers, source.start_seconds),
                self.plan.rounds,
                self._timeout(),
            ),
            clock=clock.elapsed,
            report=self.watch,
            rungs=self._rungs(),
            guard=self._guard(),
            lock=(self.folder.path / "run.lock", self.folder.token),
        )
        with self._phase("search", clock):
            recovered = source.recover()
            if recovered:
                self.watch(Said(f"{recovered} unfinished trials of the earlier session were adopted or queued again."))
            trials = self._trials(studies)
            self.folder.keep_options(trials=trials, time_limit=clock.limit)
            source.budget = replace(source.budget, trials=trials)
            runner.search(source)
            if not self._has_answer(studies) and not self.interruption.pending and (share := clock.share()):
                self._rescue(source, studies, share)
            phases.start_seconds = source.start_seconds
            if self.interruption.pending:
                self.watch(Said("Stopping: the best so far is refitted and written; a second signal stops at once."))
        self.interruption.acted_upon()
        if not self._has_answer(studies):
            raise NothingFinishedError(self._why_nothing(studies))

    def _why_nothing(self, studies: Studies) -> str:
        """Limits first, which more time would not help to keep; then failures."""
        beyond = sum(study.count(Ending.COMPLETE) for study in studies.values())
        refused = [reason for study in studies.values() for reason in study.reasons(Ending.REFUSED)]
        failed = sorted({reason for study in studies.values() for reason in study.reasons(Ending.FAILED)})
        if beyond or (refused and not failed):
            reason = f"; {refused[-1]}" if refused else ""
            return f"No model kept the limits, of {beyond} that finished{reason}; start a search with wider limits."
        return (
            f"No trial finished within the budget; {'; '.join(failed[:3]) or 'there was no time for one'}. "
            f"`mthn-automl resume {self.folder.path} --time-limit 10m` goes on."
        )

    def _has_answer(self, studies: Studies) -> bool:
        return any(study.best for study in studies.values())

    def _timeout(self) -> float | None:
        """After so long a trial has failed: as asked, else when it has long passed the time that it is to keep."""
        if self.options.trial_timeout is not None or self.plan.trial_seconds is None:
            return self.options.trial_timeout
        return OVERDUE * self.plan.trial_seconds + MOST_GRACE

    def _rungs(self) -> tuple[int, ...]:
        """None where quick models are wanted too: how quick one is shows only at its end."""
        return () if "latency" in self.options.objectives else self.plan.schedule.rungs

    def _rescue(self, source: TrialSource, studies: Studies, limit: float) -> None:
        """Where workers finished nothing in time, this process tries for a moment, so that there is a model at all."""
        ends = time.time() + max(RESCUE_SECONDS, RESCUE_SHARE * limit)
        source.budget = replace(source.budget, ends=lambda: 0.0 if self._has_answer(studies) else ends)
        with LocalRunner("cpu", self.interruption) as local:
            local.use(self.data, self.plan)
            local.search(source)

    def _trials(self, studies: Studies) -> int | None:
        """So many more are counted from what has finished, adopted trials among it."""
        if self.more_trials is not None:
            return sum(study.budget_used for study in studies.values()) + self.more_trials
        return self.options.trials if self.more_seconds is None else None

    def _say_what_was_cut_short(self, fitted: dict[str, Refitted | Failed]) -> None:
        cut = [name for name, each in fitted.items() if isinstance(each, Refitted) and each.stopped_by_time]
        if cut:
            self.watch(Said(f"The time limit cut these refits short, which their test errors show: {', '.join(cut)}."))

    def _test(self, fitted: dict[str, Refitted | Failed]) -> dict[str, Tested]:
        test = self.prepared.test
        models = {name: each for name, each in fitted.items() if isinstance(each, Refitted)}
        if test is None:
            return {}
        return {name: score(model, test, self.data.metric, self.options.seed) for name, model in models.items()}

    def _test_share(self) -> float:
        """Validation rows over training rows of one fold."""
        validating = np.count_nonzero(self.data.fold >= 0) / self.plan.folds
        return float(validating / (len(self.data.fold) - validating))


def _test_notes(prepared: Prepared) -> list[str]:
    test: Dataset | None = prepared.test
    if test is None:
        return ["No row is held out as test: errors are cross-validated only."]
    notes = [] if test.notes == prepared.all_rows.notes else list(test.notes)
    return [*notes, f"{len(test)} test rows are sealed until the search is over; {len(prepared.development)} are left."]
