from pathlib import Path

import numpy as np
import pandas as pd
import psutil
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


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def test_the_limit_of_a_container_counts_that_of_its_parents_in_either_version_of_control_groups(
    tmp_path: Path,
) -> None:
    root, membership = tmp_path / "cgroup", tmp_path / "self"
    assert memory.container_bytes(root, membership) is None
    membership.write_text("0::/outer/inner\n")
    group(root / "outer" / "inner", memory__max="max\n", memory__current="10\n", memory__stat="inactive_file 1\n")
    group(root / "outer", memory__max="1000\n", memory__current="700\n", memory__stat="anon 9\ninactive_file 100\n")
    assert memory.container_bytes(root, membership) == 400
    membership.write_text("5:cpu,cpuacct:/a\n4:memory:/a\n")
    files = {"memory__limit_in_bytes": "1000", "memory__usage_in_bytes": "300", "memory__stat": "total_inactive_file 5"}
    group(root / "memory" / "a", **files)
    assert memory.container_bytes(root, membership) == 705


def test_the_smaller_of_machine_and_container_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "container_bytes", lambda: None)
    assert 0 < memory.free_bytes() <= psutil.virtual_memory().total
    monkeypatch.setattr(memory, "container_bytes", lambda: 17)
    assert memory.free_bytes() == 17


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
