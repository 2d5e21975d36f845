"""A trial that was stopped at a rung is PRUNED and has no result: nothing of low fidelity is taken for an answer."""

import json
import tomllib
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.trial import FrozenTrial, TrialState

from mthn_automl.received import typed
from mthn_automl.storage import read_json
from mthn_automl.training.fit import Schedule
from mthn_automl.tuning.journal import open_journal
from mthn_automl.tuning.plan import Plan
from tests.command import Ended
from tests.faults.runs import Trials, call, results, written
from tests.tuning import toys

pytestmark = pytest.mark.faults

RATES = (2e-2, 1e-2, 3e-2, 1e-6, 1e-5, 3e-5)
"""Learning rates in turn: some that are good, and some with which next to nothing is learnt."""

TRIALS = len(RATES)


class Searched:
    """A search whose first trials learn well, and whose others as good as nothing until they are stopped."""

    def __init__(self, folder: Path) -> None:
        space, self.run = toys.rates_space(folder, RATES).path, folder / "run"
        words = (*written(folder, tasks=8, rows=24), "--space", space, "--architectures", "rates")
        words = (*words, "--trials", TRIALS, "--folds", 2, "--seeds", 1, "--no-ablation")
        self.answer: Ended = call(*words, "--runner", "local", "--output", self.run)
        self.journal = Trials.of(self.run)
        study = optuna.load_study(study_name="rates", storage=open_journal(self.run / "study.journal")[1])
        self.trials = {f"rates-{trial.number}": trial for trial in study.get_trials()}

    def trials_that_are(self, state: TrialState) -> list[tuple[str, FrozenTrial]]:
        return [(name, trial) for name, trial in self.trials.items() if trial.state is state]

    def schedule(self) -> Schedule:
        config = tomllib.loads((self.run / "config.resolved.toml").read_text(encoding="utf-8"))
        return typed(config["plan"], Plan).schedule


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return Searched(tmp_path_factory.mktemp("pruned"))


def test_every_complete_trial_was_trained_to_its_own_end(searched: Searched) -> None:
    """Every fold until it made no progress for as long as the plan is patient, or to the last epoch of all."""
    assert searched.answer.code == 0, searched.answer.err
    complete, pruned = len(searched.journal.complete), len(searched.journal.pruned)
    assert (complete >= 3, pruned >= 2, complete + pruned, searched.journal.told) == (True, True, TRIALS, TRIALS)
    schedule = searched.schedule()
    for name, trial in searched.trials_that_are(TrialState.COMPLETE):
        lines = (searched.run / "trials" / name / "curve.jsonl").read_text(encoding="utf-8").splitlines()
        curve = [json.loads(line) for line in lines]
        epochs = np.array([line["epoch"] for line in curve])
        losses = np.array([line["validation_loss"] for line in curve], float)
        best = epochs[np.nanargmin(losses, axis=0)].max()
        patience = schedule.times(1.0, trial.params.get("patience_factor", 1.0)).patience
        assert epochs[-1] == schedule.max_epochs or epochs[-1] - best >= patience


def test_every_pruned_trial_has_its_rung_and_no_result(searched: Searched) -> None:
    rungs = searched.schedule().rungs
    for name, trial in searched.trials_that_are(TrialState.PRUNED):
        folder = searched.run / "trials" / name
        stored = read_json(folder / "result.json")
        assert (stored["state"], "result" in stored, trial.user_attrs["result"]) == ("PRUNED", False, None)
        assert list(trial.intermediate_values) == [trial.last_step]
        assert trial.last_step in rungs
        assert stored["reason"] == trial.user_attrs["reason"]
        assert f"(epoch {trial.last_step}, p = " in stored["reason"]
        assert not (folder / "out_of_fold.npy").exists()


def test_no_value_of_a_pruned_trial_is_in_a_table(searched: Searched) -> None:
    tradeoff = pd.read_csv(searched.run / "tradeoff.csv").query("architecture != 'ensemble'")
    names = tradeoff["architecture"] + "-" + tradeoff["trial"].astype(str)
    assert sorted(names) == sorted(searched.journal.complete) == sorted(results(searched.run))
    pruned = [trial.intermediate_values for _, trial in searched.trials_that_are(TrialState.PRUNED)]
    shown = {value for values in pruned for value in values.values()}
    assert shown
    assert not shown & set(tradeoff["cv_error"])
    board = pd.read_csv(searched.run / "leaderboard.csv").query("architecture != 'ensemble'")
    assert board["pruned"].tolist() == [len(searched.journal.pruned)]
    assert board["cv_error"].tolist() == [tradeoff["cv_error"].min()]
