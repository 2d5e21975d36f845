import json

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.data.preprocess import Preprocessor, missing_columns, moments
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.data.schema import Column

COLUMNS = (Column("x"), Column("gappy"), Column("word", ("p", "q", "r")))
TABLE = Table(
    np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 7.0], [100.0, np.nan]]), np.array([[0], [1], [-1], [2]], dtype=np.int64)
)
TRAINING = TABLE.take(np.arange(3))


@pytest.fixture
def fitted() -> Preprocessor:
    return Preprocessor.fit(COLUMNS, TRAINING, missing_columns(TABLE))


@pytest.fixture
def dataset() -> Dataset:
    data, meta = planted(tasks=4, rows=10)
    data["word"] = np.array(["p", "q", None])[np.arange(len(data)) % 3]
    data.loc[::7, "x1"] = np.nan
    return read_dataset(data, meta.iloc[:3].assign(kind=["u", "v", "u"]))


def test_numbers_are_standardised_by_training_rows_only(fitted: Preprocessor) -> None:
    scaled = fitted.transform(TRAINING)[:, 0]
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=1e-6)
    assert fitted.mean[0] == 2.0


def test_a_missing_number_becomes_the_mean_with_an_indicator(fitted: Preprocessor) -> None:
    matrix = fitted.transform(TABLE)
    assert matrix[:, 1].tolist() == [-1, 0, 1, 0]
    assert matrix[:, 2].tolist() == [0, 1, 0, 1]


def test_categories_missing_or_not_seen_in_training_are_zeros(fitted: Preprocessor) -> None:
    assert fitted.transform(TABLE)[:, 3:].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_the_width_does_not_depend_on_the_rows(fitted: Preprocessor) -> None:
    smaller = Preprocessor.fit(COLUMNS, TABLE.take(np.arange(1)), missing_columns(TABLE))
    assert fitted.width == smaller.width == fitted.transform(TABLE).shape[1] == 6


def test_a_constant_column_stays_finite() -> None:
    constant = Table(np.full((3, 1), 1e9), np.empty((3, 0), dtype=np.int64))
    assert Preprocessor.fit(COLUMNS[:1], constant, [False]).transform(constant).tolist() == [[0], [0], [0]]


def test_a_column_missing_in_all_training_rows_stays_finite() -> None:
    empty = Table(np.full((3, 1), np.nan), np.empty((3, 0), dtype=np.int64))
    assert np.isfinite(Preprocessor.fit(COLUMNS[:1], empty, [True]).transform(empty)).all()


def test_a_preprocessor_survives_json(fitted: Preprocessor) -> None:
    restored = Preprocessor.from_json(json.loads(json.dumps(fitted.to_json())))
    assert restored == fitted
    np.testing.assert_array_equal(restored.transform(TABLE), fitted.transform(TABLE))


def test_an_encoder_survives_json(dataset: Dataset) -> None:
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    restored = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert restored == encoder


def test_an_encoder_without_metadata_survives_json(dataset: Dataset) -> None:
    bare = dataset.without_metadata()
    encoder = Encoder.fit(bare, Flags.of(bare))
    assert Encoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder
    assert encoder.encode_metadata(bare.tasks).shape == (4, 0)


def test_the_scales_come_from_training_rows_only(dataset: Dataset) -> None:
    flags = Flags.of(dataset)
    rows = np.arange(0, 40, 2)
    other = np.ones(len(dataset), dtype=bool)
    other[rows] = False
    changed = Dataset(
        dataset.schema,
        Table(np.where(other[:, None], 1e6, dataset.features.numeric), dataset.features.codes),
        dataset.task,
        np.where(other[:, None], 1e6, dataset.target),
        dataset.row,
        dataset.tasks,
        dataset.spare,
    )
    assert Encoder.fit(changed.take(rows), flags) == Encoder.fit(dataset.take(rows), flags)


def test_metadata_scales_count_each_training_task_once(dataset: Dataset) -> None:
    uneven = dataset.take(np.array([0, 1, 2, 3, 10]))
    encoder = Encoder.fit(uneven, Flags.of(dataset))
    scaled = encoder.encode_metadata(dataset.tasks)[:2, 0]
    assert scaled.tolist() == pytest.approx([scaled[0], -scaled[0]])
    assert abs(scaled[0]) == pytest.approx(1)


def test_a_task_without_metadata_is_flagged(dataset: Dataset) -> None:
    matrix = Encoder.fit(dataset, Flags.of(dataset)).encode_metadata(dataset.tasks)
    assert matrix[3].tolist() == [0, 0, 1, 1, 0, 0]


def test_the_target_is_standardised_and_back(dataset: Dataset) -> None:
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    scaled = encoder.encode_target(dataset.target)
    assert scaled.std() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(encoder.decode_target(scaled), dataset.target, atol=1e-5)


def test_class_indices_are_left_as_they_are() -> None:
    data = pd.DataFrame({"task": ["a"] * 4, "x": range(4), "target": ["u", "v", "v", "u"]})
    dataset = read_dataset(data)
    assert Encoder.fit(dataset, Flags.of(dataset)).encode_target(dataset.target)[:, 0].tolist() == [0, 1, 1, 0]


def test_data_without_features_get_a_constant() -> None:
    dataset = read_dataset(pd.DataFrame({"task": ["a", "a", "b"], "target": [1.0, 2.0, 3.0]}))
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    assert encoder.encode_features(dataset.features).tolist() == [[1], [1], [1]]
    assert encoder.feature_width == 1


def test_values_of_any_size_are_standardised() -> None:
    for size in (1e-14, 1.0, 1e14):
        mean, scale = moments(np.array([[1.0], [2.0], [3.0]]) * size)
        np.testing.assert_allclose([mean[0] / size, scale[0] / size], [2.0, np.sqrt(2 / 3)])
