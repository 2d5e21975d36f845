"""`mthn-automl predict` reads and writes in pieces, and shows what the library predicts."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from mthn_automl import load_model
from mthn_automl.deployment.calibration.intervals import Residuals, intervals_of
from mthn_automl.deployment.calibration.stored import write_intervals
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import DataError, Terminated, UnknownWarning
from tests.command import as_process, in_process
from tests.contracts import zoo
from tests.deployment.few import frame, members_of, spared

UNSEEN = "new.csv: 12 rows of 1 task not seen in training, 0 of these rows with metadata: 'never seen' (12 rows).\n"


@pytest.fixture(params=["hypernetwork", "ridge", "ensemble of both"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Holds a model and 168 rows, some of which are of a task never seen."""
    members = members_of(request.param, zoo.planted)
    write_model(tmp_path / "model", request.param, members, spared(zoo.planted()), {})
    rows = frame(zoo.planted)
    rows.loc[rows.index % 14 == 3, "task"] = "never seen"
    rows.to_csv(tmp_path / "new.csv", index=False)
    return tmp_path


@pytest.fixture(params=[10, 200_000], ids=["in pieces", "at once"])
def rows_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Predictor.stream.__kwdefaults__, "rows_at_once", request.param)


def expected(folder: Path) -> pd.DataFrame:
    return load_model(folder / "model").predict(folder / "new.csv")


@pytest.mark.usefixtures("rows_at_once")
def test_predictions_of_the_whole_file_come_on_stdout_and_notes_once_on_stderr(folder: Path) -> None:
    ended = in_process(folder, "predict", "model", "new.csv")
    (folder / "found.csv").write_text(ended.out)
    pd.testing.assert_frame_equal(pd.read_csv(folder / "found.csv"), expected(folder), rtol=1e-4, check_dtype=False)
    assert (ended.code, ended.err) == (0, UNSEEN)


@pytest.mark.usefixtures("rows_at_once")
def test_output_takes_them_as_csv_or_parquet(folder: Path) -> None:
    for name, read in (("p.csv", pd.read_csv), ("deep/p.parquet", pd.read_parquet)):
        ended = in_process(folder, "predict", "model", "new.csv", "--output", name, "--quiet")
        pd.testing.assert_frame_equal(read(folder / name), expected(folder), rtol=1e-4, check_dtype=False)
        assert (ended.code, ended.out, ended.err) == (0, "", "")


def with_intervals(folder: Path) -> None:
    """Residuals of 12 tasks, and of as many as if they were never seen; 1 for known ones and 2 for those."""
    rows = zoo.planted()
    near = Residuals(np.ones((len(rows), 1)), np.zeros((len(rows), 1)), rows.task)
    found = intervals_of(near, replace(near, target=2 * near.target), len(rows.tasks), counts=False, source="estimated")
    write_intervals(folder / "model", found)


@pytest.mark.usefixtures("rows_at_once")
def test_an_interval_is_two_columns_which_are_wider_for_tasks_never_seen(folder: Path) -> None:
    with_intervals(folder)
    ended = in_process(folder, "predict", "model", "new.csv", "--interval", "0.9")
    (folder / "found.csv").write_text(ended.out)
    found = pd.read_csv(folder / "found.csv")
    assert list(found) == ["row", "task", "prediction", "low", "high"]
    pd.testing.assert_frame_equal(found[list(expected(folder))], expected(folder), rtol=1e-4, check_dtype=False)
    half = np.where(found["task"] == "never seen", 2.0, 1.0)
    np.testing.assert_allclose(found["high"] - found["prediction"], half, rtol=1e-6)
    np.testing.assert_allclose(found["prediction"] - found["low"], half, rtol=1e-6)
    frame = load_model(folder / "model").predict(folder / "new.csv", interval=0.9)
    pd.testing.assert_frame_equal(found, frame, rtol=1e-4, check_dtype=False)


@pytest.mark.usefixtures("rows_at_once")
def test_where_the_level_is_too_high_for_tasks_never_seen_their_rows_have_none_and_that_is_said(folder: Path) -> None:
    with_intervals(folder)
    ended = in_process(folder, "predict", "model", "new.csv", "--interval", "0.99", "--output", "p.csv")
    found = pd.read_csv(folder / "p.csv")
    assert found["low"].isna().equals(found["task"] == "never seen")
    assert (ended.code, found["low"].isna().sum()) == (0, 12)
    assert "12 rows of tasks that training has not seen: there is no interval, so that low and high are" in ended.err
    assert "12 tasks predicted as never seen, however it is 0.99" in ended.err


@pytest.mark.parametrize(("level", "reason"), [("0.999", "168 rows predicted unseen"), ("90", "between 0 and 1")])
def test_a_level_that_cannot_be_kept_is_refused_and_nothing_is_written(folder: Path, level: str, reason: str) -> None:
    with_intervals(folder)
    ended = in_process(folder, "predict", "model", "new.csv", "--interval", level, "--output", "p.csv")
    assert (ended.code, reason in ended.err, (folder / "p.csv").exists()) == (2, True, False)


def test_a_model_without_residuals_states_no_interval(folder: Path) -> None:
    ended = in_process(folder, "predict", "model", "new.csv", "--interval", "0.9")
    assert ended.code == 2
    assert "An interval needs a model that keeps residuals of rows it had not seen" in ended.err


@pytest.mark.usefixtures("rows_at_once")
def test_a_bad_cell_anywhere_leaves_the_old_output_and_nothing_else(folder: Path) -> None:
    good = pd.read_csv(folder / "new.csv").astype({"x1": object})
    (folder / "p.csv").write_text("old")
    before = sorted(folder.iterdir())
    for row in (0, len(good) - 1):
        rows = good.copy()
        rows.loc[row, "x1"] = "many"
        rows.to_csv(folder / "new.csv", index=False)
        ended = in_process(folder, "predict", "model", "new.csv", "--output", "p.csv")
        assert (ended.code, ended.out) == (3, "")
        assert f"line {row + 2} of new.csv says 'many'" in ended.err
        assert sorted(folder.iterdir()) == before
        assert (folder / "p.csv").read_text() == "old"


def test_a_column_of_nothing_known_is_refused_in_the_shell_and_in_python_unless_that_is_allowed(tmp_path: Path) -> None:
    write_model(tmp_path / "model", "ridge", members_of("ridge", zoo.missing_values), zoo.missing_values(), {})
    rows = frame(zoo.missing_values).assign(xc0="Level 0")
    rows.to_csv(tmp_path / "new.csv", index=False)
    model = load_model(tmp_path / "model")
    refused = in_process(tmp_path, "predict", "model", "new.csv")
    assert (refused.code, refused.out) == (3, "")
    assert "Feature 'xc0' of new.csv must hold categories of training, such as 'level 0'" in refused.err
    with pytest.raises(DataError, match="'xc0' of the data must hold"):
        model.predict(rows)
    for column in ("x1", "xc0"):
        frame(zoo.missing_values).assign(**{column: None}).to_csv(tmp_path / "empty.csv", index=False)
        empty = in_process(tmp_path, "predict", "model", "empty.csv")
        assert (empty.code, empty.out) == (3, "")
        assert f"Feature '{column}' of empty.csv must not be empty throughout" in empty.err
        assert in_process(tmp_path, "predict", "model", "empty.csv", "--allow-unknown").code == 0
    allowed = in_process(tmp_path, "predict", "model", "new.csv", "--allow-unknown")
    assert (allowed.code, "cells ('Level 0'), which count as missing" in allowed.err) == (0, True)
    with pytest.warns(UnknownWarning, match="which count as missing"):
        assert len(model.predict(rows, allow_unknown=True)) == len(rows)


@pytest.mark.parametrize("folder", ["ridge"], indirect=True)
def test_its_own_data_or_model_are_no_output(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for output in ("new.csv", "model/tasks.json"):
        ended = in_process(folder, "predict", "model", "new.csv", "--output", output)
        assert (ended.code, ended.out) == (2, "")
        assert f"however {output} is one; name another" in ended.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("folder", ["ridge"], indirect=True)
def test_the_devices_of_the_shell_can_be_written(folder: Path) -> None:
    ended = as_process(folder, "predict", "model", "new.csv", "--output", "/dev/stdout", "--quiet")
    assert ended.code == 0, ended.err
    assert ended.out == in_process(folder, "predict", "model", "new.csv").out


@pytest.mark.parametrize(
    ("end", "word", "code"), [(KeyboardInterrupt(), "Interrupted", 130), (Terminated(15), "Terminated", 143)]
)
def test_what_is_no_search_cannot_be_resumed(end: BaseException, word: str, code: int, folder: Path) -> None:
    with patch.object(Predictor, "stream", side_effect=end):
        ended = in_process(folder, "predict", "model", "new.csv")
    assert (ended.code, ended.out, ended.err) == (code, "", f"mthn-automl: {word}.\n")
