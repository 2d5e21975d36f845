"""Files to predict are read as those of training were told to be read, where that fits, or as is said anew."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl import load_model
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.errors import UnknownWarning
from tests.command import Ended, in_process
from tests.deployment.few import members_of

ROWS, _ = planted(tasks=6, rows=8)
ROWS = ROWS.assign(place=["Zürich", "Köln"] * (len(ROWS) // 2))


def workbook(path: Path, **sheets: pd.DataFrame) -> Path:
    with pd.ExcelWriter(path) as writer:
        for name, rows in sheets.items():
            rows.to_excel(writer, sheet_name=name, index=False)
    return path


def text(path: Path, encoding: str = "utf-8", separator: str = ",") -> Path:
    ROWS.to_csv(path, index=False, encoding=encoding, sep=separator)
    return path


def model(folder: Path, data: Path, **told: str) -> Path:
    """A ridge trained on a file that is read as is told."""
    dataset = read_dataset(data, reading=Reading(**told))
    animal: Callable[[], Dataset] = lambda: dataset  # noqa: E731
    write_model(folder / "model", "ridge", members_of("ridge", animal), dataset, {})
    return folder


def predicted(folder: Path, *words: object) -> Ended:
    ended = in_process(folder, "predict", "model", *words, "--output", "found.csv")
    assert ended.code == 0, ended.err
    return ended


def found(folder: Path) -> np.ndarray:
    return pd.read_csv(folder / "found.csv")["prediction"].to_numpy()


def expected(folder: Path) -> np.ndarray:
    return load_model(folder / "model").predict(ROWS)["prediction"].to_numpy()


def test_the_sheet_of_training_is_read_again_unless_another_is_named(tmp_path: Path) -> None:
    noise = ROWS.assign(x1=0.0)
    book = workbook(tmp_path / "data.xlsx", Raw=noise, Clean=ROWS)
    model(tmp_path, book, sheet="Clean")
    assert "data.xlsx: read with --sheet 'Clean', as training was." in predicted(tmp_path, book).err
    np.testing.assert_allclose(found(tmp_path), expected(tmp_path), rtol=1e-4)
    assert "as training was" not in predicted(tmp_path, book, "--sheet", "Raw").err
    assert not np.allclose(found(tmp_path), expected(tmp_path), rtol=1e-4)
    loaded = load_model(tmp_path / "model")
    with pytest.warns(UnknownWarning, match="as training was"):
        np.testing.assert_allclose(loaded.predict(book)["prediction"], expected(tmp_path), rtol=1e-4)
    raw = loaded.predict(book, sheet="Raw")["prediction"]
    np.testing.assert_allclose(raw, loaded.predict(noise)["prediction"], rtol=1e-4)


def test_what_training_was_told_and_does_not_fit_is_left_out_and_said(tmp_path: Path) -> None:
    model(tmp_path, workbook(tmp_path / "data.xlsx", Raw=ROWS, Clean=ROWS), sheet="Clean")
    other = workbook(tmp_path / "new.xlsx", Sheet1=ROWS)
    unfit = "new.xlsx: read without --sheet 'Clean' of training, since it cannot be read so."
    assert unfit in predicted(tmp_path, other).err
    np.testing.assert_allclose(found(tmp_path), expected(tmp_path), rtol=1e-4)
    assert "--sheet" not in predicted(tmp_path, text(tmp_path / "new.csv")).err
    refused = in_process(tmp_path, "predict", "model", other, "--sheet", "Clean")
    assert (refused.code, "has no 'Clean'" in refused.err) == (3, True)


def test_encoding_and_delimiter_of_training_are_those_of_other_texts(tmp_path: Path) -> None:
    data = text(tmp_path / "data.txt", "cp850", "@")
    model(tmp_path, data, encoding="cp850", delimiter="@")
    notes = predicted(tmp_path, data).err
    assert all(f"read with --{name} as training was." in notes for name in ("delimiter '@',", "encoding 'cp850',"))
    np.testing.assert_allclose(found(tmp_path), expected(tmp_path), rtol=1e-4)
    commas = text(tmp_path / "new.csv", "cp850")
    notes = predicted(tmp_path, commas).err
    assert "new.csv: read without --delimiter '@' of training" in notes
    assert "new.csv: read with --encoding 'cp850', as training was." in notes
    np.testing.assert_allclose(found(tmp_path), expected(tmp_path), rtol=1e-4)
    assert "encoding" not in predicted(tmp_path, text(tmp_path / "utf.csv"), "--encoding", "utf-8").err
    np.testing.assert_allclose(found(tmp_path), expected(tmp_path), rtol=1e-4)
