"""A file in pieces is predicted as the file in one."""

from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.errors import DataError
from tests.contracts import zoo
from tests.deployment.few import ANIMALS, Animal, few_models, frame, predictor


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


def test_an_error_comes_at_its_piece(tmp_path: Path) -> None:
    path = written(tmp_path, zoo.planted)
    rows = pd.read_csv(path).astype({"x1": object})
    rows.loc[100, "x1"] = "many"
    rows.to_csv(path, index=False)
    pieces = iter(predictor("ridge", zoo.planted).stream(path, rows_at_once=60))
    assert len(next(pieces)) == 60
    with pytest.raises(DataError, match=r"line 102 of new\.csv says 'many'"):
        next(pieces)
