"""The source of trials: budget, recovery, what is given up, and what an earlier process left."""

import json
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mthn_automl.storage import write_json
from mthn_automl.training.fit import drained
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.events import Event, TrialFinished, TrialStarted
from mthn_automl.tuning.objective import Objective
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.runners.local import LocalRunner
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.study import MAXIMUM_RETRIES
from mthn_automl.tuning.trial import Outcome, Trial, trial_steps
from tests.tuning import toys
from tests.tuning.sources import Place, good, place, recovered, states, taken, to_repeat


def settings_of(trial: Trial) -> dict[str, Any]:
    return trial.configuration.all_settings()


def carried_out(trial: Trial) -> Outcome:
    """As by a worker that then says nothing of it to its driver."""
    return drained(trial_steps(trial, Objective(toys.search_data(), toys.plan())))


def search(source: TrialSource, interruption: Interruption | None = None) -> None:
    with LocalRunner(interruption=interruption) as runner:
        runner.use(toys.search_data(), toys.plan())
        runner.search(source)


def stored_state(trial: Trial) -> str:
    return str(json.loads((trial.folder / "result.json").read_text())["state"])


def assert_not_held_against(source: TrialSource) -> None:
    """The only trial has not failed, has used no budget and waits to be run again."""
    study = source.studies["toy"]
    assert (study.reasons(Ending.FAILED), study.budget_used, to_repeat(source)) == ([], 0, 1)


def test_no_more_trials_begin_than_the_budget_has_in_all_sessions_together(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source(trials=2)
    first, second = taken(source), taken(source)
    assert source.next() is None
    source.finished(first, good())
    source.finished(second, Outcome.failed("broken"))
    assert source.next() is None
    assert states(source) == {"COMPLETE": 1, "FAIL": 1}
    again = here.source(trials=3)
    again.finished(taken(again), good())
    assert again.next() is None


def test_the_end_of_the_time_ends_the_trials(tmp_path: Path) -> None:
    ends = [time.time() + 100]
    source = place(tmp_path).source(ends=lambda: ends[0])
    assert taken(source).deadline == ends[0]
    ends[0] = time.time() - 1
    assert source.next() is None


def test_each_begin_and_end_is_reported(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source()
    source.finished(taken(source), good(0.5))
    source.finished(taken(source), Outcome.failed("broken"))
    source.lost(taken(source), "killed")
    assert here.events == [
        TrialStarted("toy", 0),
        TrialFinished("toy", 0, 0.5, 0.5, 0.1, "COMPLETE", ending="complete"),
        TrialStarted("toy", 1),
        TrialFinished("toy", 1, None, 0.5, 0.0, "FAIL", "broken", ending="failed"),
        TrialStarted("toy", 2),
        TrialFinished("toy", 2, None, 0.5, 0.0, "FAIL", "killed", ending="lost"),
    ]


def test_what_is_told_twice_counts_once(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source()
    trial = taken(source)
    source.finished(trial, good(0.5))
    source.finished(trial, good(0.1))
    source.lost(trial, "killed")
    assert states(source) == {"COMPLETE": 1}
    assert [record.number for record in source.studies["toy"].ended(Ending.COMPLETE)] == [0]
    assert len(here.events) == 2


def test_a_lost_trial_runs_again_first_of_all_and_does_not_use_up_the_budget(tmp_path: Path) -> None:
    source = place(tmp_path, names=("a", "b")).source(trials=3)
    first, lost, last = taken(source), taken(source), taken(source)
    source.lost(lost, "killed")
    again = taken(source)
    assert settings_of(again) == settings_of(lost)
    assert (again.name, again.root, again.reason) == ("b-1", 0, "lost with its process, run again")
    for trial in (first, last, again):
        source.finished(trial, good())
    assert source.next() is None


def test_a_search_whose_trials_are_all_lost_comes_to_an_end(tmp_path: Path) -> None:
    source, begun = place(tmp_path).source(trials=2), 0
    while (trial := source.next()) is not None and begun < 50:
        begun += 1
        source.lost(trial, "killed")
    assert begun == 2 * (1 + MAXIMUM_RETRIES)
    assert source.studies["toy"].reasons(Ending.FAILED) == ["killed, 4 times"] * 2


def test_what_passes_until_a_worker_is_at_work_is_measured_at_the_first_trial(tmp_path: Path) -> None:
    source = place(tmp_path).source()
    source.stopwatch.made = time.time() - 7.0
    for _ in range(2):
        source.began(taken(source))
        source.stopwatch.made -= 100.0
    assert source.stopwatch.worker_start.seconds == pytest.approx(7.0, abs=1.0)


@pytest.mark.parametrize(
    ("timeout", "limit", "deadline", "expected"),
    [
        (None, None, None, None),
        (5.0, None, None, 105.0),
        (None, None, 200.0, 203.0),
        (5.0, 50.0, 200.0, 105.0),
        (500.0, None, 200.0, 203.0),
        (500.0, 50.0, 200.0, 153.0),
    ],
)
def test_a_trial_is_ended_from_outside_after_the_time_asked_for_or_a_little_after_what_it_is_to_keep(
    tmp_path: Path, timeout: float | None, limit: float | None, deadline: float | None, expected: float | None
) -> None:
    source = place(tmp_path).source(timeout=timeout)
    trial = replace(taken(source), deadline=deadline, limit=limit)
    assert source.latest(trial, 100.0, grace=3.0) == expected


def test_architectures_take_turns_at_first_and_the_journal_and_the_trial_keep_why(tmp_path: Path) -> None:
    source = place(tmp_path, names=("a", "b")).source(rounds=1)
    trials = [taken(source) for _ in range(2)]
    assert [trial.name for trial in trials] == ["a-0", "b-0"]
    for number, trial in enumerate(trials):
        source.finished(trial, good(1.0 + number))
    trials.append(taken(source))
    reasons = [json.loads((each.folder / "params.json").read_text())["reason"] for each in trials]
    assert reasons[:2] == ["round 1 of 1 that all architectures get"] * 2
    assert reasons[2] not in ("", reasons[0])
    kept = {record.name: record.decision for record in source.studies.records}
    assert kept == {trial.name: reason for trial, reason in zip(trials, reasons, strict=True)}


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda source, trial: source.lost(trial, "killed"), id="lost"),
        pytest.param(lambda source, trial: source.overdue(trial), id="overdue"),
        pytest.param(lambda source, trial: source.abandon("the search was stopped"), id="given up"),
    ],
)
def test_a_trial_that_is_ended_once_it_has_left_its_result_is_complete(tmp_path: Path, end: Any) -> None:
    source = place(tmp_path).source(trials=1, timeout=5.0)
    trial = taken(source)
    carried_out(trial)
    end(source, trial)
    assert states(source) == {"COMPLETE": 1}
    assert source.next() is None


def test_recovery_adopts_what_was_finished_queues_the_rest_and_is_done_once(tmp_path: Path) -> None:
    here = place(tmp_path)
    killed = here.source(trials=4)
    complete, failed, running, told = (taken(killed) for _ in range(4))
    killed.finished(told, good())
    write_json(complete.folder / "result.json", {"state": "COMPLETE", "result": toys.result(0.2).to_json()})
    write_json(failed.folder / "result.json", {"state": "FAIL", "reason": "it diverged"})
    write_json(running.folder / "params.json", {})
    again = here.source(trials=4)
    assert (recovered(again), recovered(again), recovered(here.source()), to_repeat(again)) == (3, 0, 0, 1)
    assert [record.number for record in again.studies["toy"].ended(Ending.COMPLETE)] == [0, 3]
    assert again.studies["toy"].reasons(Ending.FAILED) == ["it diverged"]
    repeated = taken(again)
    assert (repeated.root, settings_of(repeated)) == (2, settings_of(running))
    assert again.next() is None


def test_drivers_killed_again_and_again_give_a_configuration_up_once_workers_were_at_work_on_it(tmp_path: Path) -> None:
    here = place(tmp_path)
    found = [settings_of(killed(here, at_work=False)) for _ in range(3 + MAXIMUM_RETRIES)]
    found += [settings_of(killed(here, at_work=True)) for _ in range(1 + MAXIMUM_RETRIES)]
    last = here.source()
    recovered(last)
    assert found == found[:1] * (4 + 2 * MAXIMUM_RETRIES)
    assert last.studies["toy"].reasons(Ending.FAILED) == ["the search ended before this trial did, 4 times"]
    assert settings_of(taken(last)) != found[0]


def killed(here: Place, *, at_work: bool) -> Trial:
    """The trial of a driver that was killed, before or after a worker set to work on it."""
    source = here.source()
    recovered(source)
    assert source.studies["toy"].reasons(Ending.FAILED) == []
    trial = taken(source)
    if at_work:
        source.began(trial)
    return trial


def test_a_trial_that_takes_longer_than_a_trial_may_has_failed_and_is_not_tried_again(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=1, timeout=5.0)
    trial = taken(source)
    source.stopwatch.begun[trial.name] = time.time() - 5.0
    source.overdue(trial)
    assert source.studies["toy"].reasons(Ending.FAILED) == ["it had not ended after 5 s, the time limit of a trial"]
    assert (stored_state(trial), to_repeat(source), source.next()) == ("FAIL", 0, None)


def test_a_trial_that_ends_for_no_fault_of_its_own_is_not_held_against_it(tmp_path: Path) -> None:
    early = place(tmp_path / "early").source(timeout=5.0)
    trial = taken(early)
    early.began(trial)
    early.overdue(trial)
    assert_not_held_against(early)
    partly = place(tmp_path / "partly").source()
    partly.finished(taken(partly), Outcome(Ending.ABANDONED, reason="TimeoutError: only one fold"))
    assert_not_held_against(partly)
    here, found = place(tmp_path / "often"), list[dict[str, Any]]()
    for _ in range(3 + MAXIMUM_RETRIES):
        source = here.source(trials=1)
        found.append(settings_of(taken(source)))
        source.abandon("the search was stopped before this trial ended")
        assert not source.live
    assert found == found[:1] * (3 + MAXIMUM_RETRIES)
    assert_not_held_against(source)


@pytest.mark.parametrize("timeout", [None, 1e6])
def test_what_the_end_of_a_search_ends_is_run_again_by_the_next(tmp_path: Path, timeout: float | None) -> None:
    here, ends = place(tmp_path), [time.time() + 100]
    source = here.source(trials=1, ends=lambda: ends[0], timeout=timeout)
    trial = taken(source)
    ends[0] = time.time() - 1
    source.overdue(trial)
    assert_not_held_against(source)
    assert source.next() is None
    again = taken(here.source(trials=1))
    assert (again.root, settings_of(again)) == (0, settings_of(trial))


def test_a_late_result_of_an_earlier_process_counts_in_place_of_running_again(tmp_path: Path) -> None:
    """The worker of a killed driver may finish or fail after the next driver has queued its trial again."""
    here = place(tmp_path)
    before = here.source()
    late, failing = taken(before), taken(before)
    again = here.source(trials=3)
    assert recovered(again) == 2
    carried_out(late)
    write_json(failing.folder / "result.json", {"state": "FAIL", "reason": "it diverged"})
    following = taken(again)
    assert (following.root, following.number) == (4, 4)
    assert [record.number for record in again.studies["toy"].ended(Ending.COMPLETE)] == [2]
    assert again.studies["toy"].reasons(Ending.FAILED) == ["it diverged"]
    adopted = replace(late, folder=tmp_path / "trials" / "toy-2")
    assert (stored_state(adopted), (adopted.folder / "out_of_fold.npy").exists()) == ("COMPLETE", True)
    again.finished(following, good())
    assert again.next() is None


def test_files_that_a_worker_sends_are_written_before_the_source_records(tmp_path: Path) -> None:
    here = place(tmp_path)
    lock = tmp_path / "none"
    source = here.source(trials=1, lock=(lock, "token"))
    trial = taken(source)
    assert (trial.lock, trial.token) == (lock, "token")
    outcome = carried_out(trial)
    assert not (trial.folder / "result.json").exists()
    source.finished(trial, outcome)
    assert {path.name for path in trial.folder.iterdir()} == {"params.json", *outcome.files}
    assert recovered(here.source()) == 0


def test_a_signal_ends_the_search_and_its_trial_is_run_again_by_the_next(tmp_path: Path) -> None:
    here = place(tmp_path, "hangs")
    source, timer = here.source(trials=2), threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    source.report = lambda event: timer.start() if isinstance(event, TrialStarted) else None
    with Interruption() as interruption:
        search(source, interruption)
        timer.join()
        assert interruption.pending
        search(here.source(trials=2), interruption)
        assert here.events == []  # a runner that was asked to stop begins nothing
    assert not source.live
    assert states(source) == {"FAIL": 1}
    assert_not_held_against(source)
    assert taken(here.source(trials=2)).root == 0


def test_a_search_finds_the_lower_error_and_each_result_is_there_before_the_source_is_told(tmp_path: Path) -> None:
    source, seen = place(tmp_path).source(trials=25), list[str]()

    def watch(event: Event) -> None:
        if isinstance(event, TrialFinished):
            seen.append(json.loads((tmp_path / "trials" / f"toy-{event.number}" / "result.json").read_text())["state"])

    source.report = watch
    search(source)
    best = source.studies["toy"].best
    assert best is not None
    assert best.settings["offset"] < 0.1
    assert states(source) == {"COMPLETE": len(seen)} == {"COMPLETE": 25}
    assert set(seen) == {"COMPLETE"}


def test_a_runner_without_data_says_so() -> None:
    with LocalRunner() as runner, pytest.raises(RuntimeError, match="must be given data with `use`"):
        runner.run([toys.seven])
