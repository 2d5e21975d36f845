"""From refitted and tested models to the run's files; summary.json alone comes after them."""

import os
import shutil
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from mthn_automl.analysis.leaderboard import Finalist, errors_of, leaderboard
from mthn_automl.analysis.preferences import joined, preference_curve
from mthn_automl.analysis.sealed import SealedErrors
from mthn_automl.analysis.tradeoff import tradeoff
from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.errors import NothingFinishedError
from mthn_automl.report.figures import save_figures
from mthn_automl.run.final_fits import Fitted, Tested, fold_share
from mthn_automl.run.predictions import predictions
from mthn_automl.run.run import Run
from mthn_automl.storage import replacing, write_text, writing
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.final import Refitted
from mthn_automl.tuning.runners.runner import Failed
from mthn_automl.tuning.trial import PREDICTIONS


@dataclass(frozen=True)
class Answer:
    """What the phases of a run found.

    Attributes:
        run: its studies hold the trials.
        fitted: refits by architecture.
        tested: errors and predictions on the sealed rows, by architecture.
        ablation: the table of `ablation.csv`.
    """

    run: Run
    fitted: Fitted
    tested: Tested
    ablation: pd.DataFrame

    @cached_property
    def models(self) -> dict[str, Refitted]:
        """Of the architectures whose refit gave one, the best trial's first."""
        return {name: each for name, each in self.fitted.items() if isinstance(each, Refitted)}

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """A row an architecture."""
        lines = [self._finalist(name) for name in self.run.files]
        lines += [Finalist(name, None, note=f"skipped: {reason}") for name, reason in self.run.skipped.items()]
        return leaderboard(lines, fold_share(self.run))

    def _finalist(self, name: str) -> Finalist:
        study, model = self.run.studies[name], self.models.get(name)
        result = None if study.best is None else study.best.result
        sealed = self.tested[name][0] if name in self.tested else None
        return Finalist(
            name,
            result,
            trials=study.count(Ending.COMPLETE),
            stopped=study.count(Ending.STOPPED),
            first_rounds=min(self.run.plan.rounds, study.budget_used),
            size=model.size() if model else result.size if result else None,
            train_seconds=model.seconds if model else None,
            sealed=sealed,
            note="; ".join(filter(None, (self._remark(name), _too_slow(sealed, study.limits.latency)))),
        )

    def _remark(self, name: str) -> str:
        """What there is to say of an architecture's refit, or why there is none."""
        match self.fitted.get(name):
            case Refitted(stopped_by_time=stopped, notes=notes):
                return "; ".join((*notes, *(["the refit was stopped by the time limit"] if stopped else [])))
            case Failed(reason):
                return f"the refit failed: {reason}"
        study = self.run.studies[name]
        if study.count(Ending.COMPLETE):
            return "no trial kept the limits"
        failures = [*study.reasons(Ending.REFUSED), *study.reasons(Ending.FAILED)]
        return f"no trial finished: {failures[-1]}" if failures else "no trial finished in the time given"

    @cached_property
    def tradeoff(self) -> pd.DataFrame:
        """A row a finished trial."""
        studies = self.run.studies
        complete = [record for study in studies.values() for record in study.ended(Ending.COMPLETE)]
        trials = [(record.number, record.result) for record in complete if record.result is not None]
        beyond = {(record.architecture, record.number) for record in complete if not record.is_answer}
        return tradeoff(trials, latency="latency" in studies.objectives, beyond=beyond)

    @cached_property
    def preferences(self) -> pd.DataFrame:
        """Curves of the models that one training gave for every preference; none without test rows."""
        test, metric = self.run.test, self.run.prepared.metric
        curves = [
            preference_curve(name, partial(_at_preference, each.model, test), test, metric)
            for name, each in self.models.items()
            if test is not None and isinstance(each.model, Networks) and each.model.has_preference
        ]
        return joined(curves)

    @cached_property
    def winner(self) -> str:
        """The best-ranked architecture of those that have a model.

        Raises:
            NothingFinishedError: no architecture could be refitted.
        """
        ranked = [str(name) for name in self.leaderboard["architecture"] if name in self.models]
        if not ranked:
            reason = next(each.reason for each in self.fitted.values() if isinstance(each, Failed))
            raise NothingFinishedError(f"No refit finished: {reason}; the trials are kept in {self.run.folder.path}.")
        return ranked[0]

    def write(self) -> None:
        """Tables, predictions, figures and models.

        Raises:
            NothingFinishedError: no architecture could be refitted.
        """
        folder = self.run.folder
        tables = {name: getattr(self, name) for name in ("leaderboard", "tradeoff", "ablation", "preferences")}
        for name, table in tables.items():
            if name != "preferences" or len(table):
                write_text(folder.path / f"{name}.csv", table.to_csv(index=False))
        rows = predictions(self.run, {name: prediction for name, (_, prediction) in self.tested.items()})
        with replacing(folder.path / "predictions.parquet") as file:
            rows.to_parquet(file, index=False)
        save_figures(folder.figures, tables, self.run.prepared.metric)
        self._write_models()
        self._forget_predictions()

    def _write_models(self) -> None:
        """Each architecture's model, and the best-ranked one again as the winner."""
        run, winner = self.run, self.winner
        for name, model in self.models.items():
            settings = run.studies[name].space.split(run.best()[name][1].settings)[0]
            metrics = {"metric": run.prepared.metric, **errors_of(self.leaderboard, name)}
            write_model(run.folder.models / name, model, run.files[name], settings, run.data.dataset, metrics)
        _replace_folder(run.folder.models / winner, run.folder.model)

    def _forget_predictions(self) -> None:
        """Out-of-fold predictions of all but the best trials, which would otherwise grow with rows x trials."""
        best = {f"{name}-{number}" for name, (number, _) in self.run.best().items()}
        for stored in self.run.folder.trials.glob(f"*/{PREDICTIONS}"):
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


def _too_slow(errors: SealedErrors | None, latency: float | None) -> str:
    if errors is None or latency is None or errors.microseconds <= latency:
        return ""
    return f"predicting a test row took {errors.microseconds:.3g} us, above the limit"
