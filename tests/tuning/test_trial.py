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
from mthn_automl.tuning.evaluation import Evaluation
from mthn_automl.tuning.fold_fits import FoldFits, unfitted
from mthn_automl.tuning.objective import Configuration, Objective
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
    read_predictions,
    read_rungs,
    trial_steps,
    write_files,
    write_params,
    write_rungs,
)
from mthn_automl.tuning.trial_model import MODEL_FILES
from tests.tuning import toys
from tests.tuning.toys import Behaviour

FILES = {PREDICTIONS, *MODEL_FILES, CURVE, RESULT}


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


def test_a_trial_leaves_its_result_its_predictions_its_models_and_its_curve(
    tmp_path: Path, objective: Objective
) -> None:
    network, toy = network_of(tmp_path), trial_of(tmp_path)
    for trial in (network, toy):
        outcome = run(trial, objective)
        assert (left(trial), outcome.files) == (FILES, {})
        assert read(trial.folder) == outcome_to_json(outcome)
        stored = np.load(trial.folder / PREDICTIONS)
        assert stored.shape == (48, 1)
        assert np.isfinite(stored).all()
    curves = [(trial.folder / CURVE).read_text().splitlines() for trial in (network, toy)]
    of_network, of_toy = ([json.loads(line) for line in lines] for lines in curves)
    assert [(line["epoch"], len(line["validation_loss"])) for line in of_network] == [(n, 2) for n in range(1, 9)]
    assert [line["fold"] for line in of_toy] == [0, 1]


@pytest.mark.parametrize("missing", [PREDICTIONS, *MODEL_FILES, CURVE])
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
    assert (outcome.result, outcome.ending, outcome.reason[: len(reason)]) == (None, Ending.FAILED, reason)
    assert read(trial.folder) == outcome_to_json(outcome)
    assert left(trial) == {RESULT}


def test_an_architecture_that_cannot_be_imported_fails_with_its_reason(tmp_path: Path, objective: Objective) -> None:
    trial = trial_of(tmp_path)
    gone = replace(trial.configuration.file, class_path="tests.tuning.toys:Gone")
    outcome = run(replace(trial, configuration=replace(trial.configuration, file=gone)), objective)
    assert (outcome.ending, "Gone" in outcome.reason) == (Ending.FAILED, True)


class Raising(Objective):
    """An objective that raises `error` in place of evaluating anything."""

    error: BaseException

    def steps(self, configuration: Configuration, deadline: float | None = None) -> Generator[Rung, None, Evaluation]:
        raise self.error


def test_an_error_without_words_is_named_by_its_type_and_what_ends_the_search_is_no_outcome(tmp_path: Path) -> None:
    trial, objective = trial_of(tmp_path), Raising(toys.search_data(), toys.plan())
    for objective.error in (KeyboardInterrupt(), Stopped(), SystemExit(1)):
        with pytest.raises(type(objective.error)):
            run(trial, objective)
        assert left(trial) == set()
    objective.error = MemoryError()
    assert run(trial, objective).reason == "MemoryError"


@pytest.mark.parametrize(
    ("own", "of_search", "ending"),
    [
        (None, -1.0, Ending.ABANDONED),
        (100.0, -1.0, Ending.ABANDONED),
        (0.0, None, Ending.FAILED),
        (0.0, 100.0, Ending.FAILED),
    ],
)
def test_the_end_of_the_search_is_not_held_against_a_trial_and_its_own_limit_is(
    tmp_path: Path, objective: Objective, own: float | None, of_search: float | None, ending: Ending
) -> None:
    trial = trial_of(tmp_path, "slow", None if of_search is None else time.time() + of_search)
    outcome = run(replace(trial, limit=own), objective)
    assert outcome.reason.startswith("All 2 folds must be fitted in the time given")
    assert (outcome.ending, outcome.by_clock) == (ending, True)
    assert left(trial) == (set() if ending is Ending.ABANDONED else {RESULT})


def test_folds_of_which_not_all_would_be_fitted_in_time_are_not_begun(
    tmp_path: Path, objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_SECONDS", "0.5")
    began = time.time()
    outcome = run(trial_of(tmp_path, "slow", began + 0.8), objective)
    assert (outcome.ending, time.time() - began < 0.8) == (Ending.ABANDONED, True)
    assert outcome.reason.endswith("however that is too short after 1.")


def test_a_trial_of_a_network_pauses_at_every_rung_and_leaves_something_only_at_its_end(tmp_path: Path) -> None:
    objective, trial = Objective(toys.search_data(), toys.plan_with_rungs(2, 4, epochs=6)), network_of(tmp_path)
    not_continued = trial_steps(trial, objective)
    next(not_continued)
    not_continued.close()
    assert left(trial) == set()
    rungs = list(trial_steps(trial, objective))
    assert [rung.epoch for rung in rungs] == [2, 4]
    assert all(rung.cells.shape == (2, 4) and np.isfinite(rung.cells).all() for rung in rungs)
    found = read_outcome(trial.folder)
    assert found is not None
    assert found.last is not None
    assert found.result is not None
    assert found.last.epoch == found.result.epochs == 6
    assert found.last.parameters == found.result.size.total
    assert math.sqrt(found.last.error) == pytest.approx(found.result.error)
    assert list(trial_steps(trial_of(tmp_path), objective)) == []  # a classical one


def test_a_worker_that_does_not_see_the_lock_of_its_run_sends_its_files(tmp_path: Path, objective: Objective) -> None:
    seen = replace(trial_of(tmp_path), lock=tmp_path / "run.lock", token="mine")
    for content in (None, '{"token": "another"}', ""):
        if content is not None:
            (tmp_path / "run.lock").write_text(content)
        for behaviour, files in (("good", FILES), ("raises", {RESULT})):
            trial = replace(seen, configuration=trial_of(tmp_path, behaviour).configuration)  # type: ignore[arg-type]
            trial = replace(trial, folder=tmp_path / f"{content} {behaviour}".replace("/", ""))
            outcome = run(trial, objective)
            assert (left(trial), set(outcome.files)) == (set(), files)
            write_files(trial.folder, outcome.files)
            assert read(trial.folder) == outcome_to_json(outcome)
    (tmp_path / "run.lock").write_text('{"pid": 1, "token": "mine"}')
    assert (run(seen, objective).files, left(seen)) == ({}, FILES)


def test_what_is_sent_is_what_would_have_been_written(tmp_path: Path, objective: Objective) -> None:
    near = network_of(tmp_path)
    run(near, objective)
    sent = run(replace(near, lock=tmp_path / "none"), objective).files
    names = FILES - {RESULT}  # the only one that says how long it took
    assert {name: sent[name] for name in names} == {name: (near.folder / name).read_bytes() for name in names}


def test_an_outcome_and_what_a_trial_showed_at_its_rungs_are_the_same_after_its_folder(tmp_path: Path) -> None:
    assert (read_outcome(tmp_path), read_rungs(tmp_path)) == (None, [])
    rungs = [toys.rung(epoch, [[0.5, math.nan], [0.25, 0.125]]) for epoch in (2, 6)]
    undefined = toys.result(0.5, fold_errors=(0.5, math.nan))
    complete = Outcome(Ending.COMPLETE, undefined, last=rungs[1])
    for outcome in (complete, Outcome.failed("it diverged"), Outcome(Ending.STOPPED, reason="worse than trial 3")):
        write_json(tmp_path / RESULT, outcome_to_json(outcome))
        assert repr(read_outcome(tmp_path)) == repr(outcome)  # NaN is not equal to itself
    write_rungs(tmp_path, rungs)
    assert repr(read_rungs(tmp_path)) == repr(rungs)


def test_predictions_far_from_zero_are_kept_to_the_digit(tmp_path: Path) -> None:
    """Seconds since 1970, say: in single precision they lie 128 apart, and an ensemble was chosen by that."""
    data = toys.search_data()
    far = replace(data, dataset=replace(data.dataset, target=1.7e9 + data.dataset.target))
    trial = trial_of(tmp_path)
    trial = replace(trial, configuration=toys.configuration("ridge", {}))
    objective = Objective(far, toys.plan())
    write_files(trial.folder, run(trial, objective).files)
    kept = read_predictions(trial.folder, *far.dataset.target.shape)
    np.testing.assert_array_equal(kept, objective(trial.configuration).out_of_fold())


def test_folds_are_the_model_where_one_more_fit_would_not_end_in_time(objective: Objective) -> None:
    """It took the trial with it that was all but done."""
    ridge = toys.configuration("ridge", {})
    fits = FoldFits([], objective.data.dataset, objective.data.fold, objective.flags, 0, ())
    fits.models = [unfitted(ridge.file, {}) for _ in range(2)]
    assert fits.fits_once_more(1.0, None)
    assert fits.fits_once_more(1.0, time.time() + 2.1)  # two halves took a second: the whole takes two
    assert not fits.fits_once_more(1.0, time.time() + 1.9)
