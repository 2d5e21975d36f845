from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.splits.parts.stored import load_split, save_split
from mthn_automl.errors import FormatError
from mthn_automl.received import Received
from tests.data.splits.test_within_tasks import regression


def test_a_saved_split_is_loaded_as_it_was_and_names_row_task_role_and_fold(tmp_path: Path) -> None:
    dataset, test, folds = regression((2, 3)), np.array([False, False, True, False, False]), np.array([0, 1, 1, 0])
    save_split(tmp_path / "splits.parquet", dataset, test, folds)
    given = Received(tmp_path, "a whole run folder")
    np.testing.assert_equal(load_split(given, "splits.parquet", dataset), (test, folds))
    assert pd.read_parquet(tmp_path / "splits.parquet").to_dict("list") == {
        "row": [0, 1, 2, 3, 4],
        "task": ["t2-0", "t2-0", "t3-1", "t3-1", "t3-1"],
        "role": ["train", "train", "test", "train", "train"],
        "fold": [0, 1, -1, 1, 0],
    }
    (tmp_path / "splits.parquet").write_text("row,task\n")
    with pytest.raises(FormatError, match=r"splits\.parquet is wrong"):
        load_split(given, "splits.parquet", dataset)


OTHER_ROWS = {
    "another order": ({"row": [1, 0, 2, 3, 4]}, "'row' must be that of the data"),
    "other tasks": ({"task": ["t2-0", "t2-0", "t3-1", "t3-1", "t2-0"]}, "'task' must be that of the data"),
    "another role": ({"role": ["train", "train", "test", "train", "Test"]}, "'role' must say test or train"),
    "no fold": ({"fold": [0, 1, -1, 1, -2]}, "'fold' must hold whole numbers"),
    "half a fold": ({"fold": [0, 1, -1, 1, 0.5]}, "'fold' must hold whole numbers"),
}


@pytest.mark.parametrize(("changed", "reason"), OTHER_ROWS.values(), ids=OTHER_ROWS)
def test_a_split_of_other_rows_is_refused_since_sealed_rows_would_be_trained_on(
    changed: dict[str, list[object]], reason: str, tmp_path: Path
) -> None:
    dataset, test, folds = regression((2, 3)), np.array([False, False, True, False, False]), np.array([0, 1, 1, 0])
    path = tmp_path / "splits.parquet"
    save_split(path, dataset, test, folds)
    pd.read_parquet(path).assign(**changed).to_parquet(path)
    with pytest.raises(FormatError, match=reason):
        load_split(Received(tmp_path, "a whole run folder"), path.name, dataset)
