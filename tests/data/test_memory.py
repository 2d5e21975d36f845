from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl import search
from mthn_automl.data import memory
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError


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
    monkeypatch.setattr(memory, "free_bytes", lambda: 800_000)
    rows = len(read_dataset(data))
    with pytest.raises(DataError, match=r"3,000 rows of 9 columns need about 1\.1 MB more memory, and 800 kB are free"):
        memory.refuse_search(rows, 9)
    memory.refuse_search(rows // 2, 9)
    with pytest.raises(DataError, match="A search must hold its rows several times"):
        search(data, output=data.parent / "run")
    assert not (data.parent / "run").exists()
