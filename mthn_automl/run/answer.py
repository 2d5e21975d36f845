"""From tested models to the run's files; summary.json alone comes after them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.analysis.leaderboard import Finalist, errors_of, leaderboard
from mthn_automl.analysis.preferences import joined, preference_curve
from mthn_automl.analysis.sealed import SealedErrors
from mthn_automl.analysis.targets import target_errors
from mthn_automl.analysis.tradeoff import tradeoff
from mthn_automl.analysis.trials import trials_table
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.adapt.measure import Unseen
from mthn_automl.deployment.calibration.intervals import Intervals
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.errors import FormatError, NothingFinishedError
from mthn_automl.models.base import Classical
from mthn_automl.report.drawing import draw
from mthn_automl.run.calibrating import Hidden, intervals
from mthn_automl.run.embeddings import Embedded
from mthn_automl.run.ensembling import ENSEMBLE, Blend
from mthn_automl.run.folder import IF_ANY, TABLES
from mthn_automl.run.models import Best, Finished, out_of_fold
from mthn_automl.run.origin import origin_of
from mthn_automl.run.predictions import predictions
from mthn_automl.run.run import Run
from mthn_automl.run.tables import importances_of, tasks_of
from mthn_automl.run.testing import Tested
from mthn_automl.storage import copying, replacing, write_text
from mthn_automl.training.encode import validation_share
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.runners.runner import Failed
from mthn_automl.tuning.trial_model import TrialModel


@dataclass(frozen=True)
class Answer:
    """What the phases of a run found.

    Attributes:
        run: its studies hold the trials.
        best: the best trial of each architecture, with its model.
        blend: the ensemble; None: there is none.
        tested: errors and predictions on the sealed rows.
        ablation: the table of `ablation.csv`.
        usual: errors of LightGBM with its defaults; None: they were not measured.
        embedded: what is known of the embeddings.
    """

    run: Run
    best: Best
    blend: Blend | None
    tested: Tested
    ablation: pd.DataFrame
    usual: dict[str, Any] | None
    embedded: Embedded

    @cached_property
    def finished(self) -> dict[str, Finished]:
        """Of the architectures that have a model, the best trial's first."""
        return {name: each for name, each in self.best.items() if isinstance(each, Finished)}

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """A row an architecture, and one for the ensemble."""
        lines = [self._finalist(name) for name in self.run.files]
        if self.blend is not None:
            lines.append(self._ensemble(self.blend))
        lines += [Finalist(name, None, note=f"skipped: {reason}") for name, reason in self.run.skipped.items()]
        return leaderboard(lines, validation_share(self.run.data.fold, forward=self.run.data.forward))

    def _finalist(self, name: str) -> Finalist:
        study, sealed = self.run.studies[name], self.tested.get(name)
        result = None if study.best is None else study.best.result
        if name in self.finished:
            result = replace(self.finished[name].result, size=self.finished[name].model.size())
        return Finalist(
            name,
            result,
            trials=study.count(Ending.COMPLETE),
            stopped=study.count(Ending.STOPPED),
            first_rounds=min(self.run.plan.rounds, study.budget_used),
            sealed=sealed,
            stored_rows=sum(self._stored_rows(name).values()),
            note="; ".join(filter(None, (self._remark(name), _too_slow(sealed, study.limits.latency)))),
        )

    def _ensemble(self, blend: Blend) -> Finalist:
        sealed = self.tested.get(ENSEMBLE)
        slow = _too_slow(sealed, self.run.limits.latency)
        single = f"first, since the best single model, chosen as honestly, would have {blend.single_error:.4g}"
        note = "; ".join(filter(None, (single if blend.is_best else "", slow)))
        members = len(blend.members)
        stored = sum(self._stored_rows(ENSEMBLE).values())
        return Finalist(
            ENSEMBLE, blend.result, members, sealed=sealed, stored_rows=stored, note=note, first=blend.is_best
        )

    def _remark(self, name: str) -> str:
        """What there is to say of an architecture's model, or why there is none."""
        match self.best.get(name):
            case Finished():
                return ""
            case Failed(reason):
                return f"its model is lost: {reason}"
        study = self.run.studies[name]
        if study.count(Ending.COMPLETE):
            return "no trial kept the limits"
        failures = [*study.reasons(Ending.REFUSED), *study.reasons(Ending.FAILED)]
        return f"no trial finished: {failures[-1]}" if failures else "no trial finished in the time given"

    @cached_property
    def tradeoff(self) -> pd.DataFrame:
        """A row a finished trial, and one for each number of members of the ensemble."""
        studies = self.run.studies
        complete = [record for study in studies.values() for record in study.ended(Ending.COMPLETE)]
        told = {(name, each.model.number): each.result for name, each in self.finished.items()}
        trials = [
            (record.number, replace(record.result, **_errors_as(told.get((record.architecture, record.number)))))
            for record in complete
            if record.result is not None
        ]
        if self.blend is not None:
            results = [*self.blend.results[:-1], self.blend.result]
            trials += [(len(each.settings["members"]), each) for each in results]
        beyond = {(record.architecture, record.number) for record in complete if not record.is_answer}
        return tradeoff(trials, latency="latency" in studies.objectives, beyond=beyond)

    @cached_property
    def members(self) -> pd.DataFrame:
        """The members of the ensemble, as the picture of their weights needs them."""
        members = () if self.blend is None else self.blend.members
        rows = [
            {
                "architecture": each.model.name,
                "trial": each.model.number,
                "weight": each.weight,
                "cv_error": each.result.error,
                "parameters": each.model.size().total,
            }
            for each in members
        ]
        return pd.DataFrame(rows, columns=["architecture", "trial", "weight", "cv_error", "parameters"])

    @cached_property
    def preferences(self) -> pd.DataFrame:
        """Curves of the models that one training gave for every preference; none without test rows."""
        test, metric = self.run.test, self.run.prepared.metric
        curves = [
            preference_curve(name, partial(_at_preference, each.model.model, test), test, metric)
            for name, each in self.finished.items()
            if test is not None and not isinstance(each.model.model, Classical) and each.model.model.has_preference
        ]
        return joined(curves)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row an architecture and row that it predicted unseen."""
        return predictions(self.run, self.finished, self.blend, self.tested)

    @cached_property
    def targets(self) -> pd.DataFrame:
        """Errors by target; none where there is one only."""
        targets = self.run.data.dataset.schema.targets
        rows = self.predictions if len(targets) > 1 else self.predictions[:0]
        return target_errors(rows, targets, self.run.prepared.metric)

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """Errors task by task, and whom sharing helps or harms."""
        return tasks_of(self.run, self.predictions, self.leaderboard, self.winner)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """Every trial that has ended."""
        return trials_table(self.run.studies.records)

    @cached_property
    def importances(self) -> pd.DataFrame:
        """Which settings mattered, by architecture."""
        return importances_of(self.run)

    @property
    def embeddings(self) -> pd.DataFrame:
        """Each task's place on the map of embeddings."""
        return self.embedded.table

    @property
    def reconstruction(self) -> pd.DataFrame:
        """How well metadata can be told from embeddings."""
        return self.embedded.reconstruction

    @cached_property
    def winner(self) -> str:
        """The best-ranked architecture that has a model, or the ensemble.

        Raises:
            NothingFinishedError: no model is left.
        """
        ranked = [str(name) for name in self.leaderboard["architecture"] if name in self._models]
        if not ranked:
            reason = next(each.reason for each in self.best.values() if isinstance(each, Failed))
            raise NothingFinishedError(f"No model is left of the trials in {self.run.folder.path}: {reason}")
        return ranked[0]

    @cached_property
    def _models(self) -> Mapping[str, list[tuple[TrialModel, float]]]:
        """What is saved under each name: models with their weights."""
        single = {name: [(each.model, 1.0)] for name, each in self.finished.items()}
        if self.blend is None:
            return single
        return {**single, ENSEMBLE: [(each.model, each.weight) for each in self.blend.members]}

    @cached_property
    def intervals(self) -> Mapping[str, Intervals]:
        """Of each of what is saved that can state them."""
        hidden: Hidden = {}
        held_out = {name: each.held_out for name, each in self.finished.items()}
        if self.blend is not None:
            held_out[ENSEMBLE] = self.blend.held_out
        found = {name: intervals(self.run, members, held_out[name], hidden) for name, members in self._models.items()}
        return {name: each for name, each in found.items() if each is not None}

    def temperature(self, name: str) -> float:
        """Of the probabilities of what is saved under a name."""
        if name == ENSEMBLE and self.blend is not None:
            return self.blend.temperature
        return self.finished[name].temperature

    def write(self) -> None:
        """Models first, then tables and predictions.

        Raises:
            NothingFinishedError: no model is left.
        """
        folder, winner = self.run.folder, self.winner
        for name, members in self._models.items():
            metrics = {"metric": self.run.prepared.metric, **errors_of(self.leaderboard, name)}
            origin, unseen = origin_of(self.run, errors_of(self.leaderboard, name)), self._unseen(members)
            write_model(
                folder.models / name,
                name,
                members,
                self.run.data.dataset,
                metrics,
                origin=origin,
                unseen=unseen,
                intervals=self.intervals.get(name),
                temperature=self.temperature(name),
            )
        copying(folder.models / winner, folder.model)
        for name, table in self._tables.items():
            if name not in IF_ANY or len(table):
                write_text(folder.path / f"{name}.csv", table.to_csv(index=False))
        with replacing(folder.path / "predictions.parquet") as file:
            self.predictions.to_parquet(file, index=False)

    def _unseen(self, members: list[tuple[TrialModel, float]]) -> dict[str, Unseen]:
        """Out-of-fold predictions by trial, where they are left; `predictions` has said where they are not."""
        found, whole_tasks = {}, self.run.options.holdout_tasks is not None
        for model, _ in members:
            with suppress(FormatError):
                kept = out_of_fold(self.run, model.trial)
                if kept is not None:
                    seen = self.run.data.fold[:, None] < 0
                    found[model.trial] = Unseen(np.where(seen, np.nan, kept), whole_tasks)
        return found

    def stored_rows(self) -> dict[str, int]:
        """Training rows that can be read from the files of the winner, by the trial that holds them."""
        return self._stored_rows(self.winner)

    def _stored_rows(self, name: str) -> dict[str, int]:
        counts = {model.trial: model.stored_rows() for model, _ in self._models.get(name, ())}
        return {trial: count for trial, count in counts.items() if count}

    def draw(self) -> None:
        """The figures of the tables and the page; where they fail, that is said, and is no failure of the run."""
        reason = draw(self.run.folder.path, self._tables, self.run.folder.read_summary())
        if reason is not None:
            self.run.say(f"Figures or the page are missing, everything else is there: {reason}.")

    @property
    def _tables(self) -> dict[str, pd.DataFrame]:
        return {name: getattr(self, name) for name in TABLES}


def _errors_as(result: TrialResult | None) -> dict[str, Any]:
    """Errors as the leaderboard has them, which are those at a temperature; none of a trial that is not in it."""
    names = ("error", "error_rows", "error_tasks", "fold_errors")
    return {} if result is None else {name: getattr(result, name) for name in names}


def _at_preference(model: Any, rows: Dataset, preference: float) -> tuple[FloatArray, int]:
    asked = model.at_preference(preference)
    working = asked.working_parameters()
    return asked.predict(rows), asked.size().task_network if working is None else working


def _too_slow(errors: SealedErrors | None, latency: float | None) -> str:
    if errors is None or latency is None or errors.microseconds <= latency:
        return ""
    return f"predicting a test row took {errors.microseconds:.3g} us, above the limit"
