"""Models and predictions of the best trials stay on disk, and those of the others go; results and curves stay."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mthn_automl.models.base import Size
from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.kept import MOST_KEPT
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.trial import CURVE, PREDICTIONS, RESULT, Outcome, outcome_to_json, write_files
from mthn_automl.tuning.trial_model import MODEL_FILES
from tests.tuning import toys
from tests.tuning.sources import Place, place, recovered, taken

HEAVY = {PREDICTIONS, *MODEL_FILES}
ERRORS = [0.5, 0.9, 0.3, 0.9, 0.7, 0.1, 0.6, 0.8, 0.2]
"""Of trials in turn; two are equal, of which the earlier is the better one."""


def files_of(outcome: Outcome) -> dict[str, bytes]:
    """All that a trial leaves."""
    return {**dict.fromkeys((*HEAVY, CURVE), b""), RESULT: json.dumps(outcome_to_json(outcome)).encode()}


def finish(source: TrialSource, error: float, parameters: int = 1) -> str:
    """The next trial ends, with all its files."""
    trial, outcome = taken(source), Outcome(Ending.COMPLETE, toys.result(error, size=Size(parameters, 1, 0)))
    source.finished(trial, replace(outcome, files=files_of(outcome)))
    return trial.name


def holding(here: Place, *names: str) -> set[str]:
    """The trials that have all of these files."""
    folders = (here.folder / "trials").iterdir()
    return {folder.name for folder in folders if all((folder / name).exists() for name in names)}


def lacking(here: Place, *names: str) -> set[str]:
    """The trials that have none of these files."""
    folders = (here.folder / "trials").iterdir()
    return {folder.name for folder in folders if not any((folder / name).exists() for name in names)}


def best(errors: dict[str, float]) -> set[str]:
    return set(sorted(errors, key=lambda name: (errors[name], int(name.split("-")[1])))[:MOST_KEPT])


def test_the_best_of_each_architecture_keep_their_models_whenever_they_ended(tmp_path: Path) -> None:
    here = place(tmp_path, names=("a", "b"))
    source, errors = here.source(rounds=len(ERRORS)), dict[str, float]()
    for index in range(2 * len(ERRORS)):
        error = ERRORS[index // 2] + (10.0 if index % 2 else 0.0)  # one architecture is far worse
        errors[finish(source, error)] = error
        split = [{name: error for name, error in errors.items() if name.startswith(each)} for each in ("a-", "b-")]
        kept = best(split[0]) | best(split[1])
        assert (holding(here, *HEAVY), lacking(here, *HEAVY)) == (kept, errors.keys() - kept)
    assert min(map(len, split)) > MOST_KEPT
    assert holding(here, CURVE, RESULT) == errors.keys()


@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(parameters=100)], ids=["no limits", "limits"])
def test_a_resume_goes_on_where_the_earlier_session_ended(tmp_path: Path, limits: Limits) -> None:
    """With limits, those that break one are kept by nobody, however good they are."""
    here, errors = place(tmp_path), dict[str, float]()
    for session in (ERRORS[:7], ERRORS[7:], [0.4, 0.05]):
        source = here.source(limits=limits)
        recovered(source)
        for error in session:
            large = error in (0.1, 0.6)
            name = finish(source, error, 1000 if large else 1)
            if not (large and limits):
                errors[name] = error
        assert holding(here, *HEAVY) == best(errors)
    assert len(lacking(here, *HEAVY)) == len(ERRORS) + 2 - MOST_KEPT


def test_what_a_killed_driver_left_finished_takes_its_place_among_the_best(tmp_path: Path) -> None:
    """It is adopted before anyone remembers the others."""
    here = place(tmp_path)
    source = here.source()
    errors = {finish(source, error): error for error in (0.5, 0.9, 0.6, 0.8, 0.7)[:MOST_KEPT]}
    better, worse = taken(source), taken(source)
    for trial, error in ((better, 0.55), (worse, 0.95)):
        write_files(trial.folder, files_of(Outcome(Ending.COMPLETE, toys.result(error))))
        errors[trial.name] = error
    assert here.source().settle() == 2
    here.source().remember()
    assert holding(here, *HEAVY) == best(errors) >= {better.name}
    assert lacking(here, *HEAVY) == errors.keys() - best(errors)
