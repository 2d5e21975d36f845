"""`distill`: one small hypernetwork that predicts as the answer of a run does."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mthn_automl import catalogue
from mthn_automl.analysis.leaderboard import Finalist, errors_of, leaderboard
from mthn_automl.analysis.sealed import SealedErrors, sealed_errors, timed
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.scoring import metric_named
from mthn_automl.deployment.adapt.measure import Unseen
from mthn_automl.deployment.model_folder import load_model, write_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import DivergedError, NothingFinishedError, TooLargeError, UsageError
from mthn_automl.report.wording import digits
from mthn_automl.run.calibrating import intervals
from mthn_automl.run.option import above_zero, at_least
from mthn_automl.run.origin import limits_said, origin_of
from mthn_automl.run.parse import parse_count, parse_duration
from mthn_automl.run.prepare import Given
from mthn_automl.run.reopening import reopened
from mthn_automl.run.run import Run
from mthn_automl.run.teaching import Answered, predicted_by_folds
from mthn_automl.run.tempering import unit_of
from mthn_automl.run.testing import test as test_models
from mthn_automl.training.encode import problem_shape
from mthn_automl.training.mean import mean_of
from mthn_automl.training.networks import Networks
from mthn_automl.training.temperature import calibrated
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.distillation import Lesson, Recipe, Recipes, student
from mthn_automl.tuning.ensemble import chosen_on_others, groups_of
from mthn_automl.tuning.events import Watcher
from mthn_automl.tuning.guard import Guard
from mthn_automl.tuning.seeds import derive_seed
from mthn_automl.tuning.space import build_space, reduced_start
from mthn_automl.tuning.trial_model import TrialModel

STUDENT = "hypernetwork"
OWN_STARTS = 3
"""Settings of the run's own best trials that are tried first."""

TIMED = 3
"""Times that a student predicts all rows, of which the quickest counts."""


@dataclass(frozen=True)
class Distilled:
    """What came of it.

    Attributes:
        folder: of the model.
        summary: errors and sizes of it, of its teacher and of the best single model, by name.
    """

    folder: Path
    summary: Mapping[str, Any]

    @cached_property
    def model(self) -> Predictor:
        """Loaded from the folder."""
        return load_model(self.folder)

    def sentences(self) -> list[str]:
        """What it keeps of what its teacher is worth."""
        said = self.summary
        size = (
            f"The distilled {STUDENT} has {said['parameters']:,} parameters, its teacher, the {said['teacher']}, "
            f"{said['teacher_parameters']:,}; predicting a row takes it {said['predict_us_per_row']:.3g} us."
        )
        return [size, self._compared("cv", "Cross-validated"), *self._tested()]

    def _tested(self) -> list[str]:
        return [self._compared("test", "On the test rows")] if "test_error" in self.summary else []

    def _compared(self, prefix: str, where: str) -> str:
        said, metric = self.summary, metric_named(self.summary["metric"]).error_name
        own, teacher, single = (said[f"{who}{prefix}_error"] for who in ("", "teacher_", "single_"))
        kept = said[f"{prefix}_gain_kept"]
        share = "there is no gain to keep"
        if kept is not None:
            share = f"it keeps {kept:.0%} of the gain" if kept > 0 else "it keeps nothing of the gain"
        return (
            f"{where}, its {metric} is {_told(own)}, its teacher's {_told(teacher)}, that of the best single model "
            f"({said['single']}) {_told(single)}: {share}."
        )


def distill(
    run: str | Path,
    *,
    max_parameters: str | int | None = 20_000,
    max_latency: float | None = None,
    trials: int = 8,
    time_limit: str | float | None = None,
    output: str | Path | None = None,
    data: Given | None = None,
    meta: Given | None = None,
    test: Given | None = None,
    trust: bool = False,
    progress: Watcher | None = None,
) -> Distilled:
    """Train one hypernetwork to predict as the answer of a run does, and save it as a model of its own.

    It learns from the answer's predictions: for the rows of the search out of fold, mixed with what is true, and for
    rows that are drawn between them. Settings are searched a little. Errors of settings are of folds: what teaches a
    student there, and the student, have seen no row of the fold. On training rows such a teacher's predictions are not
    out of fold, as those of the last student's are.

    Args:
        run: the folder of a finished run.
        max_parameters: the most that the network may have, like 20k.
        max_latency: the most microseconds that predicting a row may take.
        trials: settings that are tried.
        time_limit: after which no more settings are tried, like 5m.
        output: folder of the model, new or empty; None: `distilled` in the run.
        data, meta, test: of the run, where its files have moved, or were DataFrames.
        trust: architectures in the run that are not of this package may be imported, which runs their code.
        progress: called with each event of `mthn_automl.tuning.events`.

    Raises:
        UsageError, DataError, RunError: in one sentence; nothing has been written then.
        NothingFinishedError: no network keeps the limits.

    Example:
        >>> distill("mthn_runs/demo", max_parameters="5k").sentences()  # doctest: +SKIP
    """
    limits = _limits(max_parameters, max_latency)
    at_least(1)("--trials", trials)
    latest = None if time_limit is None else time.time() + parse_duration(time_limit)
    with reopened(run, {"data": data, "meta": meta, "test": test}, trust=trust, progress=progress) as opened:
        folder = _new_folder(Path(output) if output else opened.folder.path / "distilled")
        return _Distilling(opened, Answered.of(opened), limits).run_all(trials, latest, folder)


def _limits(max_parameters: str | int | None, max_latency: float | None) -> Limits:
    if max_latency is not None:
        above_zero("--max-latency", max_latency)
    return Limits(None if max_parameters is None else parse_count(max_parameters), None, max_latency)


def _new_folder(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--output must be a new folder or an empty one, however {folder} is there; name another.")
    return folder


@dataclass(frozen=True)
class _Tried:
    """A recipe, and what its students predicted for the rows of their folds.

    Attributes:
        recipe: how they were made.
        students: one a fold.
        untempered: (rows held out, outputs) that they predicted.
        prediction: the same, at temperatures that other folds chose.
        temperature: of the probabilities; 1 of numbers.
        error: of the predictions.
    """

    recipe: Recipe
    students: tuple[Networks, ...]
    untempered: FloatArray
    prediction: FloatArray
    temperature: float
    error: float


@dataclass(frozen=True)
class _Last:
    """The student that is kept.

    Attributes:
        tried: its recipe.
        network: that was trained on all rows.
        predict: as it does at its temperature.
        microseconds: that predicting a row takes.
    """

    tried: _Tried
    network: Networks
    predict: Callable[[Dataset], FloatArray]
    microseconds: float


class _Distilling:
    """The search for a recipe, and the student that is kept."""

    def __init__(self, run: Run, answered: Answered, limits: Limits) -> None:
        self.run, self.answered, self.limits = run, answered, limits
        self.data = run.data.dataset
        self.flags = Flags.of(self.data)
        self.file = catalogue.read(STUDENT)
        self.space = build_space(self.file, self.data.tasks.metadata is not None)
        self.lessons = [self._lesson_of(fold) for fold in range(int(run.data.fold.max()) + 1)]

    def run_all(self, trials: int, latest: float | None, folder: Path) -> Distilled:
        tried = sorted(self._tried(trials, latest), key=lambda each: each.error)
        last = self._last(tried)
        scored = None if self.run.test is None else self._scored(*timed(last.predict, self.run.test))
        summary = self._summary(last, tried, scored)
        self._write(folder, last, summary, scored)
        return Distilled(folder, summary)

    def _last(self, tried: Sequence[_Tried]) -> _Last:
        """By the best recipe, or by the next one where a student of it does not keep the limits, as it is timed.

        Raises:
            NothingFinishedError: none does.
        """
        lesson, broken = self._whole_lesson(), ""
        for each in tried:
            self.run.say(f"The last student is trained, of {len(tried)} recipes by the best one that keeps the limits.")
            network = student(self.file, each.recipe, lesson, self._seed("last"))
            microseconds = _microseconds(network, self.data)
            broken = self.limits.broken(network.size(), microseconds)
            if not broken:
                model = mean_of([network], [1.0], each.temperature, tasks=len(self.data.tasks))
                return _Last(each, network, model.predict, microseconds)
        raise NothingFinishedError(f"No last {STUDENT} keeps the limits: {broken}; widen them.")

    def _write(self, folder: Path, last: _Last, summary: Mapping[str, Any], scored: SealedErrors | None) -> None:
        """With what its students of folds say of rows unseen."""
        tried, count = last.tried, len(self.data.tasks)
        model = TrialModel(self.file, 0, tried.recipe.settings, (last.network,), count)
        unseen = np.full((len(self.data), self.data.schema.outputs), np.nan)
        unseen[self.answered.rows] = tried.untempered
        errors = errors_of(leaderboard([Finalist(STUDENT, None, sealed=scored)], 0.0), STUDENT)
        of_folds = replace(model, models=tried.students)
        write_model(
            folder,
            STUDENT,
            [(model, 1.0)],
            self.data,
            summary,
            origin=replace(origin_of(self.run, errors), limits=limits_said(self.limits)),
            unseen={model.trial: Unseen(unseen, self.run.options.holdout_tasks is not None)},
            intervals=intervals(self.run, [(of_folds, 1.0)], tried.prediction, {}, again=False),
            temperature=tried.temperature,
        )

    def _lesson_of(self, fold: int) -> Lesson:
        """For a student that is to predict the rows of a fold."""
        rows = self.data.take(np.flatnonzero(self.run.data.fold != fold))
        teacher = self.answered.of_fold(fold)
        return Lesson.of(rows, teacher(rows), teacher, self.flags, self._seed("lesson", fold))

    def _whole_lesson(self) -> Lesson:
        teacher = self.answered.model.predict
        return Lesson.of(self.data, self.answered.taught, teacher, self.flags, self._seed("lesson"))

    def _tried(self, trials: int, latest: float | None) -> list[_Tried]:
        """At least one, whatever the time.

        Raises:
            NothingFinishedError: none keeps the limits.
        """
        guard = Guard(problem_shape(self.data), 1, limits=replace(self.limits, latency=None))
        recipes = Recipes(self.file, self.space, self._starts(), guard, self._seed("recipes"))
        found: list[_Tried] = []
        reason = (
            f"each of many had too many parameters for {self.limits.parameters:,}" if self.limits.parameters else ""
        )
        for number, (trial, recipe) in enumerate(recipes):
            if number >= trials or (found and latest is not None and time.time() > latest):
                break
            try:
                each, broken = self._attempt(recipe, number)
            except (DivergedError, TooLargeError) as error:
                each, broken = None, str(error)
            if each is None or broken:
                recipes.failed(trial)
                reason = broken
                continue
            recipes.told(trial, each.error)
            found.append(each)
            self.run.say(f"Recipe {number + 1} of {trials}: cross-validated error {digits(each.error)}.")
        if not found:
            raise NothingFinishedError(f"No {STUDENT} that was tried keeps the limits: {reason}; widen them.")
        return found

    def _attempt(self, recipe: Recipe, number: int) -> tuple[_Tried, str]:
        """What its students predict, and which limit they break."""
        students = tuple(
            student(self.file, recipe, lesson, self._seed(number, fold)) for fold, lesson in enumerate(self.lessons)
        )
        raw = predicted_by_folds(self.data, self.run.data.fold, students)[self.answered.rows]
        temperature, prediction = self._tempered(raw)
        tried = _Tried(recipe, students, raw, prediction, temperature, self.answered.target.error(prediction))
        return tried, self.limits.broken(students[0].size(), _microseconds(students[0], self.data))

    def _tempered(self, prediction: FloatArray) -> tuple[float, FloatArray]:
        """As of models of the run: a temperature where it clearly helps, and predictions at those of other folds."""
        if not self.data.schema.classes:
            return 1.0, prediction
        target = self.answered.target
        return calibrated(prediction, target.values, target.weight, self._groups())

    def _starts(self) -> list[dict[str, Any]]:
        """Settings of the run's own best networks of this architecture, then the usual first ones."""
        own: Sequence[Any] = self.run.studies[STUDENT].answers if STUDENT in self.run.studies else ()
        results = sorted((each.result for each in own if each.result is not None), key=lambda each: each.error)
        starts = [reduced_start(self.space, each.settings)[0] for each in results[:OWN_STARTS]]
        return [*starts, *map(dict, self.space.starts)]

    def _seed(self, *parts: object) -> int:
        return derive_seed(self.run.options.seed, "distill", *parts)

    def _summary(self, last: _Last, tried: Sequence[_Tried], scored: SealedErrors | None) -> dict[str, Any]:
        answered = self.answered
        chosen = chosen_on_others(answered.target, [each.prediction for each in tried], self._groups())
        found: dict[str, Any] = {
            "metric": self.run.prepared.metric,
            "teacher": answered.name,
            "single": answered.single,
            "parameters": last.network.size().total,
            "teacher_parameters": answered.model.size().total,
            "cv_error": max(answered.target.error(chosen), last.tried.error),
            "teacher_cv_error": answered.error,
            "single_cv_error": answered.single_error,
            "predict_us_per_row": last.microseconds,
        }
        found["cv_gain_kept"] = self._kept(found["cv_error"], answered.error, answered.single_error)
        found |= {} if scored is None else self._tested(scored)
        return {
            name: None if isinstance(each, float) and not np.isfinite(each) else each for name, each in found.items()
        }

    def _kept(self, own: float, teacher: float, single: float) -> float | None:
        """None where the teacher is the best single model."""
        return None if self.answered.name == self.answered.single else gain_kept(own, teacher, single)

    def _tested(self, own: SealedErrors) -> dict[str, Any]:
        known = test_models(self.run, self.answered.best, self.answered.blend)
        teacher, single = known[self.answered.name], known[self.answered.single]
        return {
            "test_error": own.error,
            "test_low": own.low,
            "test_high": own.high,
            "teacher_test_error": teacher.error,
            "single_test_error": single.error,
            "test_gain_kept": self._kept(own.error, teacher.error, single.error),
        }

    def _scored(self, prediction: FloatArray, microseconds: float) -> SealedErrors:
        assert self.run.test is not None
        return sealed_errors(
            prediction,
            microseconds,
            self.run.test,
            self.run.prepared.metric,
            self.run.options.seed,
            known_tasks=len(self.data.tasks),
            ranked_by_new_tasks=self.run.options.holdout_tasks is not None,
        )

    def _groups(self) -> IntArray:
        """(rows,) of which each is scored by what the others chose."""
        return groups_of(self.run.data.fold[self.answered.rows], unit_of(self.run))


def _microseconds(network: Networks, rows: Dataset) -> float:
    """That predicting a row takes, the least of some tries: networks of tasks are made at the first use."""
    network.predict(rows)
    return min(timed(network.predict, rows)[1] for _ in range(TIMED))


def _told(error: float | None) -> str:
    return "not defined" if error is None else digits(error)


def gain_kept(own: float, teacher: float, single: float) -> float | None:
    """Share of what the teacher is better by than the best single model; None where it is not better, or not known."""
    return (single - own) / (single - teacher) if teacher < single and np.isfinite(own) else None
