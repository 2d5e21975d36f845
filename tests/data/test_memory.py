import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl import search
from mthn_automl.data import memory
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.memory import Foresight
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError
from mthn_automl.run.checking import check


@pytest.fixture(params=["csv", "parquet"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """3,000 rows of 10 columns, for which 600 kB are needed."""
    columns = {f"x{k}": np.arange(3_000) % 7 + k for k in range(8)}
    frame = pd.DataFrame({"task": [f"t{k % 9}" for k in range(3_000)], **columns, "target": np.arange(3_000) / 7})
    path = tmp_path / f"data.{request.param}"
    frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    return path


def test_a_file_larger_than_memory_is_refused_before_it_is_read(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 1_000_000)
    assert len(read_dataset(data)) == 3_000
    monkeypatch.setattr(memory, "free_bytes", lambda: 20_000)
    refused = rf"{data.name} needs about \d+ kB once it is read, and 20 kB are free; give fewer"
    with pytest.raises(DataError, match=refused):
        read_dataset(data)


def test_data_that_can_be_read_but_not_searched_are_refused_and_nothing_is_written(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 2_000_000)
    dataset = read_dataset(data)
    refused = (
        r"3,000 rows of 9 columns need about 2\.\d MB more memory, and 2\.0 MB are free; about 2,\d\d\d rows would fit"
    )
    with pytest.raises(DataError, match=refused):
        memory.refuse_search(dataset, workers=0)
    memory.refuse_search(dataset.take(np.arange(2_000)), workers=0)
    with pytest.raises(DataError, match="A search must hold its rows several times"):
        search(data, output=data.parent / "run")
    assert not (data.parent / "run").exists()


def test_data_that_cannot_be_searched_are_described_all_the_same(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 2_000_000)
    found = check(data)
    assert (found.rows, len(found.columns)) == (3_000, 10)
    assert re.match(r"A search by \d+ workers? would be refused: A search must hold its rows", found.notes[0])
    monkeypatch.undo()
    assert not any("would be refused" in note for note in check(data).notes)


def zipped(rows: int, tasks: int = 10) -> Dataset:
    """A number, and a text of 1,000 values."""
    random = np.random.default_rng(0)
    names = pd.Series(np.arange(rows) % 1_000).astype(str) + "th"
    frame = {"task": np.arange(rows) % tasks, "x": random.normal(size=rows), "zip": names}
    return read_dataset(pd.DataFrame({**frame, "target": random.normal(size=rows)}))


def test_what_is_foreseen_follows_the_encoded_columns_and_the_workers() -> None:
    """One-hot categories count; once they are too many for that, their column is one number a row."""
    few, many = Foresight.of(zipped(20_000), 0), Foresight.of(zipped(40_000), 0)
    assert (few.columns, few.encoded, many.encoded) == (3, 1_002, 3)
    assert many.bytes < few.bytes
    alone, two, four = (Foresight.of(zipped(40_000), workers).bytes for workers in (0, 2, 4))
    assert alone < two < four < 4 * alone


def test_a_refusal_names_the_columns_that_categories_become(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = zipped(20_000)
    monkeypatch.setattr(memory, "free_bytes", lambda: 1_000_000)
    with pytest.raises(DataError, match="20,000 rows of 3 columns, 1,002 with one for each category, need about"):
        memory.refuse_search(dataset, workers=0)


def test_what_grows_beside_the_rows_is_left_out_where_it_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    foreseen = Foresight.of(zipped(40_000), 0)
    assert foreseen.too_much("random_forest", 60_000) == ""
    monkeypatch.setattr(memory, "free_bytes", lambda: 1_000_000_000)
    reason = r"random_forest needs about 1\.\d GB more memory, and 1\.0 GB are free\."
    assert re.fullmatch(reason, foreseen.too_much("random_forest", 60_000))
    memory.refuse_search(zipped(40_000), workers=0)
