"""The fits of an ablation in the order of what they tell, and the table of what came of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from mthn_automl.analysis.ablation import HELD_OUT, SEEN, Tasks, ablation_table, joined
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.metadata_columns import metadata_names
from mthn_automl.data.splits import whole_tasks
from mthn_automl.run.run import Run
from mthn_automl.training.encode import training_rows, validation_share
from mthn_automl.tuning.ablation.fits import Ablated, AblationFit
from mthn_automl.tuning.ablation.names import (
    BOTH,
    EMBEDDING_ONLY,
    METADATA_ONLY,
    NOISE,
    PERMUTED,
    VARIANTS,
    of_columns,
)
from mthn_automl.tuning.ablation.retuning import chosen_on_others, drawn_around
from mthn_automl.tuning.ablation.variants import START, configured, looks_at, takes_metadata
from mthn_automl.tuning.clock import ablation_seconds
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.seeds import derive_seed

MOST_TELLING = sorted(VARIANTS, key=(BOTH, EMBEDDING_ONLY, PERMUTED, METADATA_ONLY).index)
"""The first two give the verdict on the metadata, should there be no time for more."""

ALONE = (BOTH, METADATA_ONLY, EMBEDDING_ONLY)
"""Variants that get settings of their own, and those that are asked of tasks never seen."""

DRAWS = 4
"""Settings that are tried around those of the best trial, for each variant alike."""

FEWEST_FOLDS = 3
"""Of whole tasks, so that a difference can be tested."""


@dataclass(frozen=True)
class Case:
    """A fit.

    Attributes:
        architecture: its name.
        variant: what it is shown.
        tasks: whether those it predicts were seen in training.
        draw: which settings it has: 0: those of the best trial, else the drawn ones of that number.
    """

    architecture: str
    variant: str
    tasks: Tasks
    draw: int = 0

    def __str__(self) -> str:
        return self.variant if self.draw == 0 else f"{self.variant} with drawn settings"


Done = Mapping[Case, Ablated]


@dataclass(frozen=True)
class Fitting:
    """An ablation of a run: its architectures, folds and seeds.

    Attributes:
        run: whose trials have ended.
        names: of the architectures, which take metadata, the one that gives the verdict first.
        plan: folds, seeds and schedule of every fit.
    """

    run: Run
    names: tuple[str, ...]
    plan: Plan

    @classmethod
    def of(cls, run: Run, names: Sequence[str], seeds: int) -> "Fitting":
        """names: of architectures; those that have no trial, or cannot take metadata, are left out."""
        plan = replace(run.plan, seeds=seeds, schedule=replace(run.plan.schedule, rungs=()))
        return cls(run, tuple(name for name in dict.fromkeys(names) if can_be_ablated(run, name)), plan)

    def with_seeds(self, seeds: int) -> "Fitting":
        """The same with so many networks a fold."""
        return replace(self, plan=replace(self.plan, seeds=seeds))

    def draws_within(self, seconds: float) -> int:
        """How many settings of each variant's own can be tried by all workers in so many seconds."""
        once = sum(map(self.seconds, self.retuned(self.names[0], 1))) / self.run.runner.workers
        return min(DRAWS, int(seconds / once)) if once > 0 else DRAWS

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Of the metadata, as the user has named them."""
        return metadata_names(self.run.data.dataset.schema)

    @cached_property
    def tasks(self) -> Tasks:
        """Whether the folds of the search hold out rows of tasks that they have trained on."""
        fold, task = self.run.data.fold, self.run.data.dataset.task
        for number in range(int(fold.max()) + 1):
            trained = task[training_rows(fold, number, forward=self.run.data.forward)]
            if np.isin(task[fold == number], trained).any():
                return SEEN
        return HELD_OUT

    @cached_property
    def whole_tasks(self) -> IntArray | None:
        """(rows,) folds of whole tasks; None where the run has such already, or its rows must not be dealt so."""
        if self.tasks == HELD_OUT or not self.run.prepared.sealed.usual:
            return None
        dataset = self.run.data.dataset
        folds = min(max(self.plan.folds, FEWEST_FOLDS), whole_tasks.most_folds(dataset))
        return whole_tasks.deal(dataset, folds, self.run.options.seed) if folds >= FEWEST_FOLDS else None

    def kinds(self, name: str) -> Iterator[Case]:
        """What gives the verdict first."""
        return (Case(name, each, self.tasks) for each in MOST_TELLING if self._can(name, each))

    def of_columns(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Case]:
        """A column of noise, and each column left out and alone. columns: of these alone; None: of all."""
        yield Case(name, NOISE, self.tasks)
        for variant in of_columns(self.columns):
            if columns is None or variant.partition(":")[2] in columns:
                yield Case(name, variant, self.tasks)

    def retuned(self, name: str, draws: int) -> Iterator[Case]:
        """Settings of each variant's own, as many for each."""
        for draw in range(1, draws + 1):
            yield from (Case(name, each, self.tasks, draw) for each in ALONE if self._can(name, each))

    def of_new_tasks(self, name: str) -> Iterator[Case]:
        """The same in folds of whole tasks."""
        if self.whole_tasks is not None:
            yield from (Case(name, each, HELD_OUT) for each in ALONE if self._can(name, each))

    def seconds(self, case: Case) -> float:
        """That a fit is foreseen to take."""
        plan, searched = self._plan(case), self.run.plan
        seeds = plan.seeds / searched.seeds if self.run.files[case.architecture].family == "neural" else 1.0
        return ablation_seconds(self._best(case.architecture)[1]) * seeds * plan.folds / searched.folds

    def job(self, case: Case, *, seconds: float | None = None, ends: float | None = None) -> AblationFit:
        """seconds, ends: as `AblationFit` has them."""
        configuration = self._configuration(case)
        fold = self.whole_tasks if self._is_beside(case) else None
        return AblationFit(case.variant, configuration, self._plan(case), seconds, fold, self.seconds(case), ends)

    def table(self, done: Done) -> pd.DataFrame:
        """That of `ablation.csv`, of the fits that were done."""
        parts: list[pd.DataFrame] = []
        for name in self.names:
            parts += [self._as_tuned(name, done, self.tasks), self._retuned(name, done)]
            parts += [] if self.tasks == HELD_OUT else [self._as_tuned(name, done, HELD_OUT)]
        return joined([each for each in parts if len(each)])

    def _as_tuned(self, name: str, done: Done, tasks: Tasks) -> pd.DataFrame:
        order = [*VARIANTS, NOISE, *of_columns(self.columns)]
        found = {each: done[case] for each in order if (case := Case(name, each, tasks)) in done}
        return self._rows(name, {each: _errors(fit.result) for each, fit in found.items()}, tasks)

    def _retuned(self, name: str, done: Done) -> pd.DataFrame:
        """Of the draws that were fitted for every variant."""
        variants = [each for each in ALONE if self._can(name, each)]
        drawn = {case.draw for case in done if case.architecture == name and case.draw}
        whole = [0, *(draw for draw in sorted(drawn) if self._all_there(name, variants, draw, done))]
        if len(whole) < 2 or not self._all_there(name, variants, 0, done):
            return joined([])
        errors = {
            each: chosen_on_others([_errors(done[Case(name, each, self.tasks, draw)].result) for draw in whole])
            for each in variants
        }
        return self._rows(name, errors, self.tasks, tuned=True)

    def _all_there(self, name: str, variants: Sequence[str], draw: int, done: Done) -> bool:
        return all(Case(name, each, self.tasks, draw) in done for each in variants)

    def _rows(self, name: str, errors: Mapping[str, FloatArray], tasks: Tasks, *, tuned: bool = False) -> pd.DataFrame:
        """None without the full model, to which all others are compared."""
        if BOTH not in errors:
            return joined([])
        beside = self.whole_tasks if tasks != self.tasks else None
        fold, forward = (self.run.data.fold, self.run.data.forward) if beside is None else (beside, False)
        share = validation_share(fold, forward=forward)
        changed = {} if tuned else {each: self._changed(name, each) for each in errors}
        return ablation_table(name, errors, share, tasks=tasks, tuned=tuned, changed=changed)

    def _changed(self, name: str, variant: str) -> str:
        """Settings of the best trial that a variant has otherwise, as `rank = 2, bias = own`."""
        best, looking = tuned(self.run, name), self._configuration(Case(name, variant, self.tasks))
        made = {key: value for key, value in looking.settings.items() if value != best.settings.get(key)}
        if variant == EMBEDDING_ONLY and looks_at(best, self.run.guard.shape) == (True, False):
            made = {key: value for key, value in made.items() if key == START}  # no metadata are there to look at
        return ", ".join(f"{key} = {value}" for key, value in made.items())

    def _is_beside(self, case: Case) -> bool:
        return case.tasks != self.tasks

    def _plan(self, case: Case) -> Plan:
        if not self._is_beside(case) or self.whole_tasks is None:
            return self.plan
        return replace(self.plan, folds=int(self.whole_tasks.max()) + 1)

    def _best(self, name: str) -> tuple[int, TrialResult]:
        return self.run.best()[name]

    def _can(self, name: str, variant: str) -> bool:
        return configured(tuned(self.run, name), variant, self.run.guard.shape) is not None

    def _configuration(self, case: Case) -> Configuration:
        found = tuned(self.run, case.architecture)
        if case.draw:
            space = self.run.studies[case.architecture].space
            settings = drawn_around(space, found.all_settings(), derive_seed(found.seed, "draw", case.draw))
            own, training = space.split(settings)
            found = replace(found, settings=own, training=training)
        looking = configured(found, case.variant, self.run.guard.shape)
        assert looking is not None
        return looking


def _errors(result: TrialResult) -> FloatArray:
    """(folds, seeds)."""
    return np.array(result.member_errors)


def tuned(run: Run, name: str) -> Configuration:
    """That of the best trial of an architecture, with a seed of its own: the lowest error of many trials is lucky."""
    number, result = run.best()[name]
    settings, training = run.studies[name].space.split(result.settings)
    return Configuration(run.files[name], settings, training, derive_seed(run.options.seed, name, "final", number))


def can_be_ablated(run: Run, name: str) -> bool:
    """Whether an architecture has a trial that keeps the limits, and can take the metadata that there are."""
    if name not in run.best():
        return False
    if name not in run.described:  # it is asked all through a search
        run.described[name] = takes_metadata(tuned(run, name), run.guard.shape)
    return run.described[name]
