"""How cells are written is what the rows show that are not for the test; targets that are ranges may be classes."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.columns.form import Notation
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError

ROWS = 24
TEST = np.arange(ROWS) % 4 == 0


def file(path: Path, training: list[str], test: list[str], **columns: Any) -> Path:
    """A column `z` with those cells in turn, and every fourth row for the test."""
    cells = np.resize(training, ROWS).astype(object)
    cells[TEST] = np.resize(test, TEST.sum())
    rows = {"task": np.repeat(list("ab"), ROWS // 2), "target": np.sqrt(np.arange(ROWS)), "z": cells, **columns}
    pd.DataFrame({**rows, "part": np.where(TEST, "test", "train")}).to_csv(path / "data.csv", index=False)
    return path / "data.csv"


def questions(dataset: Dataset, name: str) -> str:
    return " ".join(next(each for each in dataset.account if each.name == name).questions)


REFUSED = {
    "a decimal comma": (["1.5", "2.25"], ["1.5", "0,25"], "numbers", "line 6 of data.csv says '0,25'"),
    "a comma that would decide": (["1,234", "2,345"], ["0,5"], "numbers", "line 2 of data.csv says '0,5'"),
    "a word": (["1.5", "2.25"], ["n.d."], "numbers", "line 2 of data.csv says 'n.d.'"),
    "a month of 13": (["1/2/2020", "3/4/2021"], ["1/13/2020"], "dates", "line 2 of data.csv says '1/13/2020'"),
    "no range": (["10-20", "20-30"], ["old"], "numbers", "line 2 of data.csv says 'old'"),
}


@pytest.mark.parametrize(("training", "test", "kind", "said"), REFUSED.values(), ids=REFUSED)
def test_a_test_cell_in_another_form_than_the_others_is_named_and_changes_no_reading(
    tmp_path: Path, training: list[str], test: list[str], kind: str, said: str
) -> None:
    path = file(tmp_path, training, test)
    with pytest.raises(
        DataError, match=rf"Column 'z' must hold {kind}.* in test rows as in all others, however {re.escape(said)}"
    ):
        read_dataset(path, split="part")
    assert read_dataset(path).schema.features  # the rows are all alike where no test rows are named


def test_test_rows_settle_no_doubt_about_how_the_others_are_written(tmp_path: Path) -> None:
    path = file(tmp_path, ["1,234", "2,345"], ["1,234,567"])
    dataset = read_dataset(path, split="part")
    assert "--decimal ','" in questions(dataset, "z")
    assert dataset.features.numeric[1, 0] == 2345
    assert "--decimal ','" not in questions(read_dataset(path), "z")


def test_words_and_categories_are_what_they_are_whatever_rows_they_stand_in(tmp_path: Path) -> None:
    dataset = read_dataset(file(tmp_path, ["a", "b"], ["1"]), split="part")
    assert dataset.schema.features[0].categories is not None
    data = pd.read_csv(file(tmp_path, ["1", "2"], ["x"])).astype({"z": "category"})
    assert read_dataset(data, split="part").schema.features[0].categories is not None
    assert read_dataset(file(tmp_path, ["1", "2"], ["x"]), split="part", categorical=["z"]).schema.features
    forced = read_dataset(file(tmp_path, ["1", "2"], ["x"]), split="part", numeric=["z"])
    np.testing.assert_array_equal(np.isnan(forced.features.numeric[:, 0]), TEST)


def test_ranges_are_numbers_of_features_and_classes_of_targets_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    bands = np.resize(["<18", "18-24", "25-64", "65+"], ROWS)
    path = file(tmp_path, ["10-20", "20-30"], ["20-30"], band=bands)
    found = read_dataset(path, target=["band"], features=["z"])
    assert found.schema.classes == ("18-24", "25-64", "65+", "<18")
    assert "--numeric 'band' takes the middles of ranges" in questions(found, "band")
    form = found.schema.features[0].form
    assert form is not None
    assert form.notation == Notation(composed="range")
    assert "--categorical 'z'" in questions(found, "z")
    assert read_dataset(path, target=["band"], numeric=["band"]).schema.problem == "regression"
