"""One process's work on a run: what is made once, and read from the folder where an earlier process has stored it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.memory import Foresight
from mthn_automl.data.splits.parts.choice import development_of, sealed_rows_of
from mthn_automl.data.splits.parts.stored import load_split, save_split
from mthn_automl.errors import NothingFinishedError
from mthn_automl.received import typed
from mthn_automl.report.wording import duration
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.options import Options
from mthn_automl.run.prepare import Prepared, build_spaces
from mthn_automl.run.presets import PRESETS
from mthn_automl.run.workers import fits_at_once
from mthn_automl.training.encode import problem_shape
from mthn_automl.tuning.clock import Clock, WorkerSeconds, WorkerStart
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.events import PhaseFinished, PhaseStarted, Said, Watcher
from mthn_automl.tuning.guard import Guard
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.plan import Plan, make_plan
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import with_rungs
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.runners.runner import Runner
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.width import Width

LEAST_PLANNED = 0.1
"""Share of the time limit that is planned with, however long starting and reading took."""


@dataclass(frozen=True)
class Added:
    """What a resume adds to the budget of a run; with neither, what was left of it is used.

    Attributes:
        trials: as many more, counted from those that have finished.
        seconds: so many more, from now.
    """

    trials: int | None = None
    seconds: float | None = None

    def time_limit(self, options: Options, before: float) -> float | None:
        """Seconds of all sessions together, of which `before` have passed; None: no limit."""
        if self.seconds is not None:
            return before + self.seconds
        return options.time_limit if self.trials is None else None

    def trials_in_all(self, options: Options, finished: int) -> int | None:
        """Of all sessions together; None: no limit."""
        if self.trials is not None:
            return finished + self.trials
        return options.trials if self.seconds is None else None


@dataclass
class Phases:
    """What has become of the phases.

    Attributes:
        seconds: that each took, by name; `start` is all before the first.
        stopped_in: the one that a signal came in; None: there was no signal.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    stopped_in: str | None = None


@dataclass(frozen=True)
class Split:
    """Which rows are what.

    Attributes:
        test: (rows,) true for sealed rows.
        fold: (rows that are not sealed,) the fold that a row is in, -1 for always in training.
    """

    test: NDArray[np.bool_]
    fold: IntArray


@dataclass(frozen=True)
class Run:
    """What all phases of a run share. What is no field is read from the folder, or made and stored, when first needed.

    Attributes:
        folder: of the run, which this process has locked.
        options: as the run was begun with, but for what a resume has changed.
        prepared: the data and the search space files.
        runner: of trials and final fits; its workers are there once it is entered.
        interruption: by a signal.
        watch: is told of all that happens.
        started: when this session began, in seconds since the epoch.
        added: by a resume.
        phases: that are over.
        worker_start: as the search has measured it.
        worker_seconds: likewise.
    """

    folder: RunFolder
    options: Options
    prepared: Prepared
    runner: Runner
    interruption: Interruption
    watch: Watcher
    started: float
    added: Added
    phases: Phases = field(default_factory=Phases)
    worker_start: WorkerStart = field(default_factory=WorkerStart)
    worker_seconds: WorkerSeconds = field(default_factory=WorkerSeconds)

    @cached_property
    def plan(self) -> Plan:
        return plan_of(self)

    @cached_property
    def split(self) -> Split:
        return split_of(self)

    @cached_property
    def development(self) -> Dataset:
        """The rows that are not sealed."""
        return development_of(self.prepared.all_rows, self.split.test)

    @cached_property
    def data(self) -> SearchData:
        """The rows that the search may see."""
        rows, forward = self.development.without_id(), self.prepared.sealed.way.FORWARD
        return SearchData(rows, self.split.fold, self.prepared.metric, self.options.average, self.limits, forward)

    @cached_property
    def limits(self) -> Limits:
        options = self.options
        return Limits(options.max_parameters, options.max_parameters_per_task, options.max_latency)

    @cached_property
    def test(self) -> Dataset | None:
        """The rows of the test file, else the sealed ones; None: there are none."""
        if self.prepared.test_file is not None:
            return self.prepared.test_file
        return sealed_rows_of(self.prepared.all_rows, self.split.test) if self.split.test.any() else None

    @cached_property
    def guard(self) -> Guard:
        members = self.plan.folds * self.plan.seeds
        return Guard(problem_shape(self.data.dataset), members, seeds=self.plan.seeds, limits=self.limits)

    @cached_property
    def skipped(self) -> Mapping[str, str]:
        """Why architectures cannot be trained here, or on these data, by name."""
        files, rows = self.prepared.files, self.prepared.all_rows
        reasons = {
            name: file.missing() or file.unsuited(rows.schema.problem) or self._private(file) or self._hungry(file)
            for name, file in files.items()
        }
        unfit = {name: reason for name, reason in reasons.items() if reason}
        left = {name: file for name, file in files.items() if name not in unfit}
        return {**unfit, **self.guard.too_large(left, build_spaces(left, self.prepared))}

    def _private(self, file: SpaceFile) -> str:
        """Why an architecture is left out whose models hold training rows; empty where it is not."""
        if not self.options.no_stored_rows or not getattr(file.load_class(), "stores_rows", False):
            return ""
        return f"models of {file.name} hold training rows, and --no-stored-rows leaves such out."

    def _hungry(self, file: SpaceFile) -> str:
        """Why an architecture is left out that would grow beyond this machine's memory; empty where it would not."""
        bytes_a_row = getattr(file.load_class(), "bytes_a_row", 0)
        if not bytes_a_row:
            return ""
        foreseen = Foresight.of(self.prepared.all_rows, fits_at_once(self.options))
        return foreseen.too_much(file.name, bytes_a_row)

    @cached_property
    def files(self) -> dict[str, SpaceFile]:
        """Of the architectures that are searched, by name."""
        return {name: file for name, file in self.prepared.files.items() if name not in self.skipped}

    @cached_property
    def described(self) -> dict[str, bool]:
        """Whether an architecture can look at the metadata, by name, of those of which that was asked."""
        return {}

    @cached_property
    def studies(self) -> Studies:
        return Studies(
            self.folder.journal,
            build_spaces(self.files, self.prepared),
            seed=self.options.seed,
            sampler=self.options.sampler,
            objectives=self.options.objectives,
            limits=self.limits,
            warm=self.folder.read_warm_starts(),
        )

    @cached_property
    def clock(self) -> Clock:
        before = self.studies.seconds()
        return Clock(self.started, before, self.added.time_limit(self.options, before))

    def best(self) -> dict[str, tuple[int, TrialResult]]:
        """Number and result of the best trial that keeps all limits, of each architecture that has one."""
        best = [study.best for study in self.studies.values() if study.best is not None]
        return {record.architecture: (record.number, record.result) for record in best if record.result is not None}

    def say(self, sentence: str) -> None:
        self.watch(Said(sentence))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A block that is a phase of the run."""
        started = time.time()
        self.watch(PhaseStarted(name, self.clock.left()))
        yield
        if self.interruption.number is not None and self.phases.stopped_in is None:
            self.phases.stopped_in = name
        self.phases.seconds[name] = time.time() - started
        self.watch(PhaseFinished(name, self.phases.seconds[name]))

    def say_if_late(self) -> None:
        """By how much the time limit was exceeded, and what took how long; nothing where it was kept."""
        left, limit = self.clock.unused(), self.clock.limit
        if left is None or limit is None or round(-left) < 1:
            return
        parts = ", ".join(f"{name} {duration(each)}" for name, each in self.phases.seconds.items() if round(each))
        self.say(f"The time limit of {duration(limit)} was exceeded by {duration(-left)}: {parts}.")


def plan_of(run: Run) -> Plan:
    """The plan that the run was begun with, else a new one, which is stored and said."""
    config = run.folder.read_config()
    if "plan" in config:
        with run.folder.received.checked(run.folder.config.name):
            return typed(config["plan"], Plan)
    plan = _new_plan(run)
    run.folder.write_config({**config, "plan": asdict(plan)})
    for sentence in (*run.prepared.sentences(), plan.sentence()):
        run.say(sentence)
    return plan


def _new_plan(run: Run) -> Plan:
    preset, limit = PRESETS[run.options.preset], run.added.time_limit(run.options, before=0.0)
    rows = int(np.count_nonzero(~run.prepared.test_mask))
    plan = make_plan(
        rows,
        list(run.prepared.files.values()),
        classes=bool(run.prepared.all_rows.schema.classes),
        width=Width.of(run.prepared.all_rows),
        seconds=None if limit is None else max(run.started + limit - time.time(), LEAST_PLANNED * limit),
        workers=run.runner.workers,
        folds=run.options.folds,
        seeds=run.options.seeds,
        most_folds=min(preset.folds, run.prepared.sealed.most_folds),
        most_seeds=preset.seeds,
        rounds=preset.rounds,
        usual_seconds=preset.seconds,
    )
    return with_rungs(plan, rows) if run.options.scheduler == "asha" else plan


def split_of(run: Run) -> Split:
    """The split that the run was begun with, else a new one, which is stored.

    Raises:
        DataError: there are fewer rows than the plan has folds.
    """
    if run.folder.splits.exists():
        split = Split(*load_split(run.folder.received, run.folder.splits.name, run.prepared.all_rows))
        with run.folder.received.checked(run.folder.splits.name):
            _refuse_other_folds(split.fold, run.plan.folds)
        return split
    rows, test = run.prepared.all_rows, run.prepared.test_mask
    fold = run.prepared.sealed.deal(rows.take(np.flatnonzero(~test)), run.plan.folds, run.options.seed)
    save_split(run.folder.splits, rows, test, fold)
    return Split(test, fold)


def _refuse_other_folds(fold: IntArray, folds: int) -> None:
    found = sorted({*fold.tolist()} - {-1})
    if found != list(range(folds)):
        raise ValueError(f"rows must be in the folds 0 to {folds - 1}, however they are in {found[:9]}")


def check_files(run: Run) -> None:
    """Say which architectures are skipped.

    Raises:
        NothingFinishedError: none is left.
    """
    for reason in run.skipped.values():
        run.say(f"Skipped: {reason}")
    if not run.files:
        raise NothingFinishedError(f"No architecture can be trained on these data: {'; '.join(run.skipped.values())}")
