"""Scales of training rows only, the same matrix whatever is missing, and nothing lost on the way through JSON."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.data.preprocess import Preprocessor, missing_columns, most_one_hot
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.data.scaling import FAR, Scaling, moments
from mthn_automl.data.schema import Column
from mthn_automl.received import typed

COLUMNS = (Column("x"), Column("gappy"), Column("word", ("p", "q", "r")))
TABLE = Table(
    np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 7.0], [100.0, np.nan]]), np.array([[0], [1], [-1], [2]], dtype=np.int64)
)
TRAINING = TABLE.take(np.arange(3))


@pytest.fixture
def dataset() -> Dataset:
    data, meta = planted(tasks=4, rows=10)
    data["word"] = np.array(["p", "q", None])[np.arange(len(data)) % 3]
    data.loc[::7, "x1"] = np.nan
    return read_dataset(data, meta.iloc[:3].assign(kind=["u", "v", "u"]))


def test_a_matrix_holds_scaled_numbers_then_indicators_then_categories() -> None:
    """Scaled by training rows only; a gap is the mean; a category missing or not seen in training is zeros."""
    fitted = Preprocessor.fit(COLUMNS, TRAINING, missing_columns(TABLE))
    found = fitted.transform(TABLE)
    far = 98 * 1.5**0.5
    expected = [[-(1.5**0.5), -1, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0], [1.5**0.5, 1, 0, 0, 0, 0], [far, 0, 1, 0, 0, 0]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    smaller = Preprocessor.fit(COLUMNS, TABLE.take(np.arange(1)), missing_columns(TABLE))
    assert fitted.width == smaller.width == found.shape[1]


def test_a_wide_column_gives_the_index_of_its_category_among_those_of_all_wide_columns() -> None:
    """Behind all other columns; -1 where a category is missing or not seen in training."""
    columns = (Column("x"), *(Column(name, tuple("pqr"[:size])) for name, size in (("a", 3), ("b", 2), ("c", 3))))
    table = Table(np.zeros((3, 1)), np.array([[0, 0, 2], [-1, 1, 1], [2, 1, 0]]))
    fitted = Preprocessor.fit(columns, table.take(np.arange(2)), (False,), wide=(True, False, True))
    assert fitted.transform(table).tolist() == [[0, 1, 0, 0, 5], [0, 0, 1, -1, 4], [0, 0, 1, -1, -1]]
    assert (fitted.width, fitted.narrow, fitted.wide_categories) == (5, 3, 6)
    with pytest.raises(ValueError, match="'wide' must be of 3 columns, however it is of 1"):
        typed({**asdict(fitted), "wide": [True]}, Preprocessor)


def test_columns_become_wide_from_the_widest_on_once_all_of_them_have_too_many_cells() -> None:
    """The more rows, or tasks whose networks have weights of their own, the fewer columns are one-hot."""
    sizes = (1_000, 20, 300, 100)
    assert [most_one_hot(sizes, rows) for rows in (1_000, 50_000, 250_000, 10_000_000)] == [1_000, 300, 100, 32]
    assert most_one_hot((), 10_000_000) == 32


def test_a_column_that_tells_nothing_is_zeros_and_a_mistyped_cell_is_cut_off() -> None:
    for value in (1e9, np.nan):
        column = Table(np.full((3, 1), value), np.empty((3, 0), dtype=np.int64))
        assert Preprocessor.fit(COLUMNS[:1], column, [False]).transform(column).tolist() == [[0], [0], [0]]
    assert Scaling((0.0,), (1.0,)).apply(np.array([[1e300], [-1e300]])).tolist() == [[FAR], [-FAR]]


def test_an_encoder_survives_json(dataset: Dataset) -> None:
    for rows in (dataset, dataset.without_metadata()):
        encoder = Encoder.fit(rows, Flags.of(rows))
        squashed = replace(encoder.features, scaling=replace(encoder.features.scaling, squashed=True))
        for each in (encoder, replace(encoder, features=squashed)):
            restored = typed(json.loads(json.dumps(asdict(each))), Encoder)
            assert restored == each
            np.testing.assert_array_equal(restored.encode_features(rows.features), each.encode_features(rows.features))
        assert encoder.encode_metadata(rows.tasks).shape == (4, encoder.metadata_width)
        assert (encoder.metadata_width > 0) is (rows is dataset)


def test_metadata_scales_count_each_training_task_once_and_flag_a_task_without(dataset: Dataset) -> None:
    uneven = dataset.take(np.array([0, 1, 2, 3, 10]))
    scaled = Encoder.fit(uneven, Flags.of(dataset)).encode_metadata(dataset.tasks)[:2, 0]
    assert scaled.tolist() in ([pytest.approx(1), pytest.approx(-1)], [pytest.approx(-1), pytest.approx(1)])
    matrix = Encoder.fit(dataset, Flags.of(dataset)).encode_metadata(dataset.tasks)
    assert matrix[3].tolist() == [0, 0, 1, 1, 0, 0]


def test_a_target_is_standardised_and_back_and_class_indices_are_left_as_they_are(dataset: Dataset) -> None:
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    scaled = encoder.encode_target(dataset.target)
    assert scaled.std() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(encoder.prediction(dataset.schema.kind, scaled), dataset.target, atol=1e-5)
    classes = read_dataset(pd.DataFrame({"task": ["a"] * 4, "x": range(4), "target": ["u", "v", "v", "u"]}))
    assert Encoder.fit(classes, Flags.of(classes)).encode_target(classes.target)[:, 0].tolist() == [0, 1, 1, 0]


def test_data_without_features_get_a_constant() -> None:
    dataset = read_dataset(pd.DataFrame({"task": ["a", "a", "b"], "target": [1.0, 2.0, 3.0]}))
    assert Encoder.fit(dataset, Flags.of(dataset)).encode_features(dataset.features).tolist() == [[1], [1], [1]]


def test_moments_are_the_same_however_many_rows_are_summed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    numeric = np.random.default_rng(0).normal(5.0, 2.0, (100, 2))
    numeric[::3, 1] = np.nan
    at_once = moments(numeric)
    monkeypatch.setattr("mthn_automl.data.scaling.ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(moments(numeric), at_once, rtol=1e-12)
    np.testing.assert_allclose(at_once, [np.nanmean(numeric, axis=0), np.nanstd(numeric, axis=0)], rtol=1e-12)
