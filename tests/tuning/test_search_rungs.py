"""The source of trials at rungs: who is stopped, what is recorded of it, and what a restart remembers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mthn_automl.storage import write_json
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.events import TrialAtRung, TrialFinished, TrialStarted
from mthn_automl.tuning.rungs import Rung
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.trial import Trial, read_rungs, write_rungs
from tests.tuning import toys
from tests.tuning.sources import Place, good, place, recovered, states, taken


def rung(epoch: int, level: float) -> Rung:
    """Twelve cells around a level, so that what is twice as bad is shown to be worse."""
    return toys.rung(epoch, level * (1 + 0.01 * np.arange(12.0).reshape(2, 6)))


def with_rungs(here: Place, **given: Any) -> TrialSource:
    return here.source(rungs=(10, 30), **given)


def to_the_end(source: TrialSource, level: float) -> None:
    """A trial that is stopped at no rung and finishes."""
    trial = taken(source)
    assert not any(source.at_rung(trial, rung(epoch, level)) for epoch in (10, 30))
    source.finished(trial, replace(good(level), last=rung(40, level)))


def after_two(here: Place, **given: Any) -> TrialSource:
    """A source of which two trials, as good as each other, have finished."""
    source = with_rungs(here, **given)
    to_the_end(source, 1.0), to_the_end(source, 1.0)
    return source


def stopped(source: TrialSource, level: float = 50.0, epoch: int = 10) -> Trial:
    """A trial that is stopped at a rung."""
    trial = taken(source)
    assert source.at_rung(trial, rung(epoch, level))
    return trial


def stored(trial: Trial) -> dict[str, str]:
    return dict(json.loads((trial.folder / "result.json").read_text()))


def test_an_architecture_that_lists_rungs_of_its_own_is_compared_at_these(tmp_path: Path) -> None:
    """But nobody is where trials are not to be stopped."""
    here = place(tmp_path, names=("toy", "forest"))
    here.files["forest"] = replace(here.files["forest"], rungs=(20, 50))
    found = {name: rungs.epochs for name, rungs in with_rungs(here).rungs.items()}
    assert found == {"toy": (10, 30), "forest": (20, 50)}
    assert [rungs.epochs for rungs in here.source().rungs.values()] == [(), ()]


REASON = "worse than trial 0, the last of the best third, at rung 1 of 2 (epoch 10, p = "


def test_a_trial_that_is_stopped_at_a_rung_is_pruned_and_never_complete(tmp_path: Path) -> None:
    source = after_two(place(tmp_path), trials=3)
    trial, study = stopped(source), source.studies["toy"]
    assert trial.name not in source.live
    assert [record.number for record in study.ended(Ending.COMPLETE)] == [0, 1]
    assert (study.count(Ending.STOPPED), study.budget_used, study.reasons(Ending.FAILED)) == (1, 3, [])
    assert source.next() is None
    assert source.at_rung(trial, rung(30, 0.1))  # a runner that goes on is told to stop again and changes nothing
    source.finished(trial, good(0.1))
    source.lost(trial, "killed")
    assert states(source) == {"COMPLETE": 2, "PRUNED": 1}
    assert stored(trial)["state"] == "PRUNED"


def test_the_folder_and_the_journal_keep_why_and_what_a_stopped_trial_showed(tmp_path: Path) -> None:
    source = after_two(place(tmp_path))
    trial = stopped(source)
    last = source.studies["toy"].records[2]
    assert last.reason.startswith(REASON)
    assert stored(trial) == {"state": "PRUNED", "reason": last.reason}
    assert [each.epoch for each in read_rungs(trial.folder)] == [10]
    assert (last.shown, last.result) == ((10, pytest.approx(rung(10, 50.0).error)), None)


def test_rungs_that_are_passed_and_the_one_where_a_trial_ends_are_reported(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = after_two(here)
    here.events.clear()
    trial = taken(source)
    source.at_rung(trial, rung(10, 1.0))
    source.at_rung(trial, rung(30, 50.0))
    *before, last = here.events
    assert before == [TrialStarted("toy", 2), TrialAtRung("toy", 2, 1, 2, 10)]
    assert isinstance(last, TrialFinished)
    assert (last.state, last.error, last.best) == ("PRUNED", None, 1.0)
    assert "at rung 2 of 2 (epoch 30" in last.reason


def test_trials_are_compared_with_those_of_their_own_architecture_only(tmp_path: Path) -> None:
    source = with_rungs(place(tmp_path, names=("a", "b")))
    for trial in [taken(source) for _ in range(6)]:
        level = 1.0 if trial.architecture == "a" else 50.0
        assert not source.at_rung(trial, rung(10, level))


def test_comparisons_go_on_after_a_restart_as_before(tmp_path: Path) -> None:
    here = place(tmp_path)
    killed = with_rungs(here)
    to_the_end(killed, 1.0)
    running = taken(killed)
    killed.at_rung(running, rung(10, 1.1))
    again = with_rungs(here)
    recovered(again)
    before, after = (
        [repr(dict(sorted(each.items()))) for each in source.rungs["toy"].seen.values()] for source in (killed, again)
    )
    assert after == before
    assert taken(again).root == running.number
    stopped(again)


def test_a_trial_whose_stop_was_not_recorded_any_more_is_stopped_after_a_restart(tmp_path: Path) -> None:
    here = place(tmp_path)
    trial = taken(after_two(here, trials=3))
    write_rungs(trial.folder, [rung(10, 50.0)])
    write_json(trial.folder / "result.json", {"state": "PRUNED", "reason": "worse than trial 0"})
    again = with_rungs(here, trials=3)
    assert recovered(again) == 1
    assert states(again) == {"COMPLETE": 2, "PRUNED": 1}
    assert again.studies["toy"].records[2].shown == (10, pytest.approx(rung(10, 50.0).error))
    assert again.next() is None


def test_a_finished_trial_stands_at_later_rungs(tmp_path: Path) -> None:
    source = with_rungs(place(tmp_path))
    for _ in range(2):
        source.finished(taken(source), replace(good(), last=rung(12, 1.0)))
    number = stopped(source, epoch=30).number
    assert "at rung 2 of 2" in source.studies["toy"].records[number].reason


def test_with_parameters_as_an_objective_larger_trials_stop_no_smaller_ones(tmp_path: Path) -> None:
    source = with_rungs(place(tmp_path), objectives=("error", "parameters"))
    assert source.rungs["toy"].several
    assert not with_rungs(place(tmp_path / "other")).rungs["toy"].several
