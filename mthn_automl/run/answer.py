"""From refitted and tested models to the run's files; summary.json alone is left to the session."""

import os
import shutil
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from mthn_automl.analysis.leaderboard import Finalist, errors_of, leaderboard
from mthn_automl.analysis.preferences import joined, preference_curve
from mthn_automl.analysis.tradeoff import tradeoff
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.errors import NothingFinishedError
from mthn_automl.report.figures import save_figures
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.predictions import predictions
from mthn_automl.run.prepare import Prepared
from mthn_automl.run.tested import Tested
from mthn_automl.storage import replacing, write_text, writing
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.final import Refitted
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.runners.runner import Failed
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import Study
from mthn_automl.tuning.trial import PREDICTIONS


@dataclass(frozen=True)
class Answer:
    """What the phases of a run found.

    test_share: validation rows over training rows of one fold. skipped: why architectures were not begun, by name.
    plan: what each trial was.
    """

    prepared: Prepared
    data: SearchData
    files: dict[str, SpaceFile]
    studies: Studies
    fitted: dict[str, Refitted | Failed]
    tested: dict[str, Tested]
    ablation: pd.DataFrame
    test_share: float
    skipped: dict[str, str]
    plan: Plan

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """A row an architecture."""
        lines = [
            replace(
                finalist(name, self.studies, self.fitted.get(name), self.tested.get(name)),
                first_rounds=min(self.plan.rounds, self.studies[name].budget_used),
            )
            for name in self.files
        ]
        lines += [Finalist(name, None, 0, reason=f"skipped: {reason}") for name, reason in self.skipped.items()]
        return leaderboard(lines, self.test_share)

    @cached_property
    def tradeoff(self) -> pd.DataFrame:
        """A row a finished trial."""
        complete = [record for study in self.studies.values() for record in study.ended(Ending.COMPLETE)]
        trials = [(record.number, record.result) for record in complete if record.result is not None]
        beyond = {(record.architecture, record.number) for record in complete if not record.is_answer}
        return tradeoff(trials, latency="latency" in self.studies.objectives, beyond=beyond)

    @cached_property
    def preferences(self) -> pd.DataFrame:
        """Curves of the models that one training gave for every preference; none without test rows."""
        test, models = (
            self.prepared.test,
            {name: each for name, each in self.fitted.items() if isinstance(each, Refitted)},
        )
        curves = [
            preference_curve(name, partial(_at_preference, each.model, test), test, self.data.metric)
            for name, each in models.items()
            if test is not None and isinstance(each.model, Networks) and each.model.has_preference
        ]
        return joined(curves)

    def write(self, folder: RunFolder) -> str:
        """Tables, predictions, figures and models; returns the winner's name.

        Raises:
            NothingFinishedError: no architecture could be refitted.
        """
        tables = {"leaderboard": self.leaderboard, "tradeoff": self.tradeoff, "ablation": self.ablation}
        if len(self.preferences):
            tables["preferences"] = self.preferences
        for name, table in tables.items():
            write_text(folder.path / f"{name}.csv", table.to_csv(index=False))
        rows = predictions(folder, self.studies, self.data.dataset, self.prepared.test, self.tested)
        with replacing(folder.path / "predictions.parquet") as file:
            rows.to_parquet(file, index=False)
        save_figures(folder.figures, self.leaderboard, self.tradeoff, self.ablation, self.preferences, self.data.metric)
        winner = self._write_models(folder)
        self._forget_predictions(folder)
        return winner

    def _write_models(self, folder: RunFolder) -> str:
        """Each architecture's model, and the best-ranked one again as the winner."""
        models = {name: each for name, each in self.fitted.items() if isinstance(each, Refitted)}
        ranked = [str(name) for name in self.leaderboard["architecture"] if name in models]
        if not ranked:
            reasons = [each.reason for each in self.fitted.values() if isinstance(each, Failed)]
            raise NothingFinishedError(f"No refit finished: {reasons[0]}; the trials are kept in {folder.path}.")
        for name in ranked:
            best = self.studies[name].best
            settings = {} if best is None else self.studies[name].space.split(best.settings)[0]
            metrics = {"metric": self.data.metric, **errors_of(self.leaderboard, name)}
            write_model(folder.models / name, models[name], self.files[name], settings, self.data.dataset, metrics)
        _replace_folder(folder.models / ranked[0], folder.model)
        return ranked[0]

    def _forget_predictions(self, folder: RunFolder) -> None:
        """Out-of-fold predictions of all but the best trials, which would otherwise grow with rows x trials."""
        best = {study.best.name for study in self.studies.values() if study.best is not None}
        for stored in folder.trials.glob(f"*/{PREDICTIONS}"):
            if stored.parent.name not in best:
                stored.unlink()


def _at_preference(model: Networks, rows: Dataset, preference: float) -> tuple[FloatArray, int]:
    asked = model.at_preference(preference)
    if asked.task_networks is None:
        return asked.predict(rows), asked.size().task_network
    return asked.predict(rows), asked.task_networks.working_parameters()


def _replace_folder(source: "os.PathLike[str]", target: "os.PathLike[str]") -> None:
    """A copy of `source` at `target`, there whole or not at all."""
    staged = f"{os.fspath(target)}.new"
    shutil.rmtree(staged, ignore_errors=True)
    try:
        with writing(Path(target)):
            _copied(Path(source), Path(staged))
            shutil.rmtree(target, ignore_errors=True)
            os.replace(staged, target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def _copied(source: Path, target: Path) -> None:
    """As `shutil.copytree`, which would turn a full disk into an error of its own that lists files."""
    target.mkdir()
    for each in filter(Path.is_file, source.iterdir()):
        shutil.copyfile(each, target / each.name)


def finalist(name: str, studies: Studies, fitted: Refitted | Failed | None, tested: Tested | None) -> Finalist:
    """The line of the leaderboard for one architecture."""
    study = studies[name]
    model = fitted if isinstance(fitted, Refitted) else None
    result = None if study.best is None else study.best.result
    line = Finalist(
        name,
        result,
        study.count(Ending.COMPLETE),
        pruned=study.count(Ending.STOPPED),
        reason=_remark(study, fitted),
    )
    if result is not None:
        line = replace(line, size=result.size, predict_us_per_row=result.predict_us_per_row)
    if model is not None:
        line = replace(line, size=model.size(), train_seconds=model.seconds)
    return line if tested is None else _with_test(line, tested, studies.limits.latency)


def _with_test(line: Finalist, tested: Tested, latency: float | None) -> Finalist:
    slow = latency is not None and tested.microseconds_per_row > latency
    slower = f"predicting a test row took {tested.microseconds_per_row:.3g} us, above the limit" if slow else ""
    return replace(
        line,
        reason="; ".join(each for each in (line.reason, slower) if each),
        test_error=tested.error,
        test_low=tested.low,
        test_high=tested.high,
        test_error_tasks=tested.error_tasks,
        test_low_tasks=tested.low_tasks,
        test_high_tasks=tested.high_tasks,
        undefined_tasks=tested.undefined_tasks,
        predict_us_per_row=tested.microseconds_per_row,
    )


def _remark(study: Study, fitted: Refitted | Failed | None) -> str:
    if isinstance(fitted, Failed):
        return f"the refit failed: {fitted.reason}"
    if isinstance(fitted, Refitted):
        stopped = ("the refit was stopped by the time limit",) if fitted.stopped_by_time else ()
        return "; ".join((*fitted.notes, *stopped))
    if study.count(Ending.COMPLETE):
        return "no trial kept the limits"
    failures = [*study.reasons(Ending.REFUSED), *study.reasons(Ending.FAILED)]
    return f"no trial finished: {failures[-1]}" if failures else "no trial finished in the time given"
