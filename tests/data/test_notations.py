"""How numbers of training were written is how those of other files are read, in every role of a column."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from tests.data.again import again

COUNTS = [1, 2, 0, 4] * 6
HOURS = [1.125, 2.5, 1234.5, 1.75] * 6


def written(path: Path, target: list[float]) -> Path:
    columns = {"x": HOURS[::-1], "target": target, "hours": HOURS, "w": HOURS}
    texts = {name: [f"{value:.3f}".replace(".", ",") for value in values] for name, values in columns.items()}
    pd.DataFrame({"task": list("ab") * 12, **texts}).to_csv(path, sep=";", index=False)
    return path


def known(path: Path, problem: str) -> Dataset:
    offset = "hours" if problem == "count" else None
    return read_dataset(path, problem=problem, weight="w", offset=offset, decimal=",")


@pytest.mark.parametrize(("problem", "target"), [("regression", HOURS), ("count", COUNTS)])
def test_decimal_commas_of_training_are_read_again(tmp_path: Path, problem: str, target: list[float]) -> None:
    path = written(tmp_path / "data.csv", target)
    first = known(path, problem)
    rows = again(first, path, need_target=True)
    np.testing.assert_array_equal(rows.target[:, 0], target)
    np.testing.assert_array_equal(rows.weight, HOURS)
    np.testing.assert_array_equal(rows.features.numeric, first.features.numeric)
    if problem == "count":
        np.testing.assert_array_equal(again(first, path, need_target=False).exposure, HOURS)
