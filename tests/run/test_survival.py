"""Small guards that a review asked for: interruptions pass, tiny numbers are scaled, killed extensions go on."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mthn_automl import load_model
from mthn_automl.data.problems import cubic
from mthn_automl.data.scaling import moments
from mthn_automl.errors import NothingFinishedError, Terminated
from mthn_automl.run.job import resume, search
from mthn_automl.tuning.events import Event, PhaseStarted, TrialFinished
from mthn_automl.tuning.final import Refit
from mthn_automl.tuning.runners.interruption import let_interruptions_pass
from tests.tuning import toys


@pytest.mark.parametrize("size", [1e-14, 1.0, 1e14])
def test_numbers_of_any_size_are_standardised(size: float) -> None:
    mean, scale = moments(np.array([[1.0], [2.0], [3.0]]) * size)
    np.testing.assert_allclose([mean[0] / size, scale[0] / size], [2.0, np.sqrt(2 / 3)])


def test_a_refit_that_begins_late_still_gets_the_time_it_needs() -> None:
    late = Refit(toys.configuration("ridge", {"alpha": 0.1}), (), 1, time.time() - 5, expected=3.0)
    latest = late._latest()
    assert latest is not None
    assert latest > time.time() + 5


def test_an_extension_that_was_killed_is_unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"architectures": "ridge", "trials": 2, "folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    run = search(data, meta, output=tmp_path / "run", **given).folder
    monkeypatch.setattr("mthn_automl.run.phases.Phases.refit", _killed)
    with pytest.raises(KeyboardInterrupt):
        resume(run, trials=2, data=data, meta=meta)
    monkeypatch.undo()
    assert not (run / "summary.json").exists()
    assert resume(run, data=data, meta=meta).summary["trials"]["COMPLETE"] == 4


def test_a_trial_that_finished_unrecorded_is_not_one_of_the_trials_that_a_resume_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"architectures": "ridge", "trials": 5, "folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    monkeypatch.setattr("mthn_automl.tuning.study.Studies.complete", _killed)
    with pytest.raises(KeyboardInterrupt):
        search(data, meta, output=tmp_path / "run", **given)
    monkeypatch.undo()
    assert resume(tmp_path / "run", trials=2, data=data, meta=meta).summary["trials"]["COMPLETE"] == 3


def test_what_a_resume_adds_still_holds_when_that_resume_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"architectures": "ridge", "trials": 2, "folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    run = search(data, meta, output=tmp_path / "run", **given).folder
    monkeypatch.setattr("mthn_automl.tuning.study.Studies.complete", _killed)
    with pytest.raises(KeyboardInterrupt):
        resume(run, trials=3, data=data, meta=meta)
    monkeypatch.undo()
    assert resume(run, data=data, meta=meta).summary["trials"]["COMPLETE"] == 5


def test_time_is_kept_back_from_what_a_resume_adds_not_from_all_that_was_spent(tmp_path: Path) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"architectures": "ridge", "trials": 1, "folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    run = search(data, meta, output=tmp_path / "run", **given).folder
    journal = run / "study.journal"
    spent = re.sub(r'"elapsed": [0-9.]+', '"elapsed": 36000.0', journal.read_text(encoding="utf-8"))
    journal.write_text(spent, encoding="utf-8")
    assert resume(run, time_limit=12, data=data, meta=meta).summary["trials"]["COMPLETE"] > 1


def _killed(*given: object) -> None:
    raise KeyboardInterrupt


def test_an_interruption_that_comes_out_as_another_error_is_still_one() -> None:
    try:
        _wrapped()
    except RuntimeError as error:
        with pytest.raises(KeyboardInterrupt):
            let_interruptions_pass(error)


def test_an_ordinary_error_is_no_interruption() -> None:
    let_interruptions_pass(ValueError("a model's own"))


def _wrapped() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        raise RuntimeError("dynamicLayerStack") from error


def sends(number: int, after: Callable[[Event], bool]) -> Callable[[Event], None]:
    """A watcher that sends this process a signal, once."""
    left = [number]

    def watch(event: Event) -> None:
        if left and after(event):
            os.kill(os.getpid(), left.pop())

    return watch


def second_trial(event: Event) -> bool:
    return isinstance(event, TrialFinished) and event.number == 1


def begins(phase: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, PhaseStarted) and event.name == phase


@pytest.mark.parametrize(
    ("phase", "after", "number", "error"),
    [
        pytest.param("search", second_trial, signal.SIGINT, KeyboardInterrupt, id="search"),
        pytest.param("refit", begins("refit"), signal.SIGTERM, Terminated, id="refit"),
        pytest.param("test", begins("test"), signal.SIGINT, KeyboardInterrupt, id="test"),
        pytest.param("ablation", begins("ablation"), signal.SIGINT, KeyboardInterrupt, id="ablation"),
        pytest.param("report", begins("report"), signal.SIGTERM, Terminated, id="report"),
    ],
)
def test_a_signal_in_any_phase_leaves_the_best_so_far_and_a_resume_finishes(
    tmp_path: Path, phase: str, after: Callable[[Event], bool], number: int, error: type[BaseException]
) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"architectures": "ridge,kernel_ridge", "trials": 6, "folds": 2, "seeds": 1, "runner": "local"}
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(error):
        search(data, meta, output=tmp_path / "run", progress=sends(number, after), **given)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["finished"], summary["stopped_in"]) == (False, phase)
    assert len(load_model(tmp_path / "run").predict(data)) == len(data)
    before = {path: path.read_bytes() for path in (tmp_path / "run" / "trials").glob("*/result.json")}
    assert before
    resumed = resume(tmp_path / "run", data=data, meta=meta)
    assert (resumed.summary["finished"], resumed.summary["stopped_in"]) == (True, None)
    assert resumed.summary["trials"]["COMPLETE"] == 6
    assert {path: path.read_bytes() for path in before} == before


def test_a_signal_before_any_trial_has_finished_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"architectures": "ridge", "trials": 2, "folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    with pytest.raises(KeyboardInterrupt):
        search(data, meta, output=tmp_path / "run", progress=sends(signal.SIGINT, begins("search")), **given)
    assert not (tmp_path / "run" / "summary.json").exists()
    assert resume(tmp_path / "run", data=data, meta=meta).summary["trials"]["COMPLETE"] == 2


def test_an_architecture_none_of_whose_models_keeps_a_limit_says_so_and_another_wins(tmp_path: Path) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"trials": 2, "folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    size = search(data, meta, output=tmp_path / "free", architectures="ridge", **given).best["parameters"]
    limited = {"architectures": "ridge,hypernetwork", "max_parameters": size}
    run = search(data, meta, output=tmp_path / "run", **limited, **given)
    table = run.leaderboard.set_index("architecture")
    assert run.best["architecture"] == "ridge"
    assert table.loc["hypernetwork", "note"].startswith("no trial finished: parameters must be at most")
    assert table["trials"].to_dict() == {"ridge": 2, "hypernetwork": 0}
    assert run.summary["trials"] == {"RUNNING": 0, "COMPLETE": 2, "PRUNED": 0, "FAIL": 0}


@pytest.mark.parametrize(
    ("architecture", "sentence"),
    [
        ("ridge", "No model kept the limits, of 2 that finished"),
        ("pooled", "No model kept the limits, of 0 that finished; parameters must be at most 1, however there are"),
    ],
)
def test_where_no_model_keeps_the_limits_that_is_said(tmp_path: Path, architecture: str, sentence: str) -> None:
    data, meta = cubic(tasks=4, rows=12)
    given = {"trials": 2, "folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    with pytest.raises(NothingFinishedError, match=sentence):
        search(data, meta, output=tmp_path / "run", architectures=architecture, max_parameters=1, **given)


def test_an_architecture_that_is_too_large_is_skipped_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mthn_automl.tuning.guard.PACK_NUMBERS", 10)
    data, meta = cubic(tasks=4, rows=12)
    given = {"folds": 2, "seeds": 1, "runner": "local", "no_ablation": True}
    run = search(data, meta, output=tmp_path / "run", architectures="ridge,single_task", trials=1, **given)
    table = run.leaderboard.set_index("architecture")
    assert table.loc["single_task", "note"].startswith(
        "skipped: single_task must have at most 10 numbers in all networks"
    )
    assert table.loc["single_task", "trials"] == 0
    assert table["rank"].isna().to_dict() == {"ridge": False, "single_task": True}
    again = resume(run.folder, trials=1, data=data, meta=meta).leaderboard.set_index("architecture")
    assert again.loc["single_task", "note"] == table.loc["single_task", "note"]
    with pytest.raises(NothingFinishedError, match="No architecture can be trained on these data: single_task must"):
        search(data, meta, output=tmp_path / "other", architectures="single_task", trials=1, **given)
