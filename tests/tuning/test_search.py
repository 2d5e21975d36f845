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
from mthn_automl.tuning.study import MAXIMUM_RETRIES
from mthn_automl.tuning.trial import Outcome, trial_steps
from tests.tuning import toys
from tests.tuning.sources import Place, good, place, states, taken, to_repeat


def test_no_more_trials_begin_than_the_budget_has(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=2)
    first, second = taken(source), taken(source)
    assert source.next() is None
    source.finished(first, good())
    source.finished(second, Outcome.failed("broken"))
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
    source.finished(taken(source), Outcome.failed("broken"))
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
    assert [record.number for record in source.studies["toy"].ended(Ending.COMPLETE)] == [0]
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
    assert source.studies["toy"].reasons(Ending.FAILED) == ["killed, 4 times"] * 2


def test_a_lost_trial_that_left_its_result_is_adopted(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=1)
    trial = taken(source)
    drained(trial_steps(trial, Objective(toys.search_data(), toys.plan())))
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
    assert [record.number for record in again.studies["toy"].ended(Ending.COMPLETE)] == [0, 3]
    assert again.studies["toy"].reasons(Ending.FAILED) == ["it diverged"]
    repeated = taken(again)
    assert (repeated.root, repeated.configuration.all_settings()) == (2, running.configuration.all_settings())
    assert again.next() is None


def test_recovery_is_done_once(tmp_path: Path) -> None:
    here = place(tmp_path)
    taken(here.source())
    again = here.source()
    assert (again.recover(), again.recover(), here.source().recover()) == (1, 0, 0)
    assert to_repeat(again) == 1


def test_a_driver_killed_again_and_again_gives_a_configuration_up(tmp_path: Path) -> None:
    here = place(tmp_path)
    found = [_killed(here) for _ in range(1 + MAXIMUM_RETRIES)]
    last = here.source(trials=5)
    last.recover()
    assert found == found[:1] * (1 + MAXIMUM_RETRIES)
    assert last.studies["toy"].reasons(Ending.FAILED) == ["the search ended before this trial did, 4 times"]
    assert taken(last).configuration.all_settings() != found[0]


def _killed(here: Place) -> dict[str, Any]:
    source = here.source()
    source.recover()
    trial = taken(source)
    source.began(trial)
    return trial.configuration.all_settings()


def test_drivers_killed_before_a_worker_set_to_work_are_no_fault_of_a_configuration(tmp_path: Path) -> None:
    here, found = place(tmp_path), list[object]()
    for _ in range(3 + MAXIMUM_RETRIES):
        source = here.source()
        source.recover()
        found.append(taken(source).configuration.all_settings())
    last = here.source()
    last.recover()
    assert found == found[:1] * len(found)
    assert (last.studies["toy"].reasons(Ending.FAILED), to_repeat(last)) == ([], 1)


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


def test_a_trial_that_takes_longer_than_a_trial_may_has_failed_and_is_not_tried_again(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=1, timeout=5.0)
    trial = taken(source)
    source.begun[trial.name] = time.time() - 5.0
    source.overdue(trial)
    assert source.studies["toy"].reasons(Ending.FAILED) == ["it had not ended after 5 s, the time limit of a trial"]
    assert json.loads((trial.folder / "result.json").read_text())["state"] == "FAIL"
    assert (to_repeat(source), source.next()) == (0, None)


def test_a_trial_that_is_ended_before_its_own_time_is_not_held_against_it(tmp_path: Path) -> None:
    source = place(tmp_path).source(timeout=5.0)
    trial = taken(source)
    source.began(trial)
    source.overdue(trial)
    assert (source.studies["toy"].reasons(Ending.FAILED), to_repeat(source)) == ([], 1)


def test_a_trial_that_the_end_of_the_search_left_without_a_result_is_queued_again(tmp_path: Path) -> None:
    source = place(tmp_path).source()
    source.finished(taken(source), Outcome(Ending.ABANDONED, reason="TimeoutError: only one fold"))
    assert (source.studies["toy"].reasons(Ending.FAILED), source.studies["toy"].budget_used) == ([], 0)
    assert to_repeat(source) == 1


def test_what_passes_until_a_worker_is_at_work_is_measured_at_the_first_trial(tmp_path: Path) -> None:
    source = place(tmp_path).source()
    source.made = time.time() - 7.0
    for _ in range(2):
        source.began(taken(source))
        source.made -= 100.0
    assert source.worker_start.seconds == pytest.approx(7.0, abs=1.0)


def test_a_trial_that_is_ended_late_counts_with_what_it_left(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=1, timeout=5.0)
    trial = taken(source)
    drained(trial_steps(trial, Objective(toys.search_data(), toys.plan())))
    source.overdue(trial)
    assert states(source) == {"COMPLETE": 1}


@pytest.mark.parametrize("timeout", [None, 1e6])
def test_a_trial_that_the_end_of_the_search_ends_is_queued_again_and_not_held_against_it(
    tmp_path: Path, timeout: float | None
) -> None:
    here = place(tmp_path)
    ends = [time.time() + 100]
    source = here.source(trials=1, ends=lambda: ends[0], timeout=timeout)
    trial = taken(source)
    ends[0] = time.time() - 1
    source.overdue(trial)
    assert (source.studies["toy"].budget_used, source.studies["toy"].reasons(Ending.FAILED), source.next()) == (
        0,
        [],
        None,
    )
    again = taken(here.source(trials=1))
    assert (again.root, again.configuration.all_settings()) == (0, trial.configuration.all_settings())


@pytest.mark.parametrize(
    ("timeout", "deadline", "expected"),
    [(None, None, None), (5.0, None, 105.0), (None, 200.0, 203.0), (5.0, 200.0, 105.0), (500.0, 200.0, 203.0)],
)
def test_a_trial_is_ended_from_outside_after_its_own_time_or_a_little_after_its_deadline(
    tmp_path: Path, timeout: float | None, deadline: float | None, expected: float | None
) -> None:
    source = place(tmp_path).source(timeout=timeout)
    trial = replace(taken(source), deadline=deadline)
    assert source.latest(trial, 100.0, grace=3.0) == expected


def test_trials_that_are_given_up_are_queued_again_however_often(tmp_path: Path) -> None:
    here = place(tmp_path)
    found = list[dict[str, Any]]()
    for _ in range(3 + MAXIMUM_RETRIES):
        source = here.source(trials=1)
        found.append(taken(source).configuration.all_settings())
        source.abandon("the search was stopped before this trial ended")
        assert not source.live
    assert found == found[:1] * (3 + MAXIMUM_RETRIES)
    assert (source.studies["toy"].budget_used, to_repeat(source)) == (0, 1)


def test_a_trial_that_is_given_up_counts_with_what_it_left(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=1)
    drained(trial_steps(taken(source), Objective(toys.search_data(), toys.plan())))
    source.abandon("the search was stopped before this trial ended")
    assert states(source) == {"COMPLETE": 1}


def test_a_late_result_of_an_earlier_process_counts_in_place_of_running_again(tmp_path: Path) -> None:
    """The worker of a killed driver may finish after the next driver has queued its trial again."""
    here = place(tmp_path)
    late = taken(here.source())
    again = here.source(trials=2)
    assert again.recover() == 1
    drained(trial_steps(late, Objective(toys.search_data(), toys.plan())))
    following = taken(again)
    assert (following.root, following.number) == (2, 2)
    assert [record.number for record in again.studies["toy"].ended(Ending.COMPLETE)] == [1]
    assert json.loads((tmp_path / "trials" / "toy-1" / "result.json").read_text())["state"] == "COMPLETE"
    assert (tmp_path / "trials" / "toy-1" / "out_of_fold.npy").exists()
    again.finished(following, good())
    assert again.next() is None


def test_a_late_failure_of_an_earlier_process_counts_too(tmp_path: Path) -> None:
    here = place(tmp_path)
    late = taken(here.source())
    again = here.source(trials=1)
    again.recover()
    write_json(late.folder / "result.json", {"state": "FAIL", "reason": "it diverged"})
    assert again.next() is None
    assert again.studies["toy"].reasons(Ending.FAILED) == ["it diverged"]


def test_why_an_architecture_was_next_is_kept_in_the_journal_and_with_the_trial(tmp_path: Path) -> None:
    source = place(tmp_path, names=("a", "b")).source(rounds=1)
    trials = [taken(source) for _ in range(2)]
    for number, trial in enumerate(trials):
        source.finished(trial, good(1.0 + number))
    trials.append(taken(source))
    reasons = [json.loads((each.folder / "params.json").read_text())["reason"] for each in trials]
    assert reasons[:2] == ["round 1 of 1 that all architectures get"] * 2
    assert reasons[2] not in ("", reasons[0])
    kept = {record.name: record.decision for record in source.studies.records}
    assert kept == {trial.name: reason for trial, reason in zip(trials, reasons, strict=True)}


def test_a_trial_knows_by_which_file_its_folder_is_recognised(tmp_path: Path) -> None:
    here = place(tmp_path)
    lock = tmp_path / "run.lock"
    trial = taken(here.source(lock=(lock, "token")))
    assert (trial.lock, trial.token) == (lock, "token")
    assert taken(place(tmp_path / "other").source()).lock is None


def test_files_that_a_worker_sends_are_written_before_the_source_records(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source(trials=1)
    trial = replace(taken(source), lock=tmp_path / "none")
    outcome = drained(trial_steps(trial, Objective(toys.search_data(), toys.plan())))
    assert not (trial.folder / "result.json").exists()
    source.finished(trial, outcome)
    assert {path.name for path in trial.folder.iterdir()} == {"params.json", *outcome.files}
    assert here.source().recover() == 0


def test_a_signal_ends_the_search_and_its_trial_is_run_again_by_the_next(tmp_path: Path) -> None:
    here = place(tmp_path, "hangs")
    source = here.source(trials=2)
    with Interruption() as interruption:
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with LocalRunner(interruption=interruption) as runner:
            runner.use(toys.search_data(), toys.plan())
            runner.search(source)
        timer.join()
        assert interruption.pending
    assert not source.live
    assert states(source) == {"FAIL": 1}
    assert (source.studies["toy"].budget_used, to_repeat(source)) == (0, 1)
    assert taken(here.source(trials=2)).root == 0


def test_a_runner_that_was_asked_to_stop_begins_nothing(tmp_path: Path) -> None:
    here = place(tmp_path)
    interruption = Interruption()
    interruption._take(signal.SIGTERM, None)
    with LocalRunner(interruption=interruption) as runner:
        runner.use(toys.search_data(), toys.plan())
        runner.search(here.source(trials=2))
    assert here.events == []


def test_a_search_finds_the_lower_error(tmp_path: Path) -> None:
    source = place(tmp_path).source(trials=25)
    with LocalRunner() as runner:
        runner.use(toys.search_data(), toys.plan())
        runner.search(source)
    best = source.studies["toy"].best
    assert best is not None
    assert best.settings["offset"] < 0.1
    assert states(source) == {"COMPLETE": 25}


def test_a_runner_without_data_says_so() -> None:
    with LocalRunner() as runner, pytest.raises(RuntimeError, match="must be given data with `use`"):
        runner.run([toys.seven])
