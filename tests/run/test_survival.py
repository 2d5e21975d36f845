"""Small guards that a review asked for: interruptions pass, tiny numbers are scaled, killed extensions go on."""

import time
from pathlib import Path

import numpy as np
import pytest

from mthn_automl.data.preprocess import moments
from mthn_automl.data.problems import cubic
from mthn_automl.errors import NothingFinishedError
from mthn_automl.run.job import resume, search
from mthn_automl.tuning.final import Refit
from mthn_automl.tuning.search import _let_interruptions_pass
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


def _killed(*given: object) -> None:
    raise KeyboardInterrupt


def test_an_interruption_that_comes_out_as_another_error_is_still_one() -> None:
    try:
        _wrapped()
    except RuntimeError as error:
        with pytest.raises(KeyboardInterrupt):
            _let_interruptions_pass(error)


def test_an_ordinary_error_is_no_interruption() -> None:
    _let_interruptions_pass(ValueError("a model's own"))


def _wrapped() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        raise RuntimeError("dynamicLayerStack") from error


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
