"""Columns of metadata as the user has named them, with all that is made of one."""

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.metadata_columns import metadata_names, with_columns, with_noise
from mthn_automl.data.read import read_dataset


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    names = [f"t{number}" for number in range(8)]
    days = pd.date_range("2020-01-31", periods=8, freq="40D").strftime("%Y-%m-%d")
    meta = pd.DataFrame({"task": names, "colour": list("abcd") * 2, "day": days, "noise": np.arange(8.0)})
    data = pd.DataFrame({"task": np.repeat(names, 4), "x": np.arange(32.0), "target": np.arange(32) % 7 / 3})
    return read_dataset(data, meta)


def test_parts_of_a_date_and_categories_belong_to_the_column_that_they_are_read_from(dataset: Dataset) -> None:
    assert metadata_names(dataset.schema) == ("colour", "day", "noise")
    assert len(dataset.schema.metadata) > 3
    without = with_columns(dataset, {"colour", "noise"})
    assert [column.read_from for column in without.schema.metadata] == ["colour", "noise"]
    assert without.tasks.metadata is not None
    assert (without.tasks.metadata.numeric.shape, without.tasks.metadata.codes.shape) == ((8, 1), (8, 1))
    np.testing.assert_array_equal(without.tasks.metadata.numeric[:, 0], np.arange(8.0))


def test_without_any_column_there_are_no_metadata(dataset: Dataset) -> None:
    assert with_columns(dataset, ()).tasks.metadata is None
    bare = dataset.without_metadata()
    assert with_columns(bare, {"day"}).tasks.metadata is None


def test_noise_has_a_name_of_its_own_and_stands_beside_what_is_known(dataset: Dataset) -> None:
    noisy = with_noise(dataset, 0)
    assert noisy.schema.metadata[:-1] == dataset.schema.metadata
    assert noisy.schema.metadata[-1].name == "noise_"
    assert noisy.tasks.metadata is not None
    assert dataset.tasks.metadata is not None
    np.testing.assert_array_equal(noisy.tasks.metadata.numeric[:, :-1], dataset.tasks.metadata.numeric)
    alone = with_noise(dataset.without_metadata(), 0)
    assert alone.tasks.metadata is not None
    assert alone.tasks.metadata.numeric.shape == (8, 1)
