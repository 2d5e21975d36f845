"""One trial: what it leaves in its folder, what it sends where that folder is not seen, and how it fails."""

import json
import math
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mthn_automl.storage import write_json
from mthn_automl.training.fit import drained
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.objective import Configuration, Evaluation, Objective
from mthn_automl.tuning.rungs import Rung
from mthn_automl.tuning.runners.interruption import Stopped
from mthn_automl.tuning.trial import (
    CURVE,
    PARAMS,
    PREDICTIONS,
    RESULT,
    Outcome,
    Trial,
    outcome_to_json,
    read_outcome,
    read_rungs,
    trial_steps,
    write_files,
    write_params,
    write_rungs,
)
from tests.tuning import toys
from tests.tuning.toys import Behaviour

FILES = {PREDICTIONS, CURVE, RESULT}


def trial_of(tmp_path: Path, behaviour: Behaviour = "good", deadline: float | None = None) -> Trial:
    settings = {"offset": 0.5, "behaviour": behaviour}
    chosen = toys.configuration(toys.toy_space(tmp_path, behaviour), settings)
    return Trial(chosen, 4, 2, "because", tmp_path / "trials" / "toy-4", deadline)


def network_of(tmp_path: Path) -> Trial:
    chosen = toys.configuration(toys.pooled_space(tmp_path), {"width": 8}, {"learning_rate": 0.01})
    return Trial(chosen, 0, 0, "because", tmp_path / "trials" / "quick_pooled-0", None)


def run(trial: Trial, objective: Objective) -> Outcome:
    return drained(trial_steps(trial, objective))


def left(trial: Trial) -> set[str]:
    return {path.name for path in trial.folder.iterdir()} if trial.folder.exists() else set()


def read(folder: Path) -> dict[str, object]:
    """An outcome as it is read from a folder, in a form that can be compared."""
    found = read_outcome(folder)
    assert found is not None
    return outcome_to_json(found)


@pytest.fixture(scope="module")
def objective() -> Objective:
    return Objective(toys.search_data(), toys.plan())


@pytest.fixture(scope="module")
def with_rungs() -> Objective:
    return Objective(toys.search_data(), toys.plan_with_rungs(2, 4, epochs=6))


def test_the_parameters_of_a_trial_are_those_it_is_to_run(tmp_path: Path) -> None:
    trial = trial_of(tmp_path)
    write_params(trial)
    assert json.loads((trial.folder / PARAMS).read_text()) == {
        "architecture": "toy",
        "number": 4,
        "root": 2,
        "reason": "because",
        "seed": 0,
        "settings": {"offset": 0.5, "behaviour": "good"},
    }


def test_a_trial_leaves_its_result_curve_and_predictions(tmp_path: Path, objective: Objective) -> None:
    trial = trial_of(tmp_path)
    outcome = run(trial, objective)
    assert left(trial) == FILES
    assert read(trial.folder) == outcome_to_json(outcome)
    assert outcome.files == {}
    stored = np.load(trial.folder / PREDICTIONS)
    assert stored.shape == (48, 1)
    assert np.isfinite(stored).all()


def test_the_curve_of_a_network_has_a_line_a_check_and_of_another_model_a_line_a_fold(
    tmp_path: Path, objective: Objective
) -> None:
    network, toy = network_of(tmp_path), trial_of(tmp_path)
    run(network, objective), run(toy, objective)
    lines = [[json.loads(line) for line in (each.folder / CURVE).read_text().splitlines()] for each in (network, toy)]
    assert [line["epoch"] for line in lines[0]] == list(range(1, 9))
    assert [len(line["validation_loss"]) for line in lines[0]] == [2] * 8
    assert [line["fold"] for line in lines[1]] == [0, 1]


@pytest.mark.parametrize("missing", [PREDICTIONS, CURVE])
def test_there_is_no_result_without_the_other_files(tmp_path: Path, objective: Objective, missing: str) -> None:
    """A folder in the place of a file cannot be replaced by it."""
    trial = trial_of(tmp_path)
    (trial.folder / missing).mkdir(parents=True)
    with pytest.raises(OSError, match=missing):
        run(trial, objective)
    assert RESULT not in left(trial)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("raises", "ValueError: the toy is broken"), ("infinite", "DivergedError: A prediction is not finite")],
)
def test_a_model_that_fails_is_an_outcome_with_its_reason(
    tmp_path: Path, objective: Objective, behaviour: Behaviour, reason: str
) -> None:
    trial = trial_of(tmp_path, behaviour)
    outcome = run(trial, objective)
    assert (outcome.result, outcome.ending) == (None, Ending.FAILED)
    assert outcome.reason.startswith(reason)
    assert read(trial.folder) == outcome_to_json(outcome)
    assert left(trial) == {RESULT}


class Raising(Objective):
    """An objective that raises `error` in place of evaluating anything."""

    error: BaseException

    def steps(self, configuration: Configuration, deadline: float | None = None) -> Generator[Rung, None, Evaluation]:
        raise self.error


def raising(error: BaseException) -> Objective:
    objective = Raising(toys.search_data(), toys.plan())
    objective.error = error
    return objective


def test_an_error_without_words_is_named_by_its_type(tmp_path: Path) -> None:
    assert run(trial_of(tmp_path), raising(MemoryError())).reason == "MemoryError"


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), Stopped(), SystemExit(1)], ids=lambda error: type(error).__name__
)
def test_what_ends_the_process_or_the_search_is_no_outcome(tmp_path: Path, error: BaseException) -> None:
    trial = trial_of(tmp_path)
    with pytest.raises(type(error)):
        run(trial, raising(error))
    assert left(trial) == set()


def test_an_architecture_that_cannot_be_imported_fails_with_its_reason(tmp_path: Path, objective: Objective) -> None:
    trial = trial_of(tmp_path)
    gone = replace(trial.configuration.file, class_path="tests.tuning.toys:Gone")
    outcome = run(replace(trial, configuration=replace(trial.configuration, file=gone)), objective)
    assert outcome.ending is Ending.FAILED
    assert "Gone" in outcome.reason


@pytest.mark.parametrize(("own", "of_search"), [(None, -1.0), (0.0, None), (0.0, 100.0), (100.0, -1.0)])
def test_the_earlier_of_the_trials_and_the_searchs_deadline_holds(
    tmp_path: Path, own: float | None, of_search: float | None
) -> None:
    trial = trial_of(tmp_path, "slow", None if of_search is None else time.time() + of_search)
    outcome = run(trial, Objective(toys.search_data(), toys.plan(trial_seconds=own)))
    assert outcome.reason.startswith("TimeoutError: Only")


def test_a_trial_of_a_network_pauses_at_every_rung(tmp_path: Path, with_rungs: Objective) -> None:
    rungs = list(trial_steps(network_of(tmp_path), with_rungs))
    assert [rung.epoch for rung in rungs] == [2, 4]
    assert all(rung.cells.shape == (2, 4) and np.isfinite(rung.cells).all() for rung in rungs)


def test_a_classical_trial_has_no_rungs(tmp_path: Path, with_rungs: Objective) -> None:
    assert list(trial_steps(trial_of(tmp_path), with_rungs)) == []


def test_a_trial_that_is_not_continued_leaves_nothing(tmp_path: Path, with_rungs: Objective) -> None:
    trial = network_of(tmp_path)
    steps = trial_steps(trial, with_rungs)
    next(steps)
    steps.close()
    assert left(trial) == set()


def test_a_finished_trial_says_what_later_ones_are_compared_with(tmp_path: Path, with_rungs: Objective) -> None:
    trial = network_of(tmp_path)
    run(trial, with_rungs)
    found = read_outcome(trial.folder)
    assert found is not None
    assert found.last is not None
    assert found.result is not None
    assert found.last.epoch == found.result.epochs == 6
    assert found.last.parameters == found.result.size.total
    assert math.sqrt(found.last.error) == pytest.approx(found.result.error)


def lock(tmp_path: Path, content: str | None) -> Path:
    path = tmp_path / "run.lock"
    if content is not None:
        path.write_text(content)
    return path


@pytest.mark.parametrize("content", [None, '{"token": "another"}', ""], ids=["no lock", "another token", "empty"])
@pytest.mark.parametrize("behaviour", ["good", "raises"])
def test_a_worker_that_does_not_see_its_folder_sends_the_files_and_writes_nothing(
    tmp_path: Path, objective: Objective, content: str | None, behaviour: Behaviour
) -> None:
    trial = replace(trial_of(tmp_path, behaviour), lock=lock(tmp_path, content), token="mine")
    outcome = run(trial, objective)
    assert left(trial) == set()
    assert set(outcome.files) == (FILES if behaviour == "good" else {RESULT})
    write_files(trial.folder, outcome.files)
    assert read(trial.folder) == outcome_to_json(outcome)


def test_a_worker_that_sees_its_folder_writes_itself(tmp_path: Path, objective: Objective) -> None:
    trial = replace(trial_of(tmp_path), lock=lock(tmp_path, '{"pid": 1, "token": "mine"}'), token="mine")
    assert run(trial, objective).files == {}
    assert left(trial) == FILES


def test_what_is_sent_is_what_would_have_been_written(tmp_path: Path, objective: Objective) -> None:
    near = network_of(tmp_path)
    run(near, objective)
    sent = run(replace(near, lock=tmp_path / "none"), objective).files
    assert sent[PREDICTIONS] == (near.folder / PREDICTIONS).read_bytes()
    assert sent[CURVE] == (near.folder / CURVE).read_bytes()


def test_a_folder_without_a_result_has_no_outcome(tmp_path: Path) -> None:
    assert read_outcome(tmp_path) is None


def test_an_undefined_error_of_a_fold_survives_the_folder(tmp_path: Path) -> None:
    given = toys.result(0.5, fold_errors=(0.5, math.nan))
    write_json(tmp_path / RESULT, {"state": "COMPLETE", "result": given.to_json()})
    found = read_outcome(tmp_path)
    assert found is not None
    assert found.result is not None
    assert math.isnan(found.result.fold_errors[1])


ENDED = toys.rung(6, [[0.5, math.nan], [0.25, 0.125]])


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Outcome(Ending.COMPLETE, toys.result(0.5), last=ENDED), id="complete"),
        pytest.param(Outcome.failed("it diverged"), id="failed"),
        pytest.param(Outcome(Ending.STOPPED, reason="worse than trial 3"), id="stopped"),
    ],
)
def test_an_outcome_is_the_same_after_its_folder(tmp_path: Path, outcome: Outcome) -> None:
    write_json(tmp_path / RESULT, outcome_to_json(outcome))
    found = read_outcome(tmp_path)
    assert found is not None
    assert (found.ending, found.reason, found.result) == (outcome.ending, outcome.reason, outcome.result)
    assert repr(found.last) == repr(outcome.last)  # NaN is not equal to itself


def test_what_a_trial_showed_at_its_rungs_is_the_same_after_its_folder(tmp_path: Path) -> None:
    seen = [toys.rung(2, [[0.5, math.nan], [0.25, 0.125]]), ENDED]
    write_rungs(tmp_path, seen)
    assert repr(read_rungs(tmp_path)) == repr(seen)


def test_a_trial_that_reached_no_rung_showed_nothing(tmp_path: Path) -> None:
    assert read_rungs(tmp_path) == []
