"""A file in pieces is predicted as the file in one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import DataError, UnknownWarning, UsageError
from tests.contracts import zoo
from tests.deployment.few import ANIMALS, Animal, few_models, frame, predictor, with_intervals


def written(folder: Path, animal: Animal) -> Path:
    """Rows of known tasks, of one whose metadata are known, and of tasks never seen that occur in several pieces."""
    rows = frame(animal)
    rows.loc[rows.index % 7 == 2, "task"] = "never seen"
    rows.loc[rows.index % 11 == 5, "task"] = "described"
    rows.loc[rows.index % 13 == 12, "task"] = "nor this"
    rows.to_csv(folder / "new.csv", index=False)
    return folder / "new.csv"


@few_models
def test_pieces_are_parts_of_the_whole_and_notes_count_all_of_it(name: str, tmp_path: Path) -> None:
    for animal in ANIMALS:
        path, model = written(tmp_path, animal), predictor(name, animal)
        whole, notes = model.predict(path), model.read(path).notes
        assert any("3 tasks not seen in training" in note for note in notes)
        for rows_at_once in (9, 10_000):
            stream = model.stream(path, rows_at_once=rows_at_once)
            pieces = list(stream)
            assert [len(piece) for piece in pieces[:-1]] == [rows_at_once] * (len(pieces) - 1)
            found = pd.concat(pieces, ignore_index=True)
            pd.testing.assert_frame_equal(found, whole, rtol=1e-4, atol=1e-5)
            assert stream.notes == notes


def test_metadata_of_new_tasks_may_be_given(tmp_path: Path) -> None:
    path, model = written(tmp_path, zoo.planted), predictor("hypernetwork", zoo.planted)
    meta = tmp_path / "meta.csv"
    pd.DataFrame({"task": ["never seen"], "m0": [1.0], "m1": [-1.0], "m2": [2.0]}).to_csv(meta, index=False)
    found = pd.concat(model.stream(path, meta, rows_at_once=20), ignore_index=True)
    pd.testing.assert_frame_equal(found, model.predict(path, meta), rtol=1e-4, atol=1e-5)


NO_INTERVAL = "of tasks that training has not seen: there is no interval, so that low and high are missing."


def test_rows_that_have_no_interval_are_counted_over_all_pieces_and_predicted(tmp_path: Path) -> None:
    path, model = written(tmp_path, zoo.planted), with_intervals(predictor("ridge", zoo.planted), new=5)
    stream = model.stream(path, rows_at_once=20, interval=0.9)
    found = pd.concat(stream, ignore_index=True)
    new = ~found["task"].isin(model.tasks.names)
    assert found["low"].isna().equals(new)
    assert found["high"].isna().equals(new)
    assert f"{new.sum()} rows {NO_INTERVAL}" in stream.notes[-1]
    assert "at most 0.833 by 5 tasks predicted as never seen, however it is 0.9; ask for a lower" in stream.notes[-1]
    with pytest.warns(UnknownWarning, match=f"{new.sum()} rows {NO_INTERVAL}"):
        pd.testing.assert_frame_equal(model.predict(path, interval=0.9), found)


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
@pytest.mark.parametrize(
    "ask",
    [
        lambda model, path: model.predict(path, interval=0.5),
        lambda model, path: list(model.stream(path, rows_at_once=20, interval=0.5)),
        lambda model, _: model.predict_one({"task": "never seen", "x0": 1.0}, interval=0.5),
    ],
    ids=["a table", "pieces", "a row"],
)
def test_where_no_row_has_an_interval_it_is_refused(ask: Callable[[Predictor, Path], Any], tmp_path: Path) -> None:
    path, model = tmp_path / "new.csv", with_intervals(predictor("ridge", zoo.planted), new=0)
    frame(zoo.planted).assign(task="never seen").to_csv(path, index=False)
    with pytest.raises(UsageError, match=r"none at all by 0 tasks .* however it is 0\.5; ask for predictions alone"):
        ask(model, path)


def test_an_error_comes_at_its_piece(tmp_path: Path) -> None:
    path = written(tmp_path, zoo.planted)
    rows = pd.read_csv(path).astype({"x1": object})
    rows.loc[100, "x1"] = "many"
    rows.to_csv(path, index=False)
    pieces = iter(predictor("ridge", zoo.planted).stream(path, rows_at_once=60))
    assert len(next(pieces)) == 60
    with pytest.raises(DataError, match=r"line 102 of new\.csv says 'many'"):
        next(pieces)
