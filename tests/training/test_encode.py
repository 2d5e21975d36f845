"""Folds as tensors: each is scaled by its own training rows and by nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mthn_automl.data.dataset import Dataset, IntArray
from mthn_automl.data.encoding import Flags
from mthn_automl.training.encode import TrainingData, encode_all, encode_folds
from mthn_automl.training.tensors import DeviceData
from tests.contracts import zoo

FOLDS = pytest.mark.parametrize("number", range(3))


def folds_of(dataset: Dataset) -> IntArray:
    """Three folds; every tenth row always trains."""
    return np.where(np.arange(len(dataset)) % 10 == 9, -1, np.arange(len(dataset)) % 3)


def encoded(dataset: Dataset) -> TrainingData:
    return encode_folds(dataset, folds_of(dataset), Flags.of(dataset))


@FOLDS
def test_a_fold_validates_on_its_rows_and_trains_on_all_others(number: int) -> None:
    dataset = zoo.planted()
    data, fold = encoded(dataset), folds_of(dataset)
    np.testing.assert_array_equal(data.validation[number], np.flatnonzero(fold == number))
    np.testing.assert_array_equal(data.training[number], np.flatnonzero(fold != number))


@FOLDS
def test_training_rows_of_a_fold_are_standardised(number: int) -> None:
    data = encoded(zoo.several_targets())
    columns = np.concatenate([data.features.of_fold(number), data.target.of_fold(number)], axis=1)
    rows = columns[data.training[number]].astype(np.float64)
    np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(rows.std(axis=0), 1.0, rtol=1e-4)


@FOLDS
def test_rows_of_a_fold_do_not_shape_their_own_encoding(number: int) -> None:
    dataset = zoo.planted()
    mine = np.flatnonzero(folds_of(dataset) == number)
    features, target = dataset.features.numeric.copy(), dataset.target.copy()
    features[mine] *= 1000.0
    target[mine] += 1e6
    other = encoded(replace(dataset, features=zoo.table(features), target=target))
    assert other.encoders[number] == encoded(dataset).encoders[number]


@FOLDS
def test_rows_of_a_fold_shape_the_encoding_of_the_others(number: int) -> None:
    dataset = zoo.planted()
    mine = np.flatnonzero(folds_of(dataset) == number)
    target = dataset.target.copy()
    target[mine] += 1e6
    other = encoded(replace(dataset, target=target))
    assert other.encoders[(number + 1) % 3] != encoded(dataset).encoders[(number + 1) % 3]


def test_metadata_are_scaled_by_the_tasks_that_train() -> None:
    dataset = zoo.planted()
    fold = np.where(dataset.task < 6, 0, 1)
    data = encode_folds(dataset, fold, Flags.of(dataset))
    np.testing.assert_allclose(data.metadata[0, 6:].mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(data.metadata[1, :6].mean(axis=0), 0.0, atol=1e-6)
    assert data.metadata.shape == (2, 12, 3)


def test_classes_stay_class_numbers() -> None:
    dataset = zoo.multiclass()
    np.testing.assert_array_equal(encoded(dataset).target.of_fold(1), dataset.target)


def test_a_refit_trains_on_every_row_and_validates_on_none() -> None:
    dataset = zoo.planted()
    data = encode_all(dataset, Flags.of(dataset))
    assert (len(data.training), len(data.validation), len(data.encoders)) == (1, 1, 1)
    np.testing.assert_array_equal(data.training[0], np.arange(len(dataset)))
    assert len(data.validation[0]) == 0


@pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)
def test_the_shape_is_that_of_the_tensors(animal: object) -> None:
    dataset = animal()  # type: ignore[operator]
    data, rows = encoded(dataset), len(dataset)
    assert data.features.values.shape == (rows, data.shape.features)
    assert data.metadata.shape == (3, data.shape.tasks, data.shape.metadata)
    assert data.target.values.shape == (rows, dataset.target.shape[1])
    assert np.isfinite(data.metadata).all()


@pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)
@FOLDS
def test_a_fold_sees_what_its_own_encoder_makes_of_the_rows(animal: object, number: int) -> None:
    dataset = animal()  # type: ignore[operator]
    data = encoded(dataset)
    encoder = data.encoders[number]
    expected = encoder.encode_features(dataset.features)
    np.testing.assert_allclose(data.features.of_fold(number), expected, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(data.target.of_fold(number), encoder.encode_target(dataset.target), rtol=2e-5, atol=2e-5)


@FOLDS
def test_a_mistyped_cell_in_one_fold_costs_the_others_no_digits(number: int) -> None:
    dataset = zoo.planted()
    features = dataset.features.numeric.copy()
    features[1, 0] = 1e12
    dataset = replace(dataset, features=zoo.table(features))
    data = encoded(dataset)
    expected = data.encoders[number].encode_features(dataset.features)
    np.testing.assert_allclose(data.features.of_fold(number), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)
def test_the_device_takes_what_a_fold_sees(animal: object) -> None:
    dataset = animal()  # type: ignore[operator]
    data = encoded(dataset)
    device = DeviceData.of(data, torch.device("cpu"))
    rows, fold = np.array([[[0, 3]], [[5, 1]]]), torch.tensor([2, 0])
    for scaled, tensor in ((data.features, device.features), (data.target, device.target)):
        found = tensor.take(torch.from_numpy(rows), fold)
        np.testing.assert_allclose(found[0, 0], scaled.of_fold(2, rows[0, 0]), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found[1, 0], scaled.of_fold(0, rows[1, 0]), rtol=1e-6, atol=1e-6)
