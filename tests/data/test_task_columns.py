"""Several columns that together name a task: in the data, in metadata, and in rows to predict."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.task_names import joined_name, parts_of
from mthn_automl.errors import DataError
from tests.data.again import again

COLUMNS = ("region", "product")
PARTS = sorted({"".join(letters).strip() for size in (1, 2, 3) for letters in product("a/ ", repeat=size)} - {""})


def rows(regions: str = "ab", products: str = "pqr", each: int = 4) -> pd.DataFrame:
    """So many rows of every pair."""
    pairs = [pair for pair in product(regions, products) for _ in range(each)]
    number = np.arange(len(pairs))
    named = {"region": [pair[0] for pair in pairs], "product": [pair[1] for pair in pairs]}
    return pd.DataFrame({**named, "x": number % 5 / 3, "target": np.sqrt(number)})


def read(meta: pd.DataFrame | None = None, data: pd.DataFrame | None = None) -> Dataset:
    return read_dataset(rows() if data is None else data, meta, task=COLUMNS)


def sizes(dataset: Dataset) -> list[float]:
    assert dataset.tasks.metadata is not None
    return dataset.tasks.metadata.numeric[:, 0].tolist()


def test_no_two_lists_of_parts_have_one_name_and_a_name_gives_its_parts_back() -> None:
    of_parts = {parts: joined_name(parts) for count in (2, 3) for parts in product(PARTS, repeat=count)}
    assert len(set(of_parts.values())) == len(of_parts)
    assert all(tuple(parts_of(name)) == parts for parts, name in of_parts.items())


def test_a_name_is_its_parts_with_a_slash_between_them_and_km_h_stays_as_it_is() -> None:
    assert joined_name(["north", "km/h"]) == "north / km/h"
    assert joined_name(["a / b", "c"]) == "a // b / c"


def test_the_values_together_name_the_task_and_are_no_features() -> None:
    dataset = read()
    assert dataset.tasks.names == ("a / p", "a / q", "a / r", "b / p", "b / q", "b / r")
    assert np.bincount(dataset.task).tolist() == [4] * 6
    assert [column.name for column in dataset.schema.features] == ["x"]
    assert [each.role for each in dataset.account] == ["task", "task", "feature", "target"]


def test_parts_that_run_into_each_other_stay_two_tasks() -> None:
    data = rows("ab", "p", each=3).assign(region=["a", "a / p"] * 3, product=["p / q", "q"] * 3)
    assert len(read(data=data).tasks) == 2


def test_metadata_are_joined_on_all_columns() -> None:
    meta = pd.DataFrame({"product": list("qpz"), "size": [1.0, 2.0, 3.0], "region": list("aab")})
    dataset = read(meta)
    np.testing.assert_equal(sizes(dataset), [2.0, 1.0, np.nan, np.nan, np.nan, np.nan])
    assert dataset.spare.names == ("b / z",)


def test_metadata_of_one_of_the_columns_describe_all_tasks_that_share_it_and_new_ones_too() -> None:
    meta = pd.DataFrame({"region": list("abc"), "size": [1.0, 2.0, 3.0]})
    dataset = read(meta)
    assert sizes(dataset) == [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    assert any("a row describes all tasks of the same 'region'" in note for note in dataset.notes)
    new = again(dataset, rows("abc", "s"))
    assert new.tasks.names[6:] == ("a / s", "b / s", "c / s")
    assert sizes(new)[6:] == [1.0, 2.0, 3.0]
    given_again = again(dataset, rows("d", "ps"), pd.DataFrame({"region": ["d"], "size": [9.0]}))
    assert sizes(given_again)[6:] == [9.0, 9.0]


def test_metadata_that_have_none_of_the_columns_or_one_twice_are_refused() -> None:
    with pytest.raises(DataError, match="must have a column 'region' that names each row's task"):
        read(pd.DataFrame({"size": [1.0]}))
    with pytest.raises(DataError, match="one row of metadata, however 'a' has row 0 of the metadata and row 1"):
        read(pd.DataFrame({"region": ["a", "a"], "size": [1.0, 2.0]}))


def test_a_row_that_lacks_a_part_of_its_name_or_a_table_that_lacks_the_column_is_refused() -> None:
    with pytest.raises(DataError, match="row 2 of the data has nothing in 'product'"):
        read(data=rows().assign(product=["p", "q", None] * 8))
    with pytest.raises(DataError, match=r"must have a column 'product' .*--task takes another"):
        read(data=rows().drop(columns="product"))
    with pytest.raises(DataError, match="must have a column 'product' that names each row's task"):
        again(read(), rows().drop(columns="product"))


def test_rows_in_pieces_of_a_file_are_of_the_same_tasks(tmp_path: Path) -> None:
    rows().to_csv(tmp_path / "data.csv", index=False)
    from_file = read_dataset(tmp_path / "data.csv", task=COLUMNS)
    assert from_file.tasks == read().tasks
    assert again(from_file, rows("ba", "rq")).tasks == from_file.tasks
