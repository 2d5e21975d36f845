"""The source of trials: budget, recovery, and what a trial leaves in its folder."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mthn_automl.catalogue import SearchSpace
from mthn_automl.storage import write_json
from mthn_automl.tuning.events import Event, TrialFinished, TrialStarted
from mthn_automl.tuning.local import LocalRunner
from mthn_automl.tuning.objective import Objective
from mthn_automl.tuning.search import PREDICTIONS, Budget, Outcome, Trial, TrialSource, read_outcome, run_trial
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.study import MAXIMUM_RETRIES, Studies
from tests.tuning import toys
from tests.tuning.toys import Behaviour


@dataclass
class Place:
    """A run folder in which sources can be opened one after another, as by one process after another."""

    folder: Path
    files: dict[str, SearchSpace]
    events: list[Event] = field(default_factory=list)

    def source(self, trials: int | None = None, ends: Callable[[], float | None] = lambda: None) -> TrialSource:
        spaces = {name: build_space(file, has_metadata=True) for name, file in self.files.items()}
        studies = Studies(self.folder / "study.journal", spaces, seed=0)
        return TrialSource(
            studies,
            self.files,
            self.folder / "trials",
            Budget(trials, ends),
            clock=lambda: 1.0,
            report=self.events.append,
        )


def place(tmp_path: Path, behaviour: Behaviour = "good", names: tuple[str, ...] = ("toy",)) -> Place:
    return Place(tmp_path, {name: toys.toy_space(tmp_path, behaviour, name) for name in names})


def taken(source: TrialSource) -> Trial:
    trial = source.next()
    assert trial is not None
    return trial


def good(error: float = 1.0) -> Outcome:
    return Outcome(toys.result(error))


def states(source: TrialSource) -> dict[str, int]:
    return {name: count for name, count in source.studies.states().items() if count}


def test_no_more_trials_begin_than_the_budget_has(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=2)
    first, second = taken(source), taken(source)
    assert source.next() is None
    source.finished(first, good())
    source.finished(second, Outcome(None, "broken"))
    assert source.next() is None
    assert states(source) == {"COMPLETE": 1, "FAIL": 1}


def test_trials_of_earlier_sessions_count_in_the_budget(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source(trials=3)
    source.finished(taken(source), good())
    source.finished(taken(source), good())
    again = here.source(trials=3)
    again.finished(taken(again), good())
    assert again.next() is None


def test_the_end_of_the_time_ends_the_trials(tmp_path: Path) -> None:
    ends = [time.time() + 100]
    source = place(tmp_path).source(ends=lambda: ends[0])
    assert taken(source).deadline == ends[0]
    ends[0] = time.time() - 1
    assert source.next() is None


def test_architectures_take_turns_at_first(tmp_path: Path) -> None:
    source = place(tmp_path, names=("a", "b", "c")).source()
    assert [taken(source).name for _ in range(6)] == ["a-0", "b-0", "c-0", "a-1", "b-1", "c-1"]


def test_each_begin_and_end_is_reported(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source()
    source.finished(taken(source), good(0.5))
    source.finished(taken(source), Outcome(None, "broken"))
    source.lost(taken(source), "killed")
    assert here.events == [
        TrialStarted("toy", 0),
        TrialFinished("toy", 0, 0.5, 0.5, 0.1, "COMPLETE"),
        TrialStarted("toy", 1),
        TrialFinished("toy", 1, None, 0.5, 0.0, "FAIL", "broken"),
        TrialStarted("toy", 2),
        TrialFinished("toy", 2, None, 0.5, 0.0, "FAIL", "killed"),
    ]


def test_what_is_told_twice_counts_once(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source()
    trial = taken(source)
    source.finished(trial, good(0.5))
    source.finished(trial, good(0.1))
    source.lost(trial, "killed")
    assert states(source) == {"COMPLETE": 1}
    assert [number for number, _ in source.studies.results("toy")] == [0]
    assert len(here.events) == 2


def test_a_lost_trial_runs_again_and_does_not_use_up_the_budget(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=1)
    first = taken(source)
    source.lost(first, "killed")
    again = taken(source)
    assert again.configuration.all_settings() == first.configuration.all_settings()
    assert (again.root, again.number, again.reason) == (0, 1, "lost with its process, run again")
    source.finished(again, good())
    assert source.next() is None


def test_a_lost_trial_comes_before_those_of_other_architectures(tmp_path: Path) -> None:
    source = place(tmp_path, names=("a", "b")).source()
    taken(source), taken(source), taken(source)
    source.lost(source.live["b-0"], "killed")
    assert taken(source).name == "b-1"


def test_a_search_whose_trials_are_all_lost_comes_to_an_end(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=2)
    begun = 0
    while (trial := source.next()) is not None and begun < 50:
        begun += 1
        source.lost(trial, "killed")
    assert begun == 2 * (1 + MAXIMUM_RETRIES)
    assert source.studies.failures("toy") == ["killed, 4 times"] * 2


def test_a_lost_trial_that_left_its_result_is_adopted(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=1)
    trial = taken(source)
    run_trial(trial, Objective(toys.search_data(), toys.plan()))
    source.lost(trial, "killed")
    assert states(source) == {"COMPLETE": 1}
    assert source.next() is None


def test_recovery_adopts_what_was_finished_and_queues_the_rest(tmp_path: Path) -> None:
    here = place(tmp_path)
    killed = here.source(trials=4)
    complete, failed, running, told = (taken(killed) for _ in range(4))
    killed.finished(told, good())
    write_json(complete.folder / "result.json", {"state": "COMPLETE", "result": toys.result(0.2).to_json()})
    write_json(failed.folder / "result.json", {"state": "FAIL", "reason": "it diverged"})
    write_json(running.folder / "params.json", {})
    again = here.source(trials=4)
    assert again.recover() == 3
    assert [number for number, _ in again.studies.results("toy")] == [0, 3]
    assert again.studies.failures("toy") == ["it diverged"]
    repeated = taken(again)
    assert (repeated.root, repeated.configuration.all_settings()) == (2, running.configuration.all_settings())
    assert again.next() is None


def test_recovery_is_done_once(tmp_path: Path) -> None:
    here = place(tmp_path)
    taken(here.source())
    again = here.source()
    assert (again.recover(), again.recover(), here.source().recover()) == (1, 0, 0)
    assert again.studies.retries_queued("toy") == 1


def test_a_driver_killed_again_and_again_gives_a_configuration_up(tmp_path: Path) -> None:
    here = place(tmp_path)
    found = [_killed(here) for _ in range(1 + MAXIMUM_RETRIES)]
    last = here.source(trials=5)
    last.recover()
    assert found == found[:1] * (1 + MAXIMUM_RETRIES)
    assert last.studies.failures("toy") == ["the search ended before this trial did, 4 times"]
    assert taken(last).configuration.all_settings() != found[0]


def _killed(here: Place) -> dict[str, Any]:
    source = here.source()
    source.recover()
    return taken(source).configuration.all_settings()


def trial_of(tmp_path: Path, behaviour: Behaviour, deadline: float | None = None) -> Trial:
    settings = {"offset": 0.5, "behaviour": behaviour}
    chosen = toys.configuration(toys.toy_space(tmp_path, behaviour), settings)
    return Trial(chosen, 4, 2, "because", tmp_path / "trials" / "toy-4", deadline)


@pytest.fixture(scope="module")
def objective() -> Objective:
    return Objective(toys.search_data(), toys.plan())


def test_a_trial_leaves_its_parameters_result_and_predictions(tmp_path: Path, objective: Objective) -> None:
    trial = trial_of(tmp_path, "good")
    outcome = run_trial(trial, objective)
    assert json.loads((trial.folder / "params.json").read_text()) == {
        "architecture": "toy",
        "number": 4,
        "root": 2,
        "reason": "because",
        "seed": 0,
        "settings": {"offset": 0.5, "behaviour": "good"},
    }
    assert read_outcome(trial.folder) == outcome
    stored = np.load(trial.folder / PREDICTIONS)
    assert stored.shape == (48, 1)
    assert np.isfinite(stored).all()


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("raises", "ValueError: the toy is broken"), ("infinite", "DivergedError: A prediction is not finite")],
)
def test_a_model_that_fails_is_an_outcome_with_its_reason(
    tmp_path: Path, objective: Objective, behaviour: Behaviour, reason: str
) -> None:
    trial = trial_of(tmp_path, behaviour)
    outcome = run_trial(trial, objective)
    assert outcome.result is None
    assert outcome.reason.startswith(reason)
    assert read_outcome(trial.folder) == outcome
    assert not (trial.folder / PREDICTIONS).exists()


@pytest.mark.parametrize(("own", "of_search"), [(None, -1.0), (0.0, None), (0.0, 100.0), (100.0, -1.0)])
def test_the_earlier_of_the_trials_and_the_searchs_deadline_holds(
    tmp_path: Path, own: float | None, of_search: float | None
) -> None:
    trial = trial_of(tmp_path, "slow", None if of_search is None else time.time() + of_search)
    outcome = run_trial(trial, Objective(toys.search_data(), toys.plan(trial_seconds=own)))
    assert outcome.reason.startswith("TimeoutError: Only")


def test_the_result_is_written_before_the_source_is_told(tmp_path: Path) -> None:
    here = place(tmp_path)
    source, seen = here.source(trials=2), list[str]()

    def watch(event: Event) -> None:
        if isinstance(event, TrialFinished):
            seen.append((tmp_path / "trials" / f"toy-{event.number}" / "result.json").read_text())

    source.report = watch
    runner = LocalRunner()
    with runner:
        runner.use(toys.search_data(), toys.plan())
        runner.search(source)
    assert [json.loads(each)["state"] for each in seen] == ["COMPLETE", "COMPLETE"]


def test_a_folder_without_a_result_has_no_outcome(tmp_path: Path) -> None:
    assert read_outcome(tmp_path) is None


def test_an_undefined_error_of_a_fold_survives_the_folder(tmp_path: Path) -> None:
    given = toys.result(0.5, fold_errors=(0.5, math.nan))
    write_json(tmp_path / "result.json", {"state": "COMPLETE", "result": given.to_json()})
    found = read_outcome(tmp_path)
    assert found is not None
    assert found.result is not None
    assert math.isnan(found.result.fold_errors[1])


def test_a_search_finds_the_lower_error(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=25)
    with LocalRunner() as runner:
        runner.use(toys.search_data(), toys.plan())
        runner.search(source)
    best = source.studies.best("toy")
    assert best is not None
    assert best[1].settings["offset"] < 0.1
    assert states(source) == {"COMPLETE": 25}


def test_a_runner_without_data_says_so() -> None:
    with LocalRunner() as runner, pytest.raises(RuntimeError, match="must be given data with `use`"):
        runner.run([toys.seven])
